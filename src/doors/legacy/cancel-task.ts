import type { Complete, Failed, TaskMade } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { isTaskOver } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';

/** Asks the inside about the task, by a method of its own. */
type AskInside = (method: string) => Promise<Complete | TaskMade | Failed>;

const GET = 'tasks/get';

/**
 * Cancels a task as 2025-11-25 has it: a task that is over cannot be cancelled, and the answer is the task as it is
 * then (2025-11-25 basic/utilities/tasks §Task Cancellation). The inside only acknowledges (SEP-2663).
 */
export async function cancelTask(inside: AskInside): Promise<Complete | TaskMade | Failed> {
  const before = await inside(GET);
  if (before.kind !== 'complete') return before;
  if (isTaskOver(before.result)) throw isOver(before);
  const cancelled = await inside('tasks/cancel');
  if (cancelled.kind !== 'complete') return cancelled;
  const after = await inside(GET);
  // It ended while it was being cancelled.
  if (after.kind === 'complete' && after.result.get('status')?.string() !== 'cancelled') throw isOver(after);
  return after;
}

function isOver({ result }: Complete): GatewardError {
  const status = result.get('status')?.string() ?? 'over';
  return new GatewardError('INVALID_PARAMS', { detail: `The task cannot be cancelled: it is ${status}.` });
}
