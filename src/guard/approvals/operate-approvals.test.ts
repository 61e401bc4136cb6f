import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seenOf } from '../../../test/support/seen.ts';
import { approvalId, type Seen } from '../../store/approval-table.ts';
import { createSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import type { Store } from '../../store/store.ts';
import { createApprovalOperations } from './operate-approvals.ts';
import type { ApprovalOperations } from './operations.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const GRAVE = JSON.stringify([
  { rule: 'concealment', severity: 'block', path: '/description', reason: 'Hides.' },
]);

const changed = seenOf({ digest: 'sha256:2', body: '{"description":"x","name":"search"}' });
const by = { state: 'approved', by: 'cli:eve', isDangerAgreed: false } as const;

let store: Store;
let operations: ApprovalOperations;
let told: string[];
let time: number;

beforeEach(async () => {
  time = NOW;
  store = await createSqliteStore({ file: ':memory:', now: () => time });
  told = [];
  operations = createApprovalOperations({
    table: store.approvals,
    announce: (upstream) => told.push(upstream),
  });
});

afterEach(() => store.close());

const see = (...seen: readonly Seen[]) => store.approvals.see(seen, 1000);

describe('what operators see', () => {
  it('is what waits, with what was found in it', async () => {
    await see(
      seenOf({ findings: GRAVE }),
      seenOf({ kind: 'launch', name: '', findings: '[{"dangerous":true}]' }),
    );
    const { approvals, next } = await operations.list({ state: 'pending' }, { limit: 10 });
    expect(next).toBeUndefined();
    expect(approvals[0]).toEqual({
      id: approvalId(seenOf()),
      ...{ upstream: 'files', kind: 'tools', name: 'search', digest: 'sha256:1', state: 'pending' },
      dangerous: true,
      findings: [{ rule: 'concealment', at: '/description', reason: 'Hides.', grave: true }],
      ...{ seenAt: '2026-01-01T00:00:00.000Z', decidedAt: undefined, decidedBy: undefined },
    });
    expect(approvals[1]?.dangerous).toBe(true);
  });

  it('comes page by page, and not after what is not there', async () => {
    await see(...['a', 'b', 'c'].map((name) => seenOf({ name })));
    const first = await operations.list({}, { limit: 2 });
    expect(first.approvals.map(({ name }) => name)).toEqual(['a', 'b']);
    const second = await operations.compare({}, { limit: 2, after: first.next });
    expect([second.approvals.map(({ name }) => name), second.next]).toEqual([['c'], undefined]);
    await expect(operations.list({}, { limit: 2, after: 'none' })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  it('is every field of something new', async () => {
    await see(seenOf());
    expect(await operations.show(approvalId(seenOf()))).toMatchObject({
      body: '{"name":"search"}',
      approved: undefined,
      launch: undefined,
      differences: [{ path: '/name', change: 'added', after: '"search"' }],
    });
  });

  it('is the difference to what was approved last', async () => {
    await see(seenOf({ state: 'approved', decidedBy: 'first sight' }), changed);
    expect(await operations.show(approvalId(changed))).toMatchObject({
      approved: { id: approvalId(seenOf()), digest: 'sha256:1', decidedBy: 'first sight' },
      differences: [{ path: '/description', change: 'added', after: '"x"' }],
    });
    expect(await operations.show(approvalId(seenOf()))).toMatchObject({ approved: undefined });
  });

  it('of a launch is the launch as it would start', async () => {
    const body = '{"args":["-y"],"command":"npx","cwd":null,"env":{},"form":1}';
    const launch = seenOf({ kind: 'launch', name: '', body });
    await see(launch);
    expect((await operations.show(approvalId(launch))).launch).toEqual(['"npx"', '  "-y"']);
  });

  it('is nothing for what nobody saw', async () => {
    await expect(operations.show('none')).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' });
  });
});

describe('a decision', () => {
  it('is kept with who made it, and told', async () => {
    await see(seenOf(), changed, seenOf({ upstream: 'mail' }));
    time += 1000;
    const ids = [changed, seenOf({ upstream: 'mail' })].map(approvalId);
    expect(await operations.decide(ids, by)).toMatchObject([
      { digest: 'sha256:2', state: 'approved', decidedBy: 'cli:eve', decidedAt: '2026-01-01T00:00:01.000Z' },
      { upstream: 'mail', state: 'approved' },
    ]);
    expect(told).toEqual(['files', 'mail']);
    expect((await store.approvals.read(approvalId(seenOf())))?.state).toBe('pending');
  });

  it('on several is made on all or none', async () => {
    await see(seenOf());
    await expect(operations.decide([approvalId(seenOf()), 'none'], by)).rejects.toMatchObject({
      code: 'APPROVAL_NOT_FOUND',
    });
    expect([(await store.approvals.read(approvalId(seenOf())))?.state, told]).toEqual(['pending', []]);
  });

  it('for something dangerous takes a word more, and against it does not', async () => {
    await see(seenOf({ findings: GRAVE }));
    const id = approvalId(seenOf());
    await expect(operations.decide([id], by)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringContaining(`${id} is dangerous: it falls under concealment.`),
    });
    expect((await store.approvals.read(id))?.state).toBe('pending');
    expect(await operations.decide([id], { ...by, isDangerAgreed: true })).toMatchObject([
      { state: 'approved' },
    ]);
    expect(await operations.decide([id], { ...by, state: 'rejected' })).toMatchObject([
      { state: 'rejected' },
    ]);
  });
});
