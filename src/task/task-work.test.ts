import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../../test/support/manual-clock.ts';
import {
  asks,
  complete,
  createTask,
  failed,
  startTaskFleet,
  type TaskFleet,
  type TestReplica,
  taskToMake,
} from '../../test/support/task-replicas.ts';
import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { TaskRow } from '../store/task-table.ts';
import { sealAnswer } from './task-answers.ts';
import { openEnding } from './task-end.ts';
import { openImage, sealImage } from './task-image.ts';

let fleet: TaskFleet;
let a: TestReplica;

beforeEach(async () => {
  fleet = await startTaskFleet();
  a = await fleet.replica();
});
afterEach(() => fleet.close());

/** What the upstream gives to each call in turn. */
function answers(...outcomes: (Outcome | Error)[]): void {
  fleet.upstream.answer = () => {
    const next = outcomes.shift();
    if (next === undefined) throw new GatewardError('INTERNAL_ERROR');
    if (next instanceof Error) throw next;
    return next;
  };
}

/** The upstream never answers. */
function silence(): void {
  fleet.upstream.answer = ({ signal }: Call) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function create(replica: TestReplica = a, owner?: string): Promise<string> {
  return createTask(replica, owner);
}

async function rowOf(id: string): Promise<TaskRow> {
  const row = await fleet.store.tasks.read(id);
  if (row === undefined) throw new TypeError('The task is gone.');
  return row;
}

async function errorOf(id: string): Promise<string | undefined> {
  const { outcome } = await rowOf(id);
  const ending = outcome && openEnding(a.parts.seal, id, outcome);
  return ending?.kind === 'error' ? ending.error.get('message')?.string() : undefined;
}

async function imageOf(id: string) {
  const { body } = await rowOf(id);
  return body && openImage(a.parts.seal, id, body);
}

async function answer(id: string, key: string): Promise<void> {
  const given = JsonText.of({ action: 'accept' });
  await fleet.store.tasks.answer(id, [sealAnswer(a.parts, { id, key, answer: given })]);
}

describe('a task', () => {
  it('is worked on where it was made, and ends with what its call was answered', async () => {
    const id = await create();
    await quiet();
    expect(await rowOf(id)).toMatchObject({ state: 'completed', attempts: 1, holder: undefined });
  });

  it('is tried again as its rules say, with each attempt recorded', async () => {
    fleet.upstream.repeatable = true;
    answers(
      new GatewardError('UPSTREAM_LOST'),
      new GatewardError('UPSTREAM_LOST'),
      new GatewardError('UPSTREAM_LOST'),
    );
    const id = await create();
    await fleet.clock.advance(10_000);
    expect(await rowOf(id)).toMatchObject({ state: 'failed', attempts: 3 });
    expect((await imageOf(id))?.history.map(({ end }) => end?.slice(0, 14))).toEqual(
      Array(3).fill('The connection'),
    );
  });

  it('is not tried again after an error of the upstream that nobody named', async () => {
    fleet.upstream.repeatable = true;
    answers(failed(-32000, 'no'));
    const id = await create();
    await fleet.clock.advance(10_000);
    expect([fleet.calls.length, await errorOf(id)]).toEqual([1, 'no']);
  });

  it('waits for input without being held, and goes on with the answers', async () => {
    answers(asks(['x', 'y'], 's1'), asks(['x'], 's2'), complete('done'));
    const id = await create();
    await quiet();
    expect(await rowOf(id)).toMatchObject({ state: 'input_required', holder: undefined });
    await answer(id, '1-x');
    await answer(id, '1-y');
    await a.work.goOn(id);
    await quiet();
    const second = fleet.calls[1]?.message;
    expect(second?.at('params', 'requestState')?.text).toBe('"s1"');
    expect(second?.at('params', 'inputResponses')?.keys()).toEqual(['x', 'y']);
    expect([...((await imageOf(id))?.asked.keys() ?? [])]).toEqual(['2-x']);
    await answer(id, '2-x');
    await a.work.goOn(id);
    await quiet();
    expect(await rowOf(id)).toMatchObject({ state: 'completed', attempts: 3 });
  });

  it('reads no answer that was sealed for another task or question', async () => {
    answers(asks(['x']), complete('done'));
    const id = await create();
    await quiet();
    const foreign = sealAnswer(a.parts, { id: 'other', key: '1-x', answer: JsonText.of({}) });
    await fleet.store.tasks.answer(id, [foreign]);
    await a.work.goOn(id);
    await quiet();
    expect(fleet.calls).toHaveLength(1);
    expect(await errorOf(id)).toContain('input');
  });

  it('fails when its input does not come in time', async () => {
    answers(asks(['x']));
    const id = await create();
    await fleet.clock.advance(fleet.upstream.rules.inputMs + 2000);
    expect(await rowOf(id)).toMatchObject({ state: 'failed' });
  });

  it('fails at its deadline while its call is under way, and the call is stopped', async () => {
    silence();
    const id = await create();
    await fleet.clock.advance(fleet.upstream.rules.deadlineMs + 2000);
    expect(await rowOf(id)).toMatchObject({ state: 'failed', holder: undefined });
    expect(fleet.calls[0]?.signal.aborted).toBe(true);
  });

  it('fails at its deadline though the store was away then', async () => {
    silence();
    const id = await create();
    await fleet.clock.advance(fleet.upstream.rules.deadlineMs - 500);
    const { read } = fleet.store.tasks;
    expect(await read(id)).toMatchObject({ state: 'working' });
    let fails = 3;
    const { finish } = a.parts.table;
    Object.assign(a.parts.table, {
      finish: (...args: Parameters<typeof finish>) =>
        fails-- > 0 ? Promise.reject(new GatewardError('STORE_UNAVAILABLE')) : finish(...args),
    });
    await fleet.clock.advance(20_000);
    expect(await rowOf(id)).toMatchObject({ state: 'failed', holder: undefined });
  });

  it('keeps its result while the store is away', async () => {
    let give = (_: Outcome): void => undefined;
    fleet.upstream.answer = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    const id = await create();
    await quiet();
    a.storeAway = true;
    give(complete('done'));
    await fleet.clock.advance(60_000);
    expect(await rowOf(id)).toMatchObject({ state: 'working' });
    a.storeAway = false;
    await fleet.clock.advance(6000);
    expect(await rowOf(id)).toMatchObject({ state: 'completed' });
  });

  it('fails when its result is too large, and does not end twice', async () => {
    answers(complete('x'.repeat(200_000)));
    const id = await create();
    await quiet();
    expect(await errorOf(id)).toContain('larger');
  });

  it('that cannot be read is ended, and the others of its claim are worked on', async () => {
    await a.kill();
    const make = {
      owner: 'ann',
      server: 'all',
      upstream: 'up',
      tool: 'work',
      holder: undefined,
      attempts: 0,
    };
    const times = { deadlineMs: 1000, retentionMs: 100_000 };
    await fleet.store.tasks.create({ id: 'bad', ...make, ...times, body: Buffer.from('nonsense') });
    const task = taskToMake(a);
    const { image, ...row } = task;
    const body = sealImage(a.parts.seal, task.id, image);
    await fleet.store.tasks.create({ ...row, retentionMs: 1, holder: undefined, attempts: 0, body });
    const b = await fleet.replica();
    await fleet.clock.advance(1000);
    expect(await rowOf('bad')).toMatchObject({ state: 'failed' });
    expect((await fleet.store.tasks.read(task.id))?.state ?? 'completed').toBe('completed');
    expect([fleet.calls.length, b.errors.length]).toEqual([1, 1]);
  });
});

describe('a task whose replica died', () => {
  it('is run again where that is safe, as an attempt of its own', async () => {
    fleet.upstream.repeatable = true;
    silence();
    const id = await create();
    await quiet();
    await a.kill();
    answers(complete('done'));
    await fleet.replica();
    await fleet.clock.advance(2000);
    expect(await rowOf(id)).toMatchObject({ state: 'completed', attempts: 2 });
  });

  it('is interrupted where it is not', async () => {
    silence();
    const id = await create();
    await quiet();
    await a.kill();
    await fleet.replica();
    await fleet.clock.advance(2000);
    expect(await errorOf(id)).toContain('interrupted');
    expect(fleet.calls).toHaveLength(1);
  });

  it('is not run again though the upstream cannot be reached at first', async () => {
    silence();
    const id = await create();
    await quiet();
    await a.kill();
    const b = await fleet.replica();
    const { attempt } = b.parts;
    let fails = 1;
    Object.assign(b.parts, {
      attempt: (inbound: Parameters<typeof attempt>[0]) =>
        fails-- > 0
          ? Promise.resolve({ ...failed(-32603), code: 'UPSTREAM_UNAVAILABLE' as const })
          : attempt(inbound),
    });
    await fleet.clock.advance(20_000);
    expect(await errorOf(id)).toContain('may have run');
    expect(fleet.calls).toHaveLength(1);
  });

  it('is resumed where its call can be', async () => {
    fleet.upstream.answer = (call) => {
      call.task?.onResumable('where-it-is');
      return new Promise(() => undefined);
    };
    const id = await create();
    await quiet();
    await a.kill();
    answers(complete('resumed'));
    await fleet.replica();
    await fleet.clock.advance(2000);
    expect(fleet.calls[1]?.message.at('params', 'requestState')?.string()).toBe('where-it-is');
    expect(fleet.calls[1]?.task?.again).toBe(true);
    expect(await rowOf(id)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('is given up once it has taken many replicas with it', async () => {
    fleet.upstream.repeatable = true;
    silence();
    const id = await create();
    await quiet();
    let last = a;
    for (let n = 0; n < 12; n++) {
      await last.kill();
      last = await fleet.replica();
      await fleet.clock.advance(1500);
    }
    expect(await rowOf(id)).toMatchObject({ state: 'failed' });
    expect(fleet.calls.length).toBeLessThan(13);
  });
});

describe('a replica that stops', () => {
  const stop = async (replica: TestReplica, graceMs: number): Promise<void> => {
    const stopped = replica.work.stop(graceMs);
    await quiet();
    await fleet.clock.advance(graceMs + 10);
    await stopped;
    const again = replica.work.stop(0);
    await quiet();
    await fleet.clock.advance(10);
    await again;
  };

  it('lets calls end within the grace', async () => {
    let give = (_: Outcome): void => undefined;
    fleet.upstream.answer = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    const id = await create();
    await quiet();
    const stopped = a.work.stop(5000);
    await fleet.clock.advance(1000);
    give(complete('done'));
    await stopped;
    expect(await rowOf(id)).toMatchObject({ state: 'completed' });
  });

  it('interrupts what is not safe to repeat, and leaves the rest to others at once', async () => {
    silence();
    const unsafe = await create();
    await quiet();
    await stop(a, 100);
    expect(await errorOf(unsafe)).toContain('interrupted');
    fleet.upstream.repeatable = true;
    const b = await fleet.replica();
    const safe = await create(b);
    await quiet();
    await stop(b, 100);
    expect(await rowOf(safe)).toMatchObject({ state: 'working', holder: undefined });
  });

  it('leaves a resumable call under way to whoever takes it over', async () => {
    fleet.upstream.answer = (call) => {
      call.task?.onResumable('where');
      return new Promise(() => undefined);
    };
    const id = await create();
    await quiet();
    await stop(a, 100);
    expect(fleet.calls[0]?.signal.aborted).toBe(false);
    expect(await rowOf(id)).toMatchObject({ state: 'working', holder: a.id });
  });

  it('leaves what waits for its turn at once, and takes nothing more', async () => {
    fleet.upstream.concurrency = 1;
    silence();
    await create();
    const waiting = await create();
    await quiet();
    const stopped = a.work.stop(10_000);
    await quiet();
    expect(await rowOf(waiting)).toMatchObject({ state: 'working', holder: undefined, attempts: 0 });
    await a.work.goOn(waiting);
    await quiet();
    expect(await rowOf(waiting)).toMatchObject({ holder: undefined });
    expect((await rowOf(await create())).holder).toBeUndefined();
    await fleet.clock.advance(10_100);
    await stopped;
  });

  it('stops though the store is away', async () => {
    silence();
    await create();
    await quiet();
    a.storeAway = true;
    await stop(a, 100);
  });
});

describe('turns', () => {
  it('are taken by owners, however many tasks one has, also more than wait here', async () => {
    fleet.upstream.concurrency = 1;
    const gives: ((outcome: Outcome) => void)[] = [];
    fleet.upstream.answer = () => new Promise((resolve) => gives.push(resolve));
    for (let n = 0; n < 1050; n++) await create(a, 'ann');
    const bobs = await create(a, 'bob');
    for (let n = 0; n < 2; n++) {
      await quiet();
      gives.shift()?.(complete('done'));
    }
    await quiet();
    gives.shift()?.(complete('done'));
    await quiet();
    expect(await rowOf(bobs)).toMatchObject({ state: 'completed' });
  });

  it('are not waited for by a task that was cancelled', async () => {
    fleet.upstream.concurrency = 1;
    silence();
    await create();
    const waiting = await create();
    await quiet();
    await a.cancel(await rowOf(waiting));
    await quiet();
    expect(await rowOf(waiting)).toMatchObject({ state: 'cancelled', holder: undefined, body: undefined });
  });
});

describe('a task that is cancelled', () => {
  it('is so at once and for good, and its call is told', async () => {
    silence();
    const id = await create();
    await quiet();
    const b = await fleet.replica();
    expect(await b.cancel(await rowOf(id))).toMatchObject({ state: 'cancelled' });
    await quiet();
    expect(fleet.calls[0]?.signal.aborted).toBe(true);
    expect(await rowOf(id)).toMatchObject({ state: 'cancelled', holder: undefined });
  });

  it('is let go of though the wake-up was lost and the store was away', async () => {
    silence();
    const id = await create();
    await quiet();
    a.storeAway = true;
    await fleet.store.tasks.cancel(id, 60_000);
    await fleet.clock.advance(5000);
    a.storeAway = false;
    await fleet.clock.advance(2000);
    expect(await rowOf(id)).toMatchObject({ state: 'cancelled', holder: undefined });
  });

  it('tells an upstream of a task that it made as the call was cancelled', async () => {
    let give = (_: Outcome): void => undefined;
    fleet.upstream.answer = ({ method }) =>
      method === 'tools/call'
        ? new Promise((resolve) => {
            give = resolve;
          })
        : complete('');
    const id = await create();
    await quiet();
    await a.cancel(await rowOf(id));
    await quiet();
    give({ kind: 'task', result: JsonText.of({ resultType: 'task', taskId: 'theirs' }) });
    await quiet();
    expect(fleet.calls.at(-1)).toMatchObject({ method: 'tasks/cancel', name: 'theirs' });
  });
});
