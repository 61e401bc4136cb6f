import { GatewardError } from '../errors.ts';
import { timeOf } from '../lib/clock.ts';
import type { TaskRow } from '../store/task-table.ts';
import type { CancelTask } from './cancel-task.ts';
import { isTaskId } from './make-task.ts';
import type { TaskOperations, TaskSummary } from './operations.ts';
import { withoutRetry } from './task-call.ts';
import { NOTHING_ASKED, openImage, sealImage, type TaskImage, withAttemptEnded } from './task-image.ts';
import { readPage } from './task-page.ts';
import type { TaskParts } from './task-parts.ts';
import { viewOf } from './task-view.ts';
import type { TaskWork } from './task-work.ts';

/** What operators do with tasks. */
export function createTaskOperations(
  parts: TaskParts,
  { work, cancel }: { readonly work: Pick<TaskWork, 'look'>; readonly cancel: CancelTask },
): TaskOperations {
  const { table, seal } = parts;
  const imageOf = ({ id, body }: TaskRow): TaskImage | undefined => body && openImage(seal, id, body);
  const summaryOf = (row: TaskRow): TaskSummary => summarize(row, imageOf(row)?.note);
  const find = async (id: string): Promise<TaskRow> => {
    const row = isTaskId(id) ? await table.read(id) : undefined;
    if (row === undefined) throw new GatewardError('TASK_NOT_FOUND');
    return row;
  };
  return {
    async list(filter) {
      const { rows, next } = await readPage(parts, filter);
      return { tasks: rows.map(summaryOf), next };
    },
    async show(id) {
      const row = await find(id);
      const { image, ending, outstanding } = await viewOf(row, parts);
      return {
        ...summarize(row, image?.note),
        history: image?.history ?? [],
        error: ending?.kind === 'error' ? ending.error.get('message')?.string() : undefined,
        waitsFor: [...outstanding.keys()],
      };
    },
    cancel: async (id) => summaryOf(await cancel(await find(id))),
    async retry(id) {
      const row = await find(id);
      const image = imageOf(row);
      const rules = parts.upstream(row.upstream)?.rules(row.tool);
      if (row.state !== 'failed' || image === undefined || rules === undefined)
        throw new GatewardError('TASK_NOT_FAILED');
      const revived = await table.revive(id, {
        deadlineMs: rules.deadlineMs,
        retentionMs: image.retentionMs,
        body: sealImage(seal, id, startingAnew(image, parts)),
      });
      if (revived === undefined) throw new GatewardError('TASK_NOT_FAILED');
      parts.changes.announce(id);
      work.look();
      return summaryOf(revived);
    },
    counts: () => table.counts(),
  };
}

/**
 * The call from its start: what it had asked, and where it was, is past. An attempt that nobody ended is over, so that the
 * call is made again even if it is not safe to repeat.
 */
function startingAnew(image: TaskImage, { clock }: Pick<TaskParts, 'clock'>): TaskImage {
  const endedAt = timeOf(clock);
  return {
    ...image,
    message: withoutRetry(image.message),
    asked: NOTHING_ASKED,
    requestState: undefined,
    upstreamTask: undefined,
    resumable: undefined,
    failures: 0,
    history: withAttemptEnded(image, { endedAt, end: 'It was cut off.' }),
    note: undefined,
  };
}

function summarize(row: TaskRow, message: string | undefined): TaskSummary {
  const { id, owner, server, upstream, tool, attempts, state, holder } = row;
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    ...{ id, owner, server, upstream, tool, attempts, state, message, holder },
    createdAt: time(row.createdAt),
    updatedAt: time(row.updatedAt),
    dueAt: row.dueAt === undefined ? undefined : time(row.dueAt),
    deadlineAt: time(row.deadlineAt),
    endedAt: row.endedAt === undefined ? undefined : time(row.endedAt),
    expiresAt: time(row.expiresAt),
  };
}
