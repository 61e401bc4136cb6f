import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type AdminServer, startAdminServer } from '../../test/support/admin-server.ts';
import { type FakeTasks, fakeTasks, taskDetails } from '../../test/support/fake-tasks.ts';

let server: AdminServer;
let base: string;
let tasks: FakeTasks;

beforeEach(async () => {
  tasks = fakeTasks([
    taskDetails({ id: 'c', state: 'failed', upstream: 'search', error: 'It was lost.' }),
    taskDetails({ id: 'b', state: 'input_required', waitsFor: ['1-name'] }),
    taskDetails({ id: 'a', state: 'completed', owner: 'key:bob', endedAt: '2026-01-01T02:00:00.000Z' }),
  ]);
  server = await startAdminServer(tasks);
  base = `${server.url}/admin/api`;
});

afterEach(() => server.stop());

interface Page {
  readonly tasks: readonly { readonly id: string }[];
  readonly next?: string;
}

async function ask<T = unknown>(path: string, method = 'GET'): Promise<{ status: number; body: T }> {
  const response = await fetch(`${base}/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  return { status: response.status, body: (await response.json()) as T };
}

async function ids(query: string): Promise<readonly string[]> {
  const { body } = await ask<Page>(`tasks${query}`);
  return body.tasks.map(({ id }) => id);
}

describe('the tasks of the admin API', () => {
  it('are listed as they come, with 50 as the limit', async () => {
    expect(await ids('')).toEqual(['c', 'b', 'a']);
    expect(tasks.filters).toEqual([{ limit: 50 }]);
  });

  it('are filtered by each of their marks', async () => {
    expect(await ids('?state=input_required')).toEqual(['b']);
    expect(await ids('?owner=key%3Abob&server=all')).toEqual(['a']);
    expect(await ids('?upstream=search&limit=500')).toEqual(['c']);
    expect(tasks.filters.at(-1)).toEqual({ upstream: 'search', limit: 500 });
  });

  it('come page by page', async () => {
    const first = await ask<Page>('tasks?limit=2');
    expect(first.body.tasks).toHaveLength(2);
    const second = await ask<Page>(`tasks?limit=2&after=${first.body.next}`);
    expect(second.body.tasks.map(({ id }) => id)).toEqual(['a']);
    expect(second.body.next).toBeUndefined();
    expect(tasks.filters.at(-1)?.after).toEqual({ id: 'b', createdAt: Date.parse('2026-01-01T01:00:00Z') });
  });

  it.each([
    ['?stat=failed', 'There is no "stat"'],
    ['?state=running', 'the states are working, input_required, completed, failed, cancelled'],
    ['?state=failed&state=working', 'state is given twice'],
    ['?owner=', 'owner is empty'],
    [`?owner=${'x'.repeat(3000)}`, 'owner is too long'],
    ['?limit=0', 'limit is a whole number from 1 to 500'],
    ['?limit=501', 'limit is a whole number from 1 to 500'],
    ['?limit=1e2', 'limit is a whole number from 1 to 500'],
  ])('are not listed for the query %.40s', async (query, text) => {
    const { status, body } = await ask(`tasks${query}`);
    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code: 'INVALID_PARAMS' } } });
    expect(JSON.stringify(body)).toContain(JSON.stringify(text).slice(1, -1));
    expect(tasks.filters).toEqual([]);
  });

  it.each(['x', 'MS5h=', Buffer.from('1.').toString('base64url'), Buffer.from('-1.a').toString('base64url')])(
    'are not listed after the made up cursor %j',
    async (cursor) => {
      const answer = await ask(`tasks?after=${cursor}`);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'CURSOR_INVALID' } } });
    },
  );

  it('are shown one by one', async () => {
    expect(await ask('tasks/c')).toMatchObject({ status: 200, body: { task: { error: 'It was lost.' } } });
    expect(await ask('tasks/b')).toMatchObject({ body: { task: { waitsFor: ['1-name'] } } });
  });

  it('are cancelled and tried again', async () => {
    expect(await ask('tasks/b/cancel', 'POST')).toMatchObject({ body: { task: { state: 'cancelled' } } });
    expect(await ask('tasks/c/retry', 'POST')).toMatchObject({ body: { task: { state: 'working' } } });
    expect(await ask('tasks/a/cancel', 'POST')).toMatchObject({ body: { task: { state: 'completed' } } });
  });

  it.each([
    ['GET', 'tasks/none', 404, 'TASK_NOT_FOUND'],
    ['POST', 'tasks/none/cancel', 404, 'TASK_NOT_FOUND'],
    ['POST', 'tasks/a/retry', 409, 'TASK_NOT_FAILED'],
    ['GET', 'tasks/a/cancel', 405, 'HTTP_METHOD_NOT_ALLOWED'],
    ['POST', 'tasks', 405, 'HTTP_METHOD_NOT_ALLOWED'],
    ['GET', 'tasks/a/more', 404, 'ADMIN_NOT_FOUND'],
  ])('answer %s %s with %i %s', async (method, path, status, code) => {
    expect(await ask(path, method)).toMatchObject({ status, body: { error: { code } } });
  });
});
