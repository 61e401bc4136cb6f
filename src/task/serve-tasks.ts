import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Abortable } from '../lib/abort.ts';
import { joinItems, joinMembers } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import type { TaskRow } from '../store/task-table.ts';
import { declaresTasks, tasksNotDeclared } from '../wire/declare-tasks.ts';
import { failedUpstream } from '../wire/failure.ts';
import type { CancelTask } from './cancel-task.ts';
import { isTaskId } from './make-task.ts';
import { answersOf, sealAnswer } from './task-answers.ts';
import { readPage } from './task-page.ts';
import type { TaskParts } from './task-parts.ts';
import { type TaskView, viewOf, writeDetailedTask, writeTask } from './task-view.ts';
import type { TaskWork } from './task-work.ts';

/** Whose tasks are meant: those of one caller at one server. */
export interface TaskOwner {
  readonly principal: string;
  readonly server: string;
}

/** What serving tasks needs. */
export interface ServeParts {
  readonly parts: TaskParts;
  readonly work: Pick<TaskWork, 'goOn'>;
  readonly cancel: CancelTask;
}

const COMPLETE = JsonText.written('{"resultType":"complete"}');
const CURSOR_USE = 'task-cursor';
const PAGE = 50;

/**
 * Answers the methods about tasks (tasks extension; for legacy clients those of 2025-11-25 too, in modern shapes).
 * Undefined for any other method. Only its owner sees a task: unknown ids and those of others look alike.
 *
 * Throws MISSING_CAPABILITY, METHOD_NOT_FOUND, TASK_NOT_FOUND, INVALID_PARAMS, CURSOR_INVALID, STORE_UNAVAILABLE.
 */
export function serveTasks(call: Call, owner: TaskOwner, needs: ServeParts): Promise<Outcome> | undefined {
  if (!call.method.startsWith('tasks/')) return undefined;
  const asked = { call, owner, needs };
  switch (call.method) {
    case 'tasks/get':
      return declared(asked, getTask);
    case 'tasks/update':
      return declared(asked, updateTask);
    case 'tasks/cancel':
      return declared(asked, cancelTask);
    case 'tasks/list':
      return ofLegacy(asked, listTasks);
    case 'tasks/result':
      return ofLegacy(asked, awaitResult);
    default:
      return undefined;
  }
}

interface Asked {
  readonly call: Call;
  readonly owner: TaskOwner;
  readonly needs: ServeParts;
}

type Answer = (asked: Asked) => Promise<Outcome>;

function declared(asked: Asked, answer: Answer): Promise<Outcome> {
  if (asked.call.legacy === undefined && !declaresTasks(asked.call)) throw tasksNotDeclared();
  return answer(asked);
}

/** Methods that the extension took away (SEP-2663). */
function ofLegacy(asked: Asked, answer: Answer): Promise<Outcome> {
  if (asked.call.legacy === undefined) throw new GatewardError('METHOD_NOT_FOUND');
  return answer(asked);
}

async function getTask({ call, owner, needs: { parts, work } }: Asked): Promise<Outcome> {
  const view = await viewOf(await find(call, owner, parts), parts);
  const { row, image, outstanding } = view;
  const isAnswered = row.state === 'input_required' && outstanding.size === 0;
  // A replica may have died between the last answer and the work.
  if (isAnswered && row.holder === undefined && image?.upstreamTask === undefined)
    await work.goOn(row.id).catch(() => undefined);
  return { kind: 'complete', result: writeDetailedTask(view, parts.config().pollIntervalMs, 'complete') };
}

async function updateTask(asked: Asked): Promise<Outcome> {
  const { call, owner, needs } = asked;
  const { parts } = needs;
  const given = call.message.at('params', 'inputResponses');
  if (given?.kind !== 'object')
    throw new GatewardError('INVALID_PARAMS', { detail: 'inputResponses must be an object.' });
  const view = await viewOf(await find(call, owner, parts), parts);
  await answer(view, given, needs);
  return { kind: 'complete', result: COMPLETE };
}

/** Keeps what answers an open question; everything else is ignored (SEP-2663 §Task Update Requests). */
async function answer(view: TaskView, given: JsonText, { parts, work }: ServeParts): Promise<void> {
  const { row, image, outstanding } = view;
  if (row.state !== 'input_required') return;
  const answers = [...outstanding.keys()].flatMap((key) => {
    const value = given.get(key);
    return value === undefined ? [] : [sealAnswer(parts, { id: row.id, key, answer: value })];
  });
  if (answers.length > 0) await parts.table.answer(row.id, answers);
  const isUpstreams = image?.upstreamTask !== undefined;
  // Others may have answered the rest meanwhile; or a replica died between the last answer and the work.
  if (isUpstreams ? answers.length > 0 : await areAllAnswered(view, parts)) await work.goOn(row.id);
  if (answers.length > 0) parts.changes.announce(row.id);
}

async function areAllAnswered({ row, image }: TaskView, parts: TaskParts): Promise<boolean> {
  const answers = await answersOf(parts, row.id);
  return image !== undefined && [...image.asked.keys()].every((key) => answers.has(key));
}

async function cancelTask({ call, owner, needs: { parts, cancel } }: Asked): Promise<Outcome> {
  await cancel(await find(call, owner, parts));
  return { kind: 'complete', result: COMPLETE };
}

async function listTasks({ call, owner, needs: { parts } }: Asked): Promise<Outcome> {
  const cursor = call.message.at('params', 'cursor');
  const after = cursor === undefined ? undefined : openCursor(cursor.string() ?? '', parts);
  const filter = { owner: owner.principal, server: owner.server, limit: PAGE };
  const { rows, next } = await readPage(parts, after === undefined ? filter : { ...filter, after });
  const views = await Promise.all(rows.map((row) => viewOf(row, parts)));
  const tasks = views.map((view) => writeTask(view, parts.config().pollIntervalMs));
  const nextCursor =
    next && JsonText.of(parts.seal.seal(Buffer.from(JSON.stringify([next.createdAt, next.id])), CURSOR_USE));
  return {
    kind: 'complete',
    result: COMPLETE.with({ tasks: joinItems(tasks), nextCursor }),
  };
}

function openCursor(
  text: string,
  { seal }: Pick<TaskParts, 'seal'>,
): { readonly createdAt: number; readonly id: string } {
  const bytes = seal.open(text, CURSOR_USE);
  if (bytes === undefined) throw new GatewardError('CURSOR_INVALID');
  const [createdAt, id]: unknown[] = JSON.parse(bytes.toString('utf8'));
  if (typeof createdAt !== 'number' || typeof id !== 'string') throw new GatewardError('CURSOR_INVALID');
  return { createdAt, id };
}

/**
 * Waits for the result of a task (2025-11-25 `tasks/result`). What the task asks comes as an `input_required` outcome,
 * whose retry brings the answers.
 */
async function awaitResult(asked: Asked): Promise<Outcome> {
  const { call, owner, needs } = asked;
  const { parts } = needs;
  const given = call.message.at('params', 'inputResponses');
  const refused = call.legacy?.refusals ?? new Map<string, JsonText>();
  if (given !== undefined || refused.size > 0) {
    const view = await viewOf(await find(call, owner, parts), parts);
    await answer(view, withRefusals(given ?? JsonText.written('{}'), view, refused), needs);
  }
  const change = new NextChange();
  const end = parts.changes.watch(call.name ?? '', () => change.tell());
  try {
    for (;;) {
      const view = await viewOf(await find(call, owner, parts), parts);
      const outcome = endOf(view);
      if (outcome !== undefined) return outcome;
      await change.next(call.signal);
    }
  } finally {
    end();
  }
}

function endOf({ row, ending, outstanding }: TaskView): Outcome | undefined {
  if (ending?.kind === 'result') {
    const { result, wrapped } = ending;
    return wrapped ? { kind: 'complete', result, wrapped } : { kind: 'complete', result };
  }
  if (ending?.kind === 'error') return failedUpstream(ending.error);
  if (row.state === 'cancelled') throw new GatewardError('TASK_CANCELLED');
  if (row.endedAt !== undefined) throw new GatewardError('INTERNAL_ERROR');
  if (outstanding.size === 0) return undefined;
  const result = JsonText.of({ resultType: 'input_required', requestState: row.id });
  return {
    kind: 'input_required',
    result: result.with({ inputRequests: joinMembers(outstanding) }),
    legacy: undefined,
  };
}

/** A question that the client's program refused is one that its user did not answer. */
function withRefusals(
  given: JsonText,
  { outstanding }: TaskView,
  refused: ReadonlyMap<string, JsonText>,
): JsonText {
  const cancelled = JsonText.of({ action: 'cancel' });
  const keys = [...refused.keys()].filter((key) => outstanding.has(key));
  return given.with(Object.fromEntries(keys.map((key) => [key, cancelled])));
}

/** Remembers a change until somebody waits for it. */
class NextChange {
  #told = false;
  #wake: (() => void) | undefined;

  tell(): void {
    this.#told = true;
    this.#wake?.();
  }

  /** Resolves with the next change since the last time. Rejects with the signal's reason. */
  async next(signal: Abortable): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (this.#told) resolve();
    try {
      await raceAbort(promise, signal);
    } finally {
      this.#told = false;
      this.#wake = undefined;
    }
  }
}

async function find({ name }: Call, owner: TaskOwner, parts: Pick<TaskParts, 'table'>): Promise<TaskRow> {
  if (name === undefined) throw new GatewardError('INVALID_PARAMS', { detail: 'taskId is missing.' });
  const row = await readOwn(name, owner, parts);
  if (row === undefined) throw new GatewardError('TASK_NOT_FOUND');
  return row;
}

/** The row of a task that is its owner's own: unknown ids and those of others look alike. Throws STORE_UNAVAILABLE. */
export async function readOwn(
  id: string,
  { principal, server }: TaskOwner,
  { table }: Pick<TaskParts, 'table'>,
): Promise<TaskRow | undefined> {
  const row = isTaskId(id) ? await table.read(id) : undefined;
  return row?.owner === principal && row.server === server ? row : undefined;
}
