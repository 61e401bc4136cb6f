/** Tasks of legacy servers (2025-11-25 basic/utilities/tasks) as the tasks extension has them. */
import { JsonText } from '../../lib/json-text.ts';
import { legacyParams } from './upstream-request.ts';
import { isMethodNotFound, type LegacyServer } from './upstream-result.ts';

const EMPTY = JsonText.written('{}');
const NULL = JsonText.written('null');
const COMPLETE = JsonText.of('complete');
/** Who refuses a call that is no task; the SDK of TypeScript says so inside of a result. */
const REFUSAL = /-32601\b.*\btask\b/s;
const STATES = ['working', 'input_required', 'completed', 'failed', 'cancelled'] as const;

/** Where a task is. */
export type TaskStatus = (typeof STATES)[number];

/** Whether a server takes a `tools/call` as a task. */
export function takesTaskCalls({ version, capabilities }: LegacyServer): boolean {
  return version >= '2025-11-25' && capabilities.at('tasks', 'requests', 'tools', 'call') !== undefined;
}

/** The params of a call that is to be a task; the server may keep it for `ttlMs`. */
export function taskCallParams(message: JsonText, ttlMs: number): JsonText {
  return (legacyParams(message) ?? EMPTY).with({ task: JsonText.of({ ttl: ttlMs }) });
}

/** Names of the tools of a `tools/list` result that are to be called as tasks only. */
export function toolsWithTasks(result: JsonText): string[] {
  const tools = result.get('tools')?.items() ?? [];
  return tools.flatMap((tool) => {
    const required = tool.at('execution', 'taskSupport')?.string() === 'required';
    return required ? (tool.get('name')?.string() ?? []) : [];
  });
}

/** Whether an error says that nothing ran, since the tool has to be called as a task (§Tool-Level Negotiation). */
export function errorWantsTask(error: JsonText): boolean {
  return isMethodNotFound(error);
}

/** The same said inside of a result. */
export function resultWantsTask(result: JsonText): boolean {
  if (result.get('isError')?.value() !== true) return false;
  const [only, another] = result.get('content')?.items() ?? [];
  return another === undefined && REFUSAL.test(only?.get('text')?.string() ?? '');
}

/** The task of a CreateTaskResult; undefined for a result that is none. */
export function createdTask(result: JsonText): { readonly id: string; readonly task: JsonText } | undefined {
  const task = result.get('task');
  const id = task?.get('taskId')?.string();
  return task === undefined || !id || taskStatus(task) === undefined ? undefined : { id, task };
}

/** Where a task is; undefined for what is no task. */
export function taskStatus(task: JsonText): TaskStatus | undefined {
  const status = task.get('status')?.string();
  return STATES.find((state) => state === status);
}

/** A CreateTaskResult of the extension; `taskId` in place of the server's own. */
export function createTaskResult(task: JsonText, taskId: string): JsonText {
  return modernTask(task, { resultType: JsonText.of('task'), taskId: JsonText.of(taskId) });
}

/** A whole result of `tasks/get`; `members` take the place of the task's own. */
export function taskResult(
  task: JsonText,
  members: Readonly<Record<string, JsonText | undefined>>,
): JsonText {
  return modernTask(task, { resultType: COMPLETE, ...members });
}

function modernTask(task: JsonText, members: Readonly<Record<string, JsonText | undefined>>): JsonText {
  return EMPTY.with({
    status: task.get('status'),
    statusMessage: task.get('statusMessage'),
    createdAt: task.get('createdAt'),
    lastUpdatedAt: task.get('lastUpdatedAt') ?? task.get('createdAt'),
    ttlMs: task.get('ttl') ?? NULL,
    pollIntervalMs: task.get('pollInterval'),
    ...members,
  });
}
