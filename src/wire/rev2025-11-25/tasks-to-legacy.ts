import { mapItems, withoutKeys } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';

/** What a server declares that makes tasks of tool calls (2025-11-25 basic/utilities/tasks §Server Capabilities). */
export const TASKS_CAPABILITY = JsonText.of({ list: {}, cancel: {}, requests: { tools: { call: {} } } });

const RELATED_TASK = 'io.modelcontextprotocol/related-task';
const EMPTY = JsonText.written('{}');
const NULL = JsonText.written('null');
const FAILED = JsonText.of('failed');
const OVER: readonly unknown[] = ['completed', 'failed', 'cancelled'];
/** Characters of a tool's own words in the message of its task. */
const MAX_MESSAGE = 500;

/** What the `task` of a call asks for, and how long the client wants it kept; undefined for a call without one. */
export function readTaskWish(
  params: JsonText | undefined,
): { readonly ttlMs: number | undefined } | undefined {
  const task = params?.get('task');
  if (task?.kind !== 'object') return undefined;
  const ttl = task.get('ttl')?.value();
  return { ttlMs: typeof ttl === 'number' && ttl >= 0 ? ttl : undefined };
}

/**
 * A task of the extension as a Task of 2025-11-25. A tool that failed inside its result makes it `failed` there
 * (§Task Status), and the message says why (§Task Execution Errors).
 */
export function taskToLegacy(task: JsonText): JsonText {
  const { failed, reason } = readFailure(task);
  return EMPTY.with({
    taskId: task.get('taskId'),
    status: failed ? FAILED : task.get('status'),
    statusMessage: task.get('statusMessage') ?? (reason === undefined ? undefined : JsonText.of(reason)),
    createdAt: task.get('createdAt'),
    lastUpdatedAt: task.get('lastUpdatedAt'),
    ttl: task.get('ttlMs') ?? NULL,
    pollInterval: task.get('pollIntervalMs'),
  });
}

function readFailure(task: JsonText): { readonly failed: boolean; readonly reason: string | undefined } {
  const result = task.get('result');
  if (result?.get('isError')?.value() !== true)
    return { failed: false, reason: task.at('error', 'message')?.string() };
  const texts = (result.get('content')?.items() ?? []).map((block) => block.get('text')?.string());
  return { failed: true, reason: texts.find((text) => text !== undefined)?.slice(0, MAX_MESSAGE) };
}

/** A CreateTaskResult of the extension in the words of 2025-11-25, where the task stands inside of it. */
export function createTaskToLegacy(result: JsonText): JsonText {
  return EMPTY.with({ task: taskToLegacy(result) });
}

/** A page of tasks in the words of 2025-11-25. */
export function taskListToLegacy(result: JsonText): JsonText {
  const tasks = result.get('tasks');
  return EMPTY.with({
    tasks: tasks?.kind === 'array' ? mapItems(tasks, taskToLegacy) : JsonText.written('[]'),
    nextCursor: result.get('nextCursor'),
  });
}

/** Whether nothing follows for this task. */
export function isTaskOver(task: JsonText): boolean {
  return OVER.includes(task.get('status')?.string());
}

/** The task that params say they belong to (§Associating Task-Related Messages). */
export function relatedTask(params: JsonText | undefined): string | undefined {
  return params?.at('_meta', RELATED_TASK, 'taskId')?.string();
}

/** Params or a result that say to which task they belong. */
export function withRelatedTask(holder: JsonText | undefined, taskId: string): JsonText {
  const base = holder ?? EMPTY;
  const meta = base.get('_meta');
  const kept = meta?.kind === 'object' ? meta : EMPTY;
  return base.with({ _meta: kept.with({ [RELATED_TASK]: JsonText.of({ taskId }) }) });
}

/** The same without the id of the task, which is known by another on the other side of the gateway. */
export function withoutRelatedTask(holder: JsonText): JsonText {
  const meta = holder.get('_meta');
  if (meta?.get(RELATED_TASK) === undefined) return holder;
  const kept = withoutKeys(meta, [RELATED_TASK]);
  return holder.with({ _meta: kept.keys().length === 0 ? undefined : kept });
}
