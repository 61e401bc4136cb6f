import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type AdminServer, startAdminServer } from '../../test/support/admin-server.ts';
import { fakeTasks } from '../../test/support/fake-tasks.ts';
import { seenOf } from '../../test/support/seen.ts';
import { createApprovalOperations } from '../guard/approvals/operate-approvals.ts';
import { approvalId } from '../store/approval-table.ts';
import { createSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';

const SEEN = {
  approved: seenOf({ state: 'approved', decidedBy: 'first sight' }),
  changed: seenOf({ digest: 'sha256:2', body: '{"name":"search","title":"S"}' }),
  launch: seenOf({
    ...{
      upstream: 'disk',
      kind: 'launch',
      name: '',
      body: '{"args":[],"command":"x","cwd":null,"env":{},"form":1}',
    },
    findings: '[{"rule":"launcher.option","dangerous":true,"reason":"It hands over the machine."}]',
  }),
};
const ID = {
  approved: approvalId(SEEN.approved),
  changed: approvalId(SEEN.changed),
  launch: approvalId(SEEN.launch),
};

let store: Store;
let server: AdminServer;

beforeEach(async () => {
  store = await createSqliteStore({ file: ':memory:' });
  await store.approvals.see(Object.values(SEEN), 1000);
  server = await startAdminServer(fakeTasks(), createApprovalOperations({ table: store.approvals }));
});

afterEach(async () => {
  await server.stop();
  await store.close();
});

interface Page {
  readonly approvals: readonly { readonly id: string }[];
  readonly next?: string;
}

async function ask<T = unknown>(path: string, method = 'GET', key = ADMIN_KEY) {
  const response = await fetch(`${server.url}/admin/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: response.status, body: (await response.json()) as T };
}

async function ids(query: string): Promise<readonly string[]> {
  const { body } = await ask<Page>(`approvals${query}`);
  return body.approvals.map(({ id }) => id);
}

const stateOf = async (id: string) => (await store.approvals.read(id))?.state;

describe('the approvals of the admin API', () => {
  it('are listed, the oldest first, and filtered by each of their marks', async () => {
    expect(await ids('')).toEqual([ID.approved, ID.changed, ID.launch]);
    expect(await ids('?state=pending')).toEqual([ID.changed, ID.launch]);
    expect(await ids('?upstream=files&name=search&kind=tools&state=approved')).toEqual([ID.approved]);
    expect(await ids('?kind=prompts')).toEqual([]);
  });

  it('come page by page', async () => {
    const first = await ask<Page>('approvals?limit=2');
    expect([first.body.approvals.length, first.body.next]).toEqual([2, ID.changed]);
    expect(await ids(`?limit=2&after=${first.body.next}`)).toEqual([ID.launch]);
  });

  it.each([
    ['?stat=pending', 'INVALID_PARAMS'],
    ['?state=open', 'INVALID_PARAMS'],
    ['?kind=tool', 'INVALID_PARAMS'],
    ['?kind=tools&kind=prompts', 'INVALID_PARAMS'],
    ['?upstream=', 'INVALID_PARAMS'],
    ['?limit=0', 'INVALID_PARAMS'],
    ['?after=x', 'CURSOR_INVALID'],
    [`?after=${'0'.repeat(20)}`, 'CURSOR_INVALID'],
  ])('are not listed for the query %s', async (query, code) => {
    expect(await ask(`approvals${query}`)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it('are shown whole, field by field', async () => {
    expect(await ask(`approvals/${ID.changed}`)).toMatchObject({
      status: 200,
      body: {
        approval: {
          body: SEEN.changed.body,
          approved: { id: ID.approved },
          differences: [{ path: '/title', change: 'added', after: '"S"' }],
        },
      },
    });
    expect(await ask(`approvals/${ID.launch}`)).toMatchObject({
      body: { approval: { launch: ['"x"'], dangerous: true } },
    });
  });

  it('are decided, and decided otherwise', async () => {
    expect(await ask(`approvals/${ID.changed}/approve`, 'POST')).toMatchObject({
      status: 200,
      body: { approval: { state: 'approved', decidedBy: 'api:administrator' } },
    });
    expect(await stateOf(ID.changed)).toBe('approved');
    await ask(`approvals/${ID.changed}/reject`, 'POST');
    expect([await stateOf(ID.changed), await stateOf(ID.launch)]).toEqual(['rejected', 'pending']);
  });

  it('take a word more for what is dangerous', async () => {
    expect(await ask(`approvals/${ID.launch}/approve`, 'POST')).toMatchObject({
      status: 409,
      body: { error: { code: 'NOT_CONFIRMED', approval: ID.launch } },
    });
    expect(await stateOf(ID.launch)).toBe('pending');
    expect((await ask(`approvals/${ID.launch}/approve?dangerous=no`, 'POST')).status).toBe(400);
    expect((await ask(`approvals/${ID.launch}/approve?dangerous=yes`, 'POST')).status).toBe(200);
    expect(await stateOf(ID.launch)).toBe('approved');
  });

  it.each([
    ['GET', 'approvals/none', 404, 'APPROVAL_NOT_FOUND'],
    ['POST', 'approvals/none/approve', 404, 'APPROVAL_NOT_FOUND'],
    ['POST', `approvals/${ID.changed}/reject?dangerous=yes`, 400, 'INVALID_PARAMS'],
    ['GET', `approvals/${ID.changed}/approve`, 405, 'HTTP_METHOD_NOT_ALLOWED'],
    ['POST', `approvals/${ID.changed}`, 405, 'HTTP_METHOD_NOT_ALLOWED'],
    ['POST', 'approvals', 405, 'HTTP_METHOD_NOT_ALLOWED'],
    ['GET', 'approvals/a/more', 404, 'ADMIN_NOT_FOUND'],
  ])('answer %s %s with %i %s', async (method, path, status, code) => {
    expect(await ask(path, method)).toMatchObject({ status, body: { error: { code } } });
  });

  it.each(['', 'x'.repeat(43), 'gwk_member'])('are nobody else’s with the key %j', async (key) => {
    expect((await ask('approvals', 'GET', key)).status).toBe(401);
    expect((await ask(`approvals/${ID.changed}/approve`, 'POST', key)).status).toBe(401);
    expect(await stateOf(ID.changed)).toBe('pending');
  });
});
