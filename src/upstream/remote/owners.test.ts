import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeCall } from '../../../test/support/calls.ts';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import {
  openTestReplicas,
  type TestReplica,
  type TestReplicas,
} from '../../../test/support/test-replicas.ts';
import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { Owners } from './owners.ts';
import { type Replicas, replicasOf } from './replicas.ts';

let replicas: TestReplicas;
const clock = new ManualClock();
const OUTCOME: Outcome = { kind: 'complete', result: JsonText.of({}) };

beforeEach(async () => {
  replicas = await openTestReplicas();
});

afterEach(() => replicas.close());

interface Made {
  readonly fleet: TestReplica;
  readonly owners: Owners;
  /** Replicas that were asked, one after the other. */
  readonly asked: string[];
  /** What the next calls at others end in. */
  readonly answers: (() => Promise<Outcome>)[];
  readonly fence: () => void;
}

async function join(id: string): Promise<Made> {
  const fleet = await replicas.join(id);
  const asked: string[] = [];
  const answers: (() => Promise<Outcome>)[] = [];
  let fence = (): void => undefined;
  const port: Replicas = {
    ...replicasOf(fleet, {
      callAt: (replica) => {
        asked.push(replica);
        return answers.shift()?.() ?? Promise.resolve(OUTCOME);
      },
    }),
    onFenced: (run) => {
      fence = run;
      return () => undefined;
    },
  };
  const owners = new Owners({ replicas: port, clock, log: silentLog });
  return { fleet, owners, asked, answers, fence: () => fence() };
}

const call = (made: Made, mayRepeat = false, forwarded = false) =>
  made.owners.callElsewhere(
    'thing',
    { upstream: 'u', context: 'local', call: { ...makeCall(), forwarded } },
    mayRepeat,
  );

const failing = (code: 'UPSTREAM_UNAVAILABLE' | 'UPSTREAM_LOST' | 'STOPPING') => () =>
  Promise.reject(new GatewardError(code));

test('the first that needs a thing owns it, and is asked by the others', async () => {
  const [a, b] = [await join('a'), await join('b')];
  expect(await call(a)).toBeUndefined();
  expect(await call(b)).toBe(OUTCOME);
  expect(await call(b)).toBe(OUTCOME);
  expect(b.asked).toEqual(['a', 'a']);
  expect(replicas.calls.filter((name) => name === 'owners.claim')).toHaveLength(2);
});

test('many that need it at once are one claim', async () => {
  const a = await join('a');
  await Promise.all([call(a), call(a), a.owners.hold('thing')]);
  expect(replicas.calls.filter((name) => name === 'owners.claim')).toHaveLength(1);
});

test('what is released can be had by another, whatever was remembered', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const held = await a.owners.hold('thing');
  await held.leaveNote(Buffer.from('note'));
  expect(await call(b)).toBe(OUTCOME);
  held.release();
  held.release();
  b.answers.push(failing('UPSTREAM_UNAVAILABLE'));
  expect(await call(b)).toBeUndefined();
  expect((await b.owners.hold('thing')).takeNote()).toBeUndefined();
});

test('a thing that is wanted while it is being given up is owned anew', async () => {
  const gate = Promise.withResolvers<void>();
  const { owners } = replicas.store;
  const release: typeof owners.release = async (...given) => {
    await gate.promise;
    await owners.release(...given);
  };
  Object.assign(replicas.store, { owners: { ...owners, release } });
  const [a, b] = [await join('a'), await join('b')];
  (await a.owners.hold('thing')).release();
  const again = a.owners.hold('thing');
  await new Promise(setImmediate);
  gate.resolve();
  await again;
  expect(await call(b)).toBe(OUTCOME);
  expect(b.asked).toEqual(['a']);
});

test('a thing that is kept passes on with its note when its owner is gone', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const held = await a.owners.hold('thing');
  await held.leaveNote(Buffer.from('note'));
  held.release('keep');
  a.fleet.die();
  const next = await b.owners.hold('thing');
  expect(next.takeNote()?.toString()).toBe('note');
  expect(next.takeNote()).toBeUndefined();
});

test('an owner that says that nothing was run is not asked for ever', async () => {
  const [a, b] = [await join('a'), await join('b')];
  await call(a);
  b.answers.push(failing('UPSTREAM_UNAVAILABLE'));
  await expect(call(b)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(b.asked).toEqual(['a']);
});

test('a call that another replica sent here is not sent on', async () => {
  const [a, b] = [await join('a'), await join('b')];
  await call(a);
  await expect(call(b, false, true)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(b.asked).toEqual([]);
});

test('a call whose owner dies is made again only where it may be', async () => {
  const [a, b] = [await join('a'), await join('b')];
  await call(a);
  const dying = () => {
    a.fleet.die();
    return failing('UPSTREAM_LOST')();
  };
  b.answers.push(failing('UPSTREAM_LOST'), failing('UPSTREAM_LOST'), dying);
  await expect(call(b)).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  await expect(call(b, true)).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  expect(await call(b, true)).toBeUndefined();
});

test('an owner that stops is waited for, and its things are had then', async () => {
  const [a, b] = [await join('a'), await join('b')];
  await call(a);
  b.answers.push(failing('STOPPING'));
  const outcome = call(b);
  await new Promise(setImmediate);
  a.fleet.die();
  expect(await outcome).toBeUndefined();
});

test('a replica that was counted as dead asks who owns what it had, and lets go of what is lost', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const [lost, kept] = [await a.owners.hold('thing'), await a.owners.hold('other')];
  const told: string[] = [];
  lost.onLost(() => told.push('lost'));
  kept.onLost(() => told.push('kept'));
  a.fleet.die();
  await b.owners.hold('thing');
  const [again] = [await replicas.join('a')];
  expect(again.membership.id).toBe('a');
  a.fence();
  expect(await call(a)).toBe(OUTCOME);
  expect(await a.owners.hold('other')).toBeDefined();
  expect(told).toEqual(['lost']);
  lost.release();
  expect(await call(a)).toBe(OUTCOME);
});

test('a store that is away is told, and asked again', async () => {
  const a = await join('a');
  replicas.broken = true;
  await expect(call(a)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  replicas.broken = false;
  expect(await call(a)).toBeUndefined();
});
