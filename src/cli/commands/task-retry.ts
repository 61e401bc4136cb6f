import type { AdminOptions } from '../admin-target.ts';
import { changeTasks } from '../change-tasks.ts';
import type { Terminal } from '../terminal.ts';

/**
 * `gateward task retry ID...`: has failed tasks tried again, now. Also those whose call may have run and is not safe to
 * repeat: that is the operator's word.
 */
export function retryTasks(
  ids: readonly string[],
  options: AdminOptions,
  terminal: Terminal,
): Promise<number> {
  const describe = ({ id }: { readonly id: string }): string =>
    `${id} is tried again. See: gateward task show ${id}`;
  return changeTasks({ ...options, verb: 'retry', ids, describe }, terminal);
}
