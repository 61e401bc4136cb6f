import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { openTestReplicas, type TestReplicas } from '../../test/support/test-replicas.ts';
import { GatewardError } from '../errors.ts';
import { createSeal } from '../lib/seal.ts';
import { StreamKeeper } from './stream-keeper.ts';
import { createStreamLog } from './stream-log.ts';

let replicas: TestReplicas | undefined;
afterEach(() => replicas?.close());

const tick = (): Promise<void> => new Promise(setImmediate);
const KEY = { session: 's', stream: 'p123456789012' };

/** A keeper whose writes of work end only when they are let go, and what of the work the store was given. */
async function keep() {
  replicas = await openTestReplicas();
  const { streams } = replicas.store;
  const log = createStreamLog({
    streams,
    seal: createSeal(randomBytes(32)),
    maxBytes: 1e9,
    maxAgeMs: 60_000,
  });
  const written: string[] = [];
  const waiting: ((error?: GatewardError) => void)[] = [];
  let now = 'first';
  const work = (): Buffer => {
    written.push(now);
    return Buffer.from(now);
  };
  const wait = (): Promise<void> =>
    new Promise((resolve, reject) => waiting.push((error) => (error ? reject(error) : resolve())));
  const clock = new ManualClock();
  const keeper = new StreamKeeper({
    log: {
      ...log,
      open: (row) => log.open(row).then(wait),
      saveWork: async (key, by, bytes) => {
        await wait();
        return log.saveWork(key, by, bytes);
      },
    },
    clock,
    key: KEY,
    holder: 'me',
    requests: ['1'],
    work,
    onFenced: () => undefined,
  });
  return {
    keeper,
    written,
    clock,
    row: async () => (await log.read(KEY))?.work?.toString(),
    letGo: async (error?: GatewardError) => {
      while (waiting.length === 0) await tick();
      waiting.shift()?.(error);
      await tick();
    },
    save: (text: string) => {
      now = text;
      return keeper.save();
    },
  };
}

test('what changes while the stream is being made known is kept too', async () => {
  const { keeper, letGo, save, row } = await keep();
  keeper.act(() => undefined);
  await tick();
  const saved = save('asking');
  await letGo();
  await letGo();
  expect(await saved).toBe(true);
  expect(await row()).toBe('asking');
});

test('what changes while the work is being kept is kept too', async () => {
  const { written, letGo, save, row } = await keep();
  const first = save('asking');
  await letGo();
  expect(await first).toBe(true);
  const second = save('calling one');
  await tick();
  const third = save('calling both');
  await letGo();
  expect(await second).toBe(true);
  await letGo();
  expect(await third).toBe(true);
  expect(await row()).toBe('calling both');
  expect(written).toEqual(['asking', 'calling one', 'calling both']);
});

test('work that changed since a stream was made known without an answer is kept after it', async () => {
  const { keeper, clock, letGo, save, row } = await keep();
  keeper.act(() => undefined);
  await tick();
  const saved = save('asking');
  await letGo(new GatewardError('STORE_UNAVAILABLE'));
  await clock.advance(100);
  await letGo();
  await letGo();
  expect(await saved).toBe(true);
  expect(await row()).toBe('asking');
});
