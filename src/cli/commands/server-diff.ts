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
    const approvals = await findApprovals(selection, { operations, config });
    terminal.emit({ approvals });
    if (terminal.isJson) return EXIT.ok;
    terminal.say(approvals.length === 0 ? nothing(selection) : approvals.map(formatApproval).join('\n\n'));
    const waits = approvals.some(({ state }) => state === 'pending');
    if (waits)
      terminal.warn('Decide with: gateward server approve NAME|ID, or gateward server reject NAME|ID');
    return EXIT.ok;
  });
}

function nothing({ state }: ApprovalSelection): string {
  return state === 'pending' ? 'Nothing waits for an approval.' : `Nothing is ${state}.`;
}
