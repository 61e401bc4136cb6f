/** Tasks of the upstream's own: followed under a handle of ours, or waited for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../../test/support/manual-clock.ts';
import {
  createTask,
  failed,
  startTaskFleet,
  type TaskFleet,
  type TestReplica,
  toolAsk,
} from '../../test/support/task-replicas.ts';
import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { undeclareTasks } from '../wire/declare-tasks.ts';
import { runCall } from './run-call.ts';
import { sealAnswer } from './task-answers.ts';
import { pollMsOf } from './upstream-task.ts';

let fleet: TaskFleet;
let a: TestReplica;
/** How the upstream's task is; an error is thrown or answered. */
let state: Record<string, unknown> | Outcome | Error;
/** What was asked about it. */
let told: string[];

beforeEach(async () => {
  fleet = await startTaskFleet();
  a = await fleet.replica();
  state = { status: 'working' };
  told = [];
  fleet.upstream.answer = (call: Call): Outcome => {
    if (call.method === 'tools/call') return created;
    if (call.method !== 'tasks/get') {
      told.push(`${call.method} ${call.message.at('params', 'inputResponses')?.text ?? ''}`.trim());
      return { kind: 'complete', result: JsonText.of({ resultType: 'complete' }) };
    }
    if (state instanceof Error) throw state;
    if ('kind' in state) return state as Outcome;
    return { kind: 'complete', result: JsonText.of({ taskId: 'theirs', ...state }) };
  };
});
afterEach(() => fleet.close());

const created: Outcome = {
  kind: 'task',
  result: JsonText.of({ resultType: 'task', taskId: 'theirs', status: 'working' }),
};

async function create(): Promise<string> {
  const id = await createTask(a);
  await quiet();
  return id;
}

const stateOf = async (id: string) => (await fleet.store.tasks.read(id))?.state;

describe('a task that follows one of the upstream', () => {
  it('bears trouble that passes, and ends as that does', async () => {
    const id = await create();
    state = new GatewardError('UPSTREAM_UNAVAILABLE');
    await fleet.clock.advance(20_000);
    state = failed(-32603);
    await fleet.clock.advance(5000);
    expect(await stateOf(id)).toBe('working');
    state = { status: 'completed', result: { ok: 1 } };
    await fleet.clock.advance(20_000);
    expect(await stateOf(id)).toBe('completed');
  });

  it('fails when the upstream does not know it any more', async () => {
    const id = await create();
    state = failed(-32602);
    await fleet.clock.advance(2000);
    expect(await stateOf(id)).toBe('failed');
  });

  it('is followed on by another replica, without another call', async () => {
    const id = await create();
    await a.kill();
    a = await fleet.replica();
    state = { status: 'completed', result: { ok: 1 } };
    await fleet.clock.advance(3000);
    expect(await stateOf(id)).toBe('completed');
    expect(fleet.calls.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
  });

  it('passes questions on and answers back, also past trouble, and works again when nothing is asked', async () => {
    const id = await create();
    state = { status: 'input_required', inputRequests: { q: { method: 'elicitation/create' } } };
    await fleet.clock.advance(2000);
    expect(await stateOf(id)).toBe('input_required');
    await fleet.store.tasks.answer(id, [
      sealAnswer(a.parts, { id, key: 'u-q', answer: JsonText.of({ n: 1 }) }),
    ]);
    await a.work.goOn(id);
    state = { status: 'working' };
    await fleet.clock.advance(2000);
    expect(told).toEqual(['tasks/update {"q":{"n":1}}']);
    expect(await stateOf(id)).toBe('working');
  });

  it('works again when the upstream asks no more, though nobody answered here', async () => {
    const id = await create();
    state = { status: 'input_required', inputRequests: { q: { method: 'elicitation/create' } } };
    await fleet.clock.advance(2000);
    state = { status: 'working' };
    await fleet.clock.advance(8000);
    expect(await stateOf(id)).toBe('working');
  });

  it('tells the upstream when it is cancelled, and when it is past its deadline', async () => {
    const row = await fleet.store.tasks.read(await create());
    if (row !== undefined) await a.cancel(row);
    await quiet();
    expect(told).toEqual(['tasks/cancel']);
    fleet.upstream.rules = { ...fleet.upstream.rules, deadlineMs: 5000 };
    const id = await create();
    await fleet.clock.advance(8000);
    expect([told.length, await stateOf(id)]).toEqual([2, 'failed']);
  });
});

it('an upstream is asked as often as it wants, within what makes sense', () => {
  const of = (pollIntervalMs: number | undefined) =>
    pollMsOf({ status: 'working', pollIntervalMs, note: undefined });
  expect([undefined, 0, 5000, 1e12, Number.POSITIVE_INFINITY].map(of)).toEqual([
    1000, 100, 5000, 3_600_000, 3_600_000,
  ]);
});

describe('a client that knows no tasks', () => {
  const wait = (signal?: AbortSignal): Promise<Outcome> => {
    const ask = toolAsk(a, signal && { signal });
    const call = undeclareTasks(ask.call);
    const run = (sent: Call) => ask.source.call(sent, 'operator');
    return runCall({ ...ask, call }, run, { parts: a.parts, quota: a.quota, work: a.work });
  };

  it('waits for the result, past trouble that passes', async () => {
    const outcome = wait();
    await fleet.clock.advance(2000);
    state = new GatewardError('UPSTREAM_UNAVAILABLE');
    await fleet.clock.advance(10_000);
    state = { status: 'completed', result: { ok: 1 } };
    await fleet.clock.advance(20_000);
    expect((await outcome).kind).toBe('complete');
  });

  it('is told that the call may have run once the upstream stays away', async () => {
    const outcome = wait().catch((thrown: unknown) => thrown);
    state = new GatewardError('UPSTREAM_UNAVAILABLE');
    await fleet.clock.advance(600_000);
    expect(await outcome).toMatchObject({ code: 'UPSTREAM_LOST' });
  });

  it('cancels the task when it leaves', async () => {
    const client = new AbortController();
    const outcome = wait(client.signal).catch((thrown: unknown) => thrown);
    await fleet.clock.advance(2000);
    client.abort(new Error('gone'));
    expect(await outcome).toMatchObject({ message: 'gone' });
    expect(told).toEqual(['tasks/cancel']);
  });
});
