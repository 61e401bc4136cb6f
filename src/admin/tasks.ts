import { GatewardError } from '../errors.ts';
import type { TaskFilter, TaskState } from '../store/task-table.ts';
import type { Resource } from './parts.ts';
import { readFields, readLimit, readWord } from './read-query.ts';

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

/** Which tasks a query asks for. */
function readFilter(query: URLSearchParams): TaskFilter {
  const given = readFields(query, FIELDS);
  const owner = given.get('owner');
  const server = given.get('server');
  const upstream = given.get('upstream');
  const state = readWord(given.get('state'), { what: 'state', words: STATES });
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
