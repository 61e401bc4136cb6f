import { GatewardError } from '../../errors.ts';
import { createApprovalOperations } from '../../guard/approvals/operate-approvals.ts';
import type { ApprovalDetails, ApprovalSummary } from '../../guard/approvals/operations.ts';
import { formatApproval, nameApproval } from '../approval-text.ts';
import { type Ask, confirm, createAsk, notConfirmed } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { type ApprovalSelection, findApprovals } from '../find-approvals.ts';
import { show } from '../shown-text.ts';
import type { Terminal } from '../terminal.ts';
import { whoDecides } from '../who-decides.ts';
import { withStore } from '../with-store.ts';

/** Ids that an error names at most. */
const MAX_NAMED = 5;

/** What `gateward server approve` and `reject` are given. */
export interface DecideOptions extends Omit<ApprovalSelection, 'state'> {
  readonly config: string | undefined;
  readonly decision: 'approved' | 'rejected';
  /** Agreed beforehand to whatever waits now. */
  readonly isAgreed: boolean;
  /** Agreed beforehand to what is dangerous, and to all else. */
  readonly isDangerAgreed: boolean;
}

/** What deciding needs of the process. Tests hand in their own. */
export interface DecideParts {
  readonly terminal: Terminal;
  readonly ask?: Ask;
}

/**
 * `gateward server approve` and `reject`: shows what is decided on, and decides. Straight in the store, so it works with
 * or without a running gateway; those that run hear of it within a second.
 *
 * @throws GatewardError APPROVAL_NOT_FOUND, NOT_CONFIRMED. Nothing is changed then.
 */
export function decideOnServers(options: DecideOptions, parts: DecideParts): Promise<number> {
  const { terminal } = parts;
  const { config: file, decision, ...selection } = options;
  return withStore(file, async ({ config, store }) => {
    const operations = createApprovalOperations({ table: store.approvals });
    const found = await findApprovals({ ...selection, state: 'pending' }, { operations, config });
    if (found.length === 0) {
      const against = decision === 'approved' ? 'rejected' : 'approved';
      const decided = await findApprovals({ ...selection, state: against }, { operations, config });
      throw nothingWaits(selection, selection.names.length === 0 ? [] : decided);
    }
    for (const one of found) terminal.say(`${formatApproval(one)}\n`);
    const isDangerAgreed = decision === 'rejected' || (await agree(found, options, parts));
    const ids = found.map(({ id }) => id);
    const decided = await operations.decide(ids, { state: decision, by: whoDecides(), isDangerAgreed });
    terminal.emit({ approvals: decided });
    for (const one of decided) terminal.say(`${decision}  ${nameApproval(one)}  ${one.id}`);
    terminal.say('Gateways that run take it up within a second.');
    const opened = decision === 'approved' ? upstreamsOpened(decided) : [];
    if (opened.length > 0)
      terminal.say(`What it offers may wait next: gateward server diff ${opened.join(' ')}`);
    return EXIT.ok;
  });
}

/** Upstreams that may be started, or asked what they offer, only now. */
function upstreamsOpened(decided: readonly ApprovalSummary[]): readonly string[] {
  const opening = decided.filter(({ kind }) => kind === 'launch' || kind === 'identity');
  return [...new Set(opening.map(({ upstream }) => upstream))];
}

/**
 * Whether what is dangerous may be approved too. An id stands for exactly what it was shown with; a name for whatever
 * waits by now, which may be more than was seen before, so it is asked for.
 */
async function agree(
  found: readonly ApprovalDetails[],
  { names, isAgreed, isDangerAgreed }: DecideOptions,
  { terminal, ask = createAsk(terminal.isJson) }: DecideParts,
): Promise<boolean> {
  if (isDangerAgreed) return true;
  const dangerous = found.filter((one) => one.dangerous);
  if (dangerous.length > 0) {
    const answer = await ask(
      show`${dangerous.length} of these may be DANGEROUS. Read them above.\nType dangerous to approve all the same: `,
    );
    if (answer === 'dangerous') return true;
    throw notConfirmed('--yes-dangerous', answer);
  }
  const isExact = names.length > 0 && names.every((name) => found.some(({ id }) => id === name));
  if (!isAgreed && !isExact) await confirm(ask, show`Approve what is shown above (${found.length})? [y/N] `);
  return false;
}

/** A name means what waits; what was decided otherwise needs its id, so that nobody turns more around than is meant. */
function nothingWaits(
  { names }: Pick<ApprovalSelection, 'names'>,
  decided: readonly ApprovalDetails[],
): GatewardError {
  const none = names.length === 0 ? 'Nothing waits.' : `Nothing of ${names.join(', ')} waits.`;
  const ids = decided.slice(0, MAX_NAMED).map(({ id, kind, state }) => `${id} (${kind}, ${state})`);
  const rest = decided.length > MAX_NAMED ? ` and ${decided.length - MAX_NAMED} more` : '';
  const how =
    ids.length === 0
      ? 'A thing waits once a running gateway has met it: gateward serve.'
      : `What was decided otherwise is named by its id: ${ids.join(', ')}${rest}.`;
  return new GatewardError('APPROVAL_NOT_FOUND', { detail: `${none} ${how}` });
}
