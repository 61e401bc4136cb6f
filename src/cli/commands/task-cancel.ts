import type { AdminOptions } from '../admin-target.ts';
import { changeTasks } from '../change-tasks.ts';
import type { Terminal } from '../terminal.ts';

/** `gateward task cancel ID...`: ends tasks for good, and has their upstreams told. One that had ended stays as it was. */
export function cancelTasks(
  ids: readonly string[],
  options: AdminOptions,
  terminal: Terminal,
): Promise<number> {
  const describe = ({ id, state }: { readonly id: string; readonly state: string }): string =>
    state === 'cancelled' ? `${id} is cancelled.` : `${id} had ended before: ${state}.`;
  return changeTasks({ ...options, verb: 'cancel', ids, describe }, terminal);
}
