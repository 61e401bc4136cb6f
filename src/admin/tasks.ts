import { GatewardError } from '../errors.ts';
import type { TaskFilter, TaskState } from '../store/task-table.ts';
import type { Resource } from './parts.ts';

const DEFAULT_LIMIT = 50;
/** Tasks that one answer holds at most. */
const MAX_LIMIT = 500;
const MAX_TEXT = 2048;
const STATES: readonly TaskState[] = ['working', 'input_required', 'completed', 'failed', 'cancelled'];
const FIELDS: readonly string[] = ['state', 'owner', 'server', 'upstream', 'limit', 'after'];

/** GET /admin/api/tasks: the tasks of every caller, the newest first, page by page. */
export const tasksResource: Resource = {
  method: 'GET',
  path: /^tasks$/,
  answer: async ({ tasks }, _name, query) => {
    const page = await tasks.list(readFilter(query));
    return { tasks: page.tasks, next: page.next === undefined ? undefined : writeCursor(page.next) };
  },
};

/** GET /admin/api/tasks/ID: one task, with its attempts. */
export const taskResource: Resource = {
  method: 'GET',
  path: /^tasks\/([^/]+)$/,
  answer: async ({ tasks }, id) => ({ task: await tasks.show(id) }),
};

/** POST /admin/api/tasks/ID/cancel: ends a task; one that has ended stays as it is. */
export const cancelTaskResource: Resource = {
  method: 'POST',
  path: /^tasks\/([^/]+)\/cancel$/,
  answer: async ({ tasks }, id) => ({ task: await tasks.cancel(id) }),
};

/** POST /admin/api/tasks/ID/retry: has a failed task tried again. */
export const retryTaskResource: Resource = {
  method: 'POST',
  path: /^tasks\/([^/]+)\/retry$/,
  answer: async ({ tasks }, id) => ({ task: await tasks.retry(id) }),
};

/** Which tasks a query asks for. A misspelt filter would show, and let cancel, other tasks than were meant. */
function readFilter(query: URLSearchParams): TaskFilter {
  const given = new Map<string, string>();
  for (const [name, value] of query) {
    if (!FIELDS.includes(name)) throw invalid(`There is no ${show(name)}; there are ${FIELDS.join(', ')}.`);
    if (given.has(name)) throw invalid(`${name} is given twice.`);
    if (value === '') throw invalid(`${name} is empty.`);
    if (value.length > MAX_TEXT) throw invalid(`${name} is too long.`);
    given.set(name, value);
  }
  const owner = given.get('owner');
  const server = given.get('server');
  const upstream = given.get('upstream');
  const state = readState(given.get('state'));
  const after = readCursor(given.get('after'));
  return {
    limit: readLimit(given.get('limit')),
    ...(owner !== undefined && { owner }),
    ...(server !== undefined && { server }),
    ...(upstream !== undefined && { upstream }),
    ...(state !== undefined && { state }),
    ...(after !== undefined && { after }),
  };
}

function readState(text: string | undefined): TaskState | undefined {
  if (text === undefined) return undefined;
  const state = STATES.find((one) => one === text);
  if (state === undefined) throw invalid(`${show(text)} is no state; the states are ${STATES.join(', ')}.`);
  return state;
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalid(`limit is a whole number from 1 to ${MAX_LIMIT}.`);
}

/** Where a list goes on, as text that is passed back as it came. */
function writeCursor({ createdAt, id }: NonNullable<TaskFilter['after']>): string {
  return Buffer.from(`${createdAt}.${id}`, 'utf8').toString('base64url');
}

function readCursor(text: string | undefined): TaskFilter['after'] {
  if (text === undefined) return undefined;
  const [, time = '', id = ''] =
    /^(\d{1,15})\.(.+)$/s.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  const after = { createdAt: Number(time), id };
  // Only what was written here is read: other texts of the same bytes, and bytes that are no text, are none of ours.
  if (id === '' || writeCursor(after) !== text) throw new GatewardError('CURSOR_INVALID');
  return after;
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function invalid(detail: string): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail });
}
