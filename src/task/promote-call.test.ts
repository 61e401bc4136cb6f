import { afterEach, beforeEach, expect, it } from 'vitest';
import { quiet } from '../../test/support/manual-clock.ts';
import {
  asks,
  complete,
  startTaskFleet,
  type TaskFleet,
  type TestReplica,
  toolAsk,
} from '../../test/support/task-replicas.ts';
import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { runCall } from './run-call.ts';

let fleet: TaskFleet;
let a: TestReplica;
let give: (outcome: Outcome) => void;
let fail: (thrown: unknown) => void;
let client: AbortController;
let called: Call | undefined;

beforeEach(async () => {
  fleet = await startTaskFleet();
  a = await fleet.replica();
  client = new AbortController();
});
afterEach(() => fleet.close());

/** Begins a call; `give` and `fail` end it. Aborting it fails it, as connectors do. */
function begin(told: JsonText[] = []): Promise<Outcome> {
  const ask = toolAsk(a, { signal: client.signal });
  const call = { ...ask.call, notify: (one: JsonText) => void told.push(one) };
  return runCall(
    { ...ask, call },
    (run) => {
      called = run;
      return new Promise((resolve, reject) => {
        give = resolve;
        fail = reject;
        run.signal.addEventListener('abort', () => reject(run.signal.reason));
      });
    },
    { parts: a.parts, quota: a.quota, work: a.work },
  );
}

const rows = () => fleet.store.tasks.list({ limit: 10 });

it('a quick call leaves nothing behind', async () => {
  const outcome = begin();
  give(complete('done'));
  expect((await outcome).kind).toBe('complete');
  await fleet.clock.advance(10_000);
  expect(await rows()).toEqual([]);
});

it('a slow call becomes a task, without being run twice, and is durable before its handle leaves', async () => {
  const outcome = begin();
  await fleet.clock.advance(3000);
  const made = await outcome;
  expect(made).toMatchObject({ kind: 'task' });
  const [row] = await rows();
  expect('result' in made && made.result.get('taskId')?.string()).toBe(row?.id);
  give(complete('done'));
  await quiet();
  expect(await rows()).toMatchObject([{ state: 'completed', attempts: 1 }]);
  expect(fleet.calls).toEqual([]);
});

it('a client that leaves before that cancels the call, and there is no task', async () => {
  const outcome = begin();
  client.abort(new Error('gone'));
  await expect(outcome).rejects.toThrow('gone');
  await fleet.clock.advance(10_000);
  expect(await rows()).toEqual([]);
});

it('a client that leaves after that cancels nothing', async () => {
  const outcome = begin();
  await fleet.clock.advance(3000);
  await outcome;
  client.abort(new Error('gone'));
  expect(called?.signal.aborted).toBe(false);
  give(complete('done'));
  await quiet();
  expect(await rows()).toMatchObject([{ state: 'completed' }]);
});

/** Does something while the row of the promotion is on its way. */
async function during(run: () => void): Promise<void> {
  const { create } = a.parts.table;
  Object.assign(a.parts.table, {
    create: async (...args: Parameters<typeof create>) => {
      const row = await create(...args);
      run();
      await quiet();
      return row;
    },
  });
  await fleet.clock.advance(3000);
  await fleet.clock.advance(1000);
}

it('a call that ends while it becomes a task is answered, and the task was never there', async () => {
  const outcome = begin();
  await during(() => give(complete('done')));
  expect((await outcome).kind).toBe('complete');
  expect(await rows()).toEqual([]);
});

it('a call that fails while it becomes a task fails, and the task was never there', async () => {
  const outcome = begin().catch((thrown: unknown) => thrown);
  await during(() => fail(new GatewardError('UPSTREAM_LOST')));
  expect(await outcome).toMatchObject({ code: 'UPSTREAM_LOST' });
  expect(await rows()).toEqual([]);
});

it('a client that leaves while its call becomes a task cancels it, and the task was never there', async () => {
  const outcome = begin().catch((thrown: unknown) => thrown);
  await during(() => client.abort(new Error('gone')));
  expect(await outcome).toMatchObject({ message: 'gone' });
  expect(await rows()).toEqual([]);
});

it('the row of a promotion that lost goes away though the store is away at first', async () => {
  const outcome = begin();
  await during(() => {
    give(complete('done'));
    a.storeAway = true;
  });
  expect((await outcome).kind).toBe('complete');
  expect(await rows()).toHaveLength(1);
  a.storeAway = false;
  await fleet.clock.advance(10_000);
  expect(await rows()).toEqual([]);
});

it('a call goes on as it is while the store is away', async () => {
  a.storeAway = true;
  const outcome = begin();
  await fleet.clock.advance(60_000);
  give(complete('done'));
  expect((await outcome).kind).toBe('complete');
  expect(a.errors).toEqual([]);
});

it('a call that asks its user before it is slow is no task', async () => {
  const outcome = begin();
  give(asks(['x']));
  expect((await outcome).kind).toBe('input_required');
  await fleet.clock.advance(10_000);
  expect(await rows()).toEqual([]);
});

it('a promoted call that fails is a failed task, and nothing is left unhandled', async () => {
  const outcome = begin();
  await fleet.clock.advance(3000);
  await outcome;
  fail(new GatewardError('UPSTREAM_LOST'));
  await quiet();
  expect(await rows()).toMatchObject([{ state: 'failed' }]);
});

it('a promoted call tells no progress any more', async () => {
  const told: JsonText[] = [];
  const outcome = begin(told);
  const progress = JsonText.of({ jsonrpc: '2.0', method: 'notifications/progress' });
  await called?.notify(progress);
  await fleet.clock.advance(3000);
  await outcome;
  await called?.notify(progress);
  expect(told).toHaveLength(1);
});

it('what a call can be resumed by is kept, before and after it becomes a task', async () => {
  const outcome = begin();
  called?.task?.onResumable('early');
  await fleet.clock.advance(3000);
  await outcome;
  called?.task?.onResumable('late');
  await quiet();
  await a.kill();
  const b = await fleet.replica();
  await fleet.clock.advance(2000);
  expect(fleet.calls[0]?.message.at('params', 'requestState')?.string()).toBe('late');
  expect(b.errors).toEqual([]);
});

it('a task of the upstream gets a handle of ours; one whose client is gone is cancelled there', async () => {
  const created: Outcome = {
    kind: 'task',
    result: JsonText.of({ resultType: 'task', taskId: 'theirs', status: 'working' }),
  };
  fleet.upstream.answer = ({ method }) =>
    method === 'tasks/get'
      ? {
          kind: 'complete',
          result: JsonText.of({ taskId: 'theirs', status: 'completed', result: { ok: 1 } }),
        }
      : complete('');
  const first = begin();
  give(created);
  const made = await first;
  expect('result' in made && made.result.get('taskId')?.string()).not.toBe('theirs');
  await quiet();
  expect(await rows()).toMatchObject([{ state: 'completed' }]);
  const second = begin().catch((thrown: unknown) => thrown);
  give(created);
  client.abort(new Error('gone'));
  await second;
  await fleet.clock.advance(11_000);
  expect(fleet.calls.at(-1)).toMatchObject({ method: 'tasks/cancel', name: 'theirs' });
  expect(await rows()).toHaveLength(1);
});

it('a task that is made at once is forgotten if its client is gone by then', async () => {
  fleet.upstream.rules = { ...fleet.upstream.rules, mode: 'always' };
  const { create } = a.parts.table;
  Object.assign(a.parts.table, {
    create: (...args: Parameters<typeof create>) => {
      client.abort(new Error('gone'));
      return create(...args);
    },
  });
  await expect(begin()).rejects.toThrow('gone');
  await fleet.clock.advance(2000);
  expect([await rows(), fleet.calls]).toEqual([[], []]);
});
