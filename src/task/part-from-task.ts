import { GatewardError } from '../errors.ts';
import { timeOf } from '../lib/clock.ts';
import { failedBy } from '../wire/failure.ts';
import { type HeldTask, Parted } from './held-task.ts';
import { failureNote } from './note.ts';
import { endingOf } from './task-end.ts';
import { openAttempt, withAttemptEnded } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import { cancelUpstreamTask } from './upstream-task.ts';

/**
 * Ends the work on a task here for whatever was thrown: the task was cancelled, is somebody else's by now, is past its
 * deadline, or the gateway stops. Waits for a store that is away, unless the gateway stops. Never rejects.
 */
export async function partFromTask(held: HeldTask, parts: TaskParts, thrown: unknown): Promise<void> {
  const reason = held.abort.aborted ? held.abort.reason : thrown;
  try {
    if (!(reason instanceof Parted)) await failBy(held, parts, thrown);
    else {
      held.part(reason.parting);
      await partBy(held, parts, reason);
    }
  } catch (late) {
    // The next look of this replica finds it when it is cancelled or past its deadline, and others when this one ends.
    if (!(late instanceof Parted))
      parts.log.warn('a task could not be let go of', { task: held.id, thrown: late });
  }
}

async function partBy(held: HeldTask, parts: TaskParts, { parting }: Parted): Promise<void> {
  if (parting === 'stopping') return handOver(held, parts);
  if (parting !== 'deadline') return letGo(held, parts);
  await Promise.all([
    cancelUpstream(held, parts),
    fail(held, parts, failedBy(new GatewardError('TASK_DEADLINE'))),
  ]);
}

async function failBy(held: HeldTask, parts: TaskParts, thrown: unknown): Promise<void> {
  const failed = failedBy(thrown);
  if (failed.code === 'INTERNAL_ERROR')
    parts.log.error('the work on a task failed', { task: held.id, thrown });
  await fail(held, parts, failed);
}

/** Cancelled, or taken over by a replica that counted this one as dead. */
async function letGo(held: HeldTask, parts: TaskParts): Promise<void> {
  const isCancelled = held.row.state === 'cancelled' || (await wasCancelled(held, parts));
  if (!isCancelled) return;
  await cancelUpstream(held, parts);
  parts.meter.attempted(held.row.upstream, 'cancelled');
  await held.release();
}

async function wasCancelled(held: HeldTask, { table }: TaskParts): Promise<boolean> {
  if (held.abort.reason instanceof Parted && held.abort.reason.parting === 'cancelled') return true;
  // If this cannot be read, the next look finds a task of this replica that was cancelled.
  return (await table.read(held.id))?.state === 'cancelled';
}

/** Leaves it to another replica, or to the next start; what may have run and is not safe to repeat ends here. */
async function handOver(held: HeldTask, parts: TaskParts): Promise<void> {
  const { image, row } = held;
  // The call goes on: whoever counts this replica as gone resumes it.
  if (held.isResumable) return;
  const state = image.asked.size > 0 ? 'input_required' : 'working';
  const isOpen = openAttempt(image) !== undefined && image.upstreamTask === undefined;
  // It waited for its turn, with a call that a dead replica had begun: others may still resume it.
  if (!isOpen || image.resumable !== undefined) return held.pause({}, { state, dueMs: 0 });
  const isRepeatable = parts.upstream(row.upstream)?.repeatable(row.tool) === true;
  if (!isRepeatable) return fail(held, parts, failedBy(new GatewardError('TASK_INTERRUPTED')));
  const note = 'The gateway was stopped.';
  const history = withAttemptEnded(image, { endedAt: timeOf(parts.clock), end: note });
  await held.pause({ history, note }, { state, dueMs: 0 });
}

async function fail(held: HeldTask, parts: TaskParts, failed: ReturnType<typeof failedBy>): Promise<void> {
  const note = failureNote(failed);
  const history = withAttemptEnded(held.image, { endedAt: timeOf(parts.clock), end: note });
  await held.finish({ state: 'failed', ending: endingOf(failed) }, { history, note });
}

/** A call under way is cancelled by its abort; a task of the upstream's own has to be told. Never rejects. */
function cancelUpstream(held: HeldTask, parts: TaskParts): Promise<void> {
  return cancelUpstreamTask(held, held.image.upstreamTask?.id, parts);
}
