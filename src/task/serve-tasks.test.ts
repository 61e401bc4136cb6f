import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../../test/support/manual-clock.ts';
import {
  askOf,
  asks,
  complete,
  createTask,
  failed,
  startTaskFleet,
  type TaskFleet,
  type TestReplica,
} from '../../test/support/task-replicas.ts';
import type { Call, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { createSeal } from '../lib/seal.ts';
import { followTasks } from './follow-tasks.ts';
import { createTaskOperations } from './operate-tasks.ts';
import { serveTasks } from './serve-tasks.ts';
import { viewOf, writeDetailedTask } from './task-view.ts';

let fleet: TaskFleet;
let a: TestReplica;
const ann = { principal: 'ann', server: 'all' };

beforeEach(async () => {
  fleet = await startTaskFleet();
  a = await fleet.replica();
});
afterEach(() => fleet.close());

async function create(): Promise<string> {
  const id = await createTask(a);
  await quiet();
  return id;
}

async function serve(call: Call, owner = ann): Promise<Outcome | undefined> {
  return serveTasks(call, owner, { parts: a.parts, work: a.work, cancel: a.cancel });
}

async function get(taskId: string): Promise<Record<string, unknown>> {
  const outcome = await serve(askOf('tasks/get', { taskId }));
  if (outcome?.kind !== 'complete') throw new TypeError('No result.');
  return JSON.parse(outcome.result.text);
}

const update = (taskId: string, inputResponses: Record<string, unknown>) =>
  serve(askOf('tasks/update', { taskId, inputResponses }));

describe('tasks/get', () => {
  it('shows each status with what belongs to it', async () => {
    fleet.upstream.answer = () => new Promise(() => undefined);
    const working = await get(await create());
    expect(working).toMatchObject({ resultType: 'complete', status: 'working', pollIntervalMs: 1000 });
    expect(Object.keys(working)).not.toContain('inputRequests');
    fleet.upstream.answer = () => asks(['x']);
    expect(await get(await create())).toMatchObject({
      status: 'input_required',
      inputRequests: { '1-x': { method: 'elicitation/create' } },
    });
    fleet.upstream.answer = () => complete('done');
    expect(await get(await create())).toMatchObject({
      status: 'completed',
      result: { content: [{ text: 'done' }] },
    });
    fleet.upstream.answer = () => failed(-32001, 'no');
    expect(await get(await create())).toMatchObject({
      status: 'failed',
      statusMessage: 'no',
      error: { code: -32001 },
    });
  });

  it('knows no task of another caller, at another server, or with an id that cannot be', async () => {
    const id = await create();
    const call = askOf('tasks/get', { taskId: id });
    for (const owner of [
      { ...ann, principal: 'bob' },
      { ...ann, server: 'other' },
    ])
      await expect(serve(call, owner)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    for (const taskId of ['nope', `${id}\u0000`, `${id.slice(0, -1)}`, ''])
      await expect(get(taskId)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('is refused to a client that does not declare the extension', async () => {
    const call = askOf('tasks/get', { taskId: await create() });
    const bare = { ...call, meta: { ...call.meta, clientCapabilities: JsonText.of({}) } };
    await expect(serve(bare)).rejects.toMatchObject({
      code: 'MISSING_CAPABILITY',
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    });
  });

  it('goes on with a task whose last answer came, but that nobody took', async () => {
    fleet.upstream.answer = () => asks(['x']);
    const id = await create();
    fleet.upstream.answer = () => complete('done');
    const { take } = a.parts.table;
    Object.assign(a.parts.table, { take: async () => undefined });
    await update(id, { '1-x': { action: 'accept' } });
    Object.assign(a.parts.table, { take });
    expect(await get(id)).toMatchObject({ status: 'working' });
    await quiet();
    expect(await get(id)).toMatchObject({ status: 'completed' });
  });
});

describe('tasks/update', () => {
  it('takes answers in parts, the first to a question counts, and unknown ones are left out', async () => {
    fleet.upstream.answer = () => asks(['x', 'y']);
    const id = await create();
    fleet.upstream.answer = () => complete('done');
    await update(id, { '1-x': { n: 1 }, other: { n: 2 } });
    expect(await get(id)).toMatchObject({ status: 'input_required', inputRequests: { '1-y': {} } });
    await update(id, { '1-x': { n: 3 }, '1-y': { n: 4 } });
    await quiet();
    expect(fleet.calls[1]?.message.at('params', 'inputResponses')?.value()).toEqual({
      x: { n: 1 },
      y: { n: 4 },
    });
    expect(await get(id)).toMatchObject({ status: 'completed' });
  });

  it('goes on when two halves come at the same time', async () => {
    fleet.upstream.answer = () => asks(['x', 'y']);
    const id = await create();
    fleet.upstream.answer = () => complete('done');
    await Promise.all([update(id, { '1-x': {} }), update(id, { '1-y': {} })]);
    await quiet();
    expect(await get(id)).toMatchObject({ status: 'completed' });
  });

  it('wants an object of answers', async () => {
    const call = askOf('tasks/update', { taskId: await create(), inputResponses: [] });
    await expect(serve(call)).rejects.toMatchObject({ code: 'INVALID_PARAMS' });
  });
});

describe('tasks/cancel', () => {
  it('is acknowledged again and again, and changes no task that has ended', async () => {
    const id = await create();
    for (let n = 0; n < 2; n++)
      expect(await serve(askOf('tasks/cancel', { taskId: id }))).toMatchObject({ kind: 'complete' });
    expect(await get(id)).toMatchObject({ status: 'completed' });
  });
});

it('other methods are not served, and those of 2025-11-25 not to modern clients', async () => {
  expect(await serve(askOf('tools/list', {}))).toBeUndefined();
  for (const method of ['tasks/list', 'tasks/result'])
    await expect(serve(askOf(method, {}))).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' });
});

it('a result that cannot be read any more is a failure that says so', async () => {
  const id = await create();
  const row = await fleet.store.tasks.read(id);
  if (row === undefined) throw new TypeError('gone');
  const view = await viewOf(row, { table: a.parts.table, seal: createSeal(Buffer.alloc(32, 9)) });
  expect(JSON.parse(writeDetailedTask(view, 1000).text)).toMatchObject({
    status: 'failed',
    error: { code: -32603 },
  });
});

describe('a listen that follows tasks', () => {
  it('is told of each change of its own ones until the end, and of no other', async () => {
    let give = (_: Outcome): void => undefined;
    fleet.upstream.answer = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    const id = await create();
    const told: unknown[] = [];
    const onChange = (task: JsonText): void => void told.push(task.get('status')?.string());
    const { taken } = await followTasks([id, 'nope', id], ann, { onChange, parts: a.parts });
    expect(taken).toEqual([id]);
    const bob = { ...ann, principal: 'bob' };
    expect((await followTasks([id], bob, { onChange, parts: a.parts })).taken).toEqual([]);
    give(asks(['x']));
    await quiet();
    fleet.upstream.answer = () => complete('done');
    await update(id, { '1-x': {} });
    await fleet.clock.advance(6000);
    expect(told).toEqual(['working', 'input_required', 'working', 'completed']);
  });
});

describe('an operator', () => {
  it('has a failed task tried again from its start, though its call may have run', async () => {
    fleet.upstream.answer = () => new Promise(() => undefined);
    const id = await create();
    await a.kill();
    a = await fleet.replica();
    await fleet.clock.advance(2000);
    const operations = createTaskOperations(a.parts, { work: a.work, cancel: a.cancel });
    expect(await operations.show(id)).toMatchObject({ state: 'failed', attempts: 1 });
    fleet.upstream.answer = () => complete('done');
    await operations.retry(id);
    await fleet.clock.advance(2000);
    expect(await operations.show(id)).toMatchObject({ state: 'completed', attempts: 2 });
    await expect(operations.retry(id)).rejects.toMatchObject({ code: 'TASK_NOT_FAILED' });
    await expect(operations.show('nope')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('has one tried again that failed for want of input: it asks anew', async () => {
    fleet.upstream.answer = () => asks(['x']);
    const id = await create();
    await fleet.clock.advance(fleet.upstream.rules.inputMs + 2000);
    const operations = createTaskOperations(a.parts, { work: a.work, cancel: a.cancel });
    expect(await operations.show(id)).toMatchObject({ state: 'failed' });
    await operations.retry(id);
    await fleet.clock.advance(2000);
    expect(await operations.show(id)).toMatchObject({ state: 'input_required', waitsFor: ['2-x'] });
    expect(fleet.calls[1]?.message.at('params', 'requestState')).toBeUndefined();
  });
});
