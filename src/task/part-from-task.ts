import { GatewardError } from '../errors.ts';
import { failedBy } from '../wire/failure.ts';
import { type HeldTask, Parted } from './held-task.ts';
import { endingOf } from './task-end.ts';
import { withAttemptEnded } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import { cancelQuietly } from './upstream-task.ts';

/**
 * Ends the work on a task here for whatever was thrown: the task was cancelled, is somebody else's by now, is past its
 * deadline, or the gateway stops. Never rejects.
 */
export async function partFromTask(held: HeldTask, parts: TaskParts, thrown: unknown): Promise<void> {
  const reason = held.abort.aborted ? held.abort.reason : thrown;
  try {
    if (!(reason instanceof Parted)) {
      parts.log.error('the work on a task failed', { task: held.id, thrown });
      await fail(held, parts, failedBy(thrown));
    } else if (reason.parting === 'deadline') {
      await Promise.all([
        cancelUpstream(held, parts),
        fail(held, parts, failedBy(new GatewardError('TASK_DEADLINE'))),
      ]);
    } else if (reason.parting === 'stopping') await handOver(held, parts);
    else await letGo(held, parts);
  } catch (late) {
    // Another replica finds it as soon as this one does not hold it any more, or does not live.
    if (!(late instanceof Parted))
      parts.log.warn('a task could not be let go of', { task: held.id, thrown: late });
  }
}

/** Cancelled, or taken over by a replica that counted this one as dead. */
async function letGo(held: HeldTask, parts: TaskParts): Promise<void> {
  const row = await parts.table.read(held.id);
  if (row?.state !== 'cancelled') return;
  await cancelUpstream(held, parts);
  parts.meter.attempted(row.upstream, 'cancelled');
  await held.release();
}

/** Leaves it to another replica, or to the next start; what may have run and is not safe to repeat ends here. */
async function handOver(held: HeldTask, parts: TaskParts): Promise<void> {
  const { image, row } = held;
  const last = image.history.at(-1);
  const isUnderWay = last !== undefined && last.end === undefined && image.upstreamTask === undefined;
  const isRepeatable = parts.upstream(row.upstream)?.repeatable(row.tool) === true;
  if (isUnderWay && !isRepeatable) {
    await fail(held, parts, failedBy(new GatewardError('TASK_INTERRUPTED')));
    return;
  }
  const note = 'The gateway was stopped.';
  const history = isUnderWay ? withAttemptEnded(image, { endedAt: timeOf(parts), end: note }) : image.history;
  await held.pause({ history, note, resumable: undefined }, { state: stateOf(held), dueMs: 0 });
}

function stateOf({ image }: HeldTask): 'working' | 'input_required' {
  return image.asked.size > 0 ? 'input_required' : 'working';
}

async function fail(held: HeldTask, parts: TaskParts, failed: ReturnType<typeof failedBy>): Promise<void> {
  const note = failed.error.get('message')?.string() ?? 'It failed.';
  const history = withAttemptEnded(held.image, { endedAt: timeOf(parts), end: note });
  await held.saveLazily({ history, note });
  await held.finish({ state: 'failed', ending: endingOf(failed) });
}

/** A call under way is cancelled by its abort; a task of the upstream's own has to be told. Never rejects. */
async function cancelUpstream({ image, row }: HeldTask, { upstream, log }: TaskParts): Promise<void> {
  const source = upstream(row.upstream)?.source;
  if (source === undefined || image.upstreamTask === undefined) return;
  const { context, message } = image;
  await cancelQuietly({ source, context }, { id: image.upstreamTask.id, message, owner: row.owner }, log);
}

function timeOf({ clock }: TaskParts): string {
  return new Date(clock.now()).toISOString();
}
