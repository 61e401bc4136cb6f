import type { TaskRow } from '../store/task-table.ts';
import { openImage } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import { cancelUpstreamTask } from './upstream-task.ts';

/** Cancels a task, wherever it is. Gives its row as it is then; one that had ended stays as it was. Throws STORE_UNAVAILABLE. */
export type CancelTask = (row: TaskRow) => Promise<TaskRow>;

/**
 * Makes what cancels tasks: the row is `cancelled` at once and for good; whoever works on it is told, and so is the
 * upstream.
 */
export function createCancelTask(parts: TaskParts): CancelTask {
  return async (row) => {
    if (row.endedAt !== undefined) return row;
    const { table, seal, changes, meter, clock } = parts;
    const image = row.body && openImage(seal, row.id, row.body);
    const retentionMs = image?.retentionMs ?? Math.max(0, row.expiresAt - row.deadlineAt);
    const now = await table.cancel(row.id, retentionMs);
    if (now === undefined || now.state !== 'cancelled') return now ?? row;
    changes.announceStop(row.id);
    changes.announce(row.id);
    meter.ended(row.upstream, 'cancelled', {
      ageMs: Math.max(0, clock.now() - row.createdAt),
      attempts: row.attempts,
    });
    // Nobody works on it, so nobody else tells the upstream.
    if (now.holder === undefined) void cancelUpstreamTask({ row, image }, image?.upstreamTask?.id, parts);
    return now;
  };
}
