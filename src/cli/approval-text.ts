import type { Difference } from '../guard/approvals/diff-json.ts';
import type { ApprovalDetails, ApprovalSummary } from '../guard/approvals/operations.ts';
import { showHidden } from '../lib/hidden-text.ts';

const KINDS = {
  launch: 'launch',
  identity: 'identity',
  instructions: 'instructions',
  tools: 'tool',
  prompts: 'prompt',
  resources: 'resource',
  templates: 'resource template',
} as const;

/** One thing in a few words: `files: tool "search"`. */
export function nameApproval({ upstream, kind, name }: ApprovalSummary): string {
  return `${upstream}: ${KINDS[kind]}${name === '' ? '' : ` ${showHidden(name)}`}`;
}

/** One thing as people must see it before they agree, on several lines; nothing cut. */
export function formatApproval(details: ApprovalDetails): string {
  const { id, state, findings, launch, approved, differences } = details;
  const found = findings.map(({ rule, at, reason, grave }) =>
    [grave ? '  DANGEROUS' : '  note', rule, ...(at === '' ? [] : [`at ${at}`])]
      .join(' ')
      .concat(`: ${reason}`),
  );
  const isShownWhole = launch !== undefined;
  const shown = approved === undefined && isShownWhole ? [] : differences.flatMap(formatDifference);
  return [
    `${nameApproval(details)}  ${id}  ${state}${decisionOf(details)}`,
    ...found,
    ...(launch ?? []).map((line) => `    ${line}`),
    `  ${againstOf(details)}`,
    ...shown.map((line) => `    ${line}`),
  ].join('\n');
}

function againstOf({ approved, state }: ApprovalDetails): string {
  if (approved === undefined)
    return state === 'approved' ? 'approved last' : 'nothing of this name is approved';
  const { id, decidedBy = 'nobody', decidedAt } = approved;
  return `against ${id}, approved by ${decidedBy} at ${decidedAt}`;
}

function decisionOf({ decidedAt, decidedBy, seenAt }: ApprovalSummary): string {
  return decidedAt === undefined ? ` since ${seenAt}` : ` by ${decidedBy ?? 'nobody'} at ${decidedAt}`;
}

function formatDifference({ path, change, before = '', after = '', hidden }: Difference): readonly string[] {
  const mark = hidden ? '  (holds characters that cannot be seen)' : '';
  const where = path === '' ? '(the whole)' : path;
  if (change === 'added') return [`+ ${where}  ${after}${mark}`];
  if (change === 'removed') return [`- ${where}  ${before}${mark}`];
  return [`~ ${where}${mark}`, `    - ${before}`, `    + ${after}`];
}
