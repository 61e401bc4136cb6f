import { createApprovalOperations } from '../../guard/approvals/operate-approvals.ts';
import { formatApproval } from '../approval-text.ts';
import { EXIT } from '../exit-codes.ts';
import { type ApprovalSelection, findApprovals } from '../find-approvals.ts';
import type { Terminal } from '../terminal.ts';
import { withStore } from '../with-store.ts';

/** What `gateward server diff` is given. */
export interface DiffOptions extends ApprovalSelection {
  readonly config: string | undefined;
}

/**
 * `gateward server diff`: what waits for an approval, each field that differs from what was approved last. Works with or
 * without a running gateway. Throws APPROVAL_NOT_FOUND.
 */
export function diffServers(
  { config: file, ...selection }: DiffOptions,
  terminal: Terminal,
): Promise<number> {
  return withStore(file, async ({ config, store }) => {
    const operations = createApprovalOperations({ table: store.approvals });
    const places = { operations, config };
    const approvals = await findApprovals(selection, places);
    terminal.emit({ approvals });
    if (terminal.isJson) return EXIT.ok;
    if (approvals.length === 0) {
      const isOpen = selection.state === 'pending';
      const rejected = isOpen ? await findApprovals({ ...selection, state: 'rejected' }, places) : [];
      terminal.say(nothing(selection, rejected.length));
      return EXIT.ok;
    }
    terminal.say(approvals.map(formatApproval).join('\n\n'));
    const waits = approvals.some(({ state }) => state === 'pending');
    if (waits)
      terminal.warn('Decide with: gateward server approve NAME|ID, or gateward server reject NAME|ID');
    return EXIT.ok;
  });
}

/** Names that mean themselves in every shell; others are left out of a command that may be copied. */
const PLAIN = /^\w[\w./:-]*$/;

function nothing({ names, kind, name, state }: ApprovalSelection, rejected: number): string {
  if (state !== 'pending') return `Nothing is ${state}.`;
  if (rejected === 0) return 'Nothing waits for an approval.';
  const command = [
    'gateward server diff',
    ...names,
    '--state rejected',
    ...(kind === undefined ? [] : [`--kind ${kind}`]),
    ...(name !== undefined && PLAIN.test(name) ? [`--name ${name}`] : []),
  ];
  return `Nothing waits. ${rejected} rejected: ${command.join(' ')}`;
}
