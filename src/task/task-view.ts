import { joinMembers } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import type { TaskRow } from '../store/task-table.ts';
import { answersOf } from './task-answers.ts';
import { type Ending, openEnding } from './task-end.ts';
import { openImage, type TaskImage } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';

/** A task as its client may see it. */
export interface TaskView {
  readonly row: TaskRow;
  /** Undefined once nothing is left to be done. */
  readonly image: TaskImage | undefined;
  /** What still has to be answered, by key. */
  readonly outstanding: ReadonlyMap<string, JsonText>;
  /** Undefined while it has not ended. */
  readonly ending: Ending | undefined;
}

const NOTHING: ReadonlyMap<string, JsonText> = new Map();

/** Reads what is behind a row. */
export async function viewOf(row: TaskRow, parts: Pick<TaskParts, 'table' | 'seal'>): Promise<TaskView> {
  const ending = row.outcome && openEnding(parts.seal, row.id, row.outcome);
  const image = row.body && openImage(parts.seal, row.id, row.body);
  const asked = row.state === 'input_required' ? (image?.asked ?? NOTHING) : NOTHING;
  const answers = asked.size === 0 ? NOTHING : await answersOf(parts, row.id);
  const outstanding = new Map([...asked].filter(([key]) => !answers.has(key)));
  return { row, image, ending, outstanding };
}

/** What a result that is itself a task says of its kind; a task within something says nothing. */
type ResultType = 'complete' | 'task';

/**
 * The members of a Task (tasks extension, SEP-2663 §Tasks). One whose questions are all answered is working again,
 * whether or not somebody has taken the answers yet.
 */
export function writeTask(view: TaskView, pollIntervalMs: number, resultType?: ResultType): JsonText {
  const { row, image } = view;
  return JsonText.of({
    resultType,
    taskId: row.id,
    status: statusOf(view),
    statusMessage: image?.note,
    createdAt: new Date(row.createdAt).toISOString(),
    lastUpdatedAt: new Date(row.updatedAt).toISOString(),
    ttlMs: row.expiresAt - row.createdAt,
    pollIntervalMs,
  });
}

function statusOf({ row, ending, outstanding }: TaskView): TaskRow['state'] {
  if (row.state === 'input_required' && outstanding.size === 0) return 'working';
  // A completed task has a result; one whose result cannot be read any more has none.
  return row.state === 'completed' && row.outcome !== undefined && ending === undefined
    ? 'failed'
    : row.state;
}

/** A DetailedTask: the task with what it asks, or how it ended. */
export function writeDetailedTask(view: TaskView, pollIntervalMs: number, resultType?: ResultType): JsonText {
  const { row, ending, outstanding } = view;
  const task = writeTask(view, pollIntervalMs, resultType);
  if (row.state === 'completed' && ending?.kind === 'result') return task.with({ result: ending.result });
  if (statusOf(view) === 'failed')
    return task.with({ error: ending?.kind === 'error' ? ending.error : UNREADABLE });
  return outstanding.size === 0 ? task : task.with({ inputRequests: joinMembers(outstanding) });
}

const UNREADABLE = JsonText.of({
  code: -32603,
  message: 'What the task was answered cannot be read any more: the secret that sealed it is gone.',
});
