import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import { openTestReplicas, type TestReplicas } from '../../test/support/test-replicas.ts';
import { GatewardError } from '../errors.ts';
import { createSeal } from '../lib/seal.ts';
import { StreamKeeper } from './stream-keeper.ts';
import { createStreamLog, type StreamLog } from './stream-log.ts';

const KEY = { session: 's', stream: 'p1' };
const ends: TestReplicas[] = [];
afterEach(async () => {
  for (const replicas of ends.splice(0)) await replicas.close();
});

async function setUp(change: (log: StreamLog) => Partial<StreamLog> = () => ({})) {
  const replicas = await openTestReplicas();
  ends.push(replicas);
  const { streams } = replicas.store;
  const seal = createSeal(randomBytes(32));
  const real = createStreamLog({ streams, seal, maxBytes: 1_000_000, maxAgeMs: 60_000 });
  const clock = new ManualClock();
  let work = 'first';
  let fenced = 0;
  const keeper = new StreamKeeper({
    log: { ...real, ...change(real) },
    clock,
    key: KEY,
    holder: 'me',
    requests: ['1'],
    work: () => Buffer.from(work),
    onFenced: () => fenced++,
  });
  const kept: string[] = [];
  const add = (text: string, patient = false) =>
    keeper.add({ data: Buffer.from(text), patient, kept: (number) => kept.push(`${number ?? '-'}:${text}`) });
  const stored = async () =>
    (await real.after(KEY, 0))?.events.map(({ number, data }) => `${number}:${data.toString()}`);
  const setWork = (text: string) => {
    work = text;
  };
  return { replicas, real, clock, keeper, kept, add, stored, setWork, fencedTimes: () => fenced };
}

describe('StreamKeeper', () => {
  it('makes the stream known with the first thing that it keeps, and with the work as it is by then', async () => {
    const { real, keeper, add, setWork, replicas } = await setUp();
    expect(keeper.isOpen).toBe(false);
    setWork('asked');
    const saved = keeper.save();
    await add('q', true);
    expect(await saved).toBe(true);
    expect((await real.read(KEY))?.work?.toString()).toBe('asked');
    expect(replicas.calls.filter((call) => call !== 'streams.read')).toEqual(['streams.append']);
    setWork('calling');
    expect(await keeper.save()).toBe(true);
    expect((await real.read(KEY))?.work?.toString()).toBe('calling');
  });

  it('waits a moment for a store that is gone, and longer for what has to be kept', async () => {
    const { replicas, clock, kept, add, stored } = await setUp();
    replicas.broken = true;
    void add('a', true);
    await quiet();
    await clock.advance(20_000);
    expect(kept).toEqual([]);
    replicas.broken = false;
    await clock.advance(1000);
    expect(kept).toEqual(['1:a']);
    replicas.broken = true;
    void add('b');
    await quiet();
    await clock.advance(2000);
    expect(kept).toEqual(['1:a']);
    await clock.advance(1100);
    expect(kept).toEqual(['1:a', '-:b']);
    void add('c');
    await quiet();
    expect(kept).toEqual(['1:a', '-:b', '-:c']);
    replicas.broken = false;
    await add('d');
    expect(kept.at(-1)).toBe('2:d');
    expect(await stored()).toEqual(['1:a', '2:d']);
  });

  it('passes over the number of what was kept after all', async () => {
    let isLost = false;
    const { clock, kept, add, stored } = await setUp((log) => ({
      append: async (...given) => {
        const done = await log.append(...given);
        if (isLost) throw new GatewardError('STORE_UNAVAILABLE');
        return done;
      },
    }));
    await add('a');
    isLost = true;
    void add('b');
    await quiet();
    await clock.advance(4000);
    isLost = false;
    await add('c');
    expect(kept).toEqual(['1:a', '-:b', '3:c']);
    expect(await stored()).toEqual(['1:a', '2:b', '3:c']);
  });

  it('says with the last events that nothing follows', async () => {
    const { real, replicas, keeper, add } = await setUp();
    const told: string[] = [];
    keeper.act(() => told.push(`open ${keeper.isOpen} ${keeper.last}`));
    await add('a');
    void add('b');
    keeper.act(() => told.push(`last ${keeper.last}`));
    await keeper.finish();
    expect(told).toEqual(['open true 0', 'last 2']);
    expect(await real.read(KEY)).toMatchObject({ ended: true, last: 2 });
    expect(replicas.calls.filter((call) => call !== 'streams.read')).toEqual([
      'streams.append',
      'streams.append',
    ]);
  });

  it('says that nothing follows once the store is back', async () => {
    const { real, replicas, clock, kept, keeper, add } = await setUp();
    await add('a');
    replicas.broken = true;
    void add('b');
    const finished = keeper.finish();
    await quiet();
    await clock.advance(4000);
    expect(kept).toEqual(['1:a', '-:b']);
    replicas.broken = false;
    await clock.advance(1000);
    await finished;
    expect(await real.read(KEY)).toMatchObject({ ended: true, last: 1 });
  });

  it("drops everything once the stream is another replica's", async () => {
    const { real, keeper, kept, add, fencedTimes } = await setUp();
    await add('a');
    await real.claim(KEY, { holder: 'me', epoch: 1 }, 'other');
    let ran = false;
    const rest = [add('b'), keeper.save(), keeper.finish()];
    keeper.act(() => {
      ran = true;
    });
    expect(await Promise.all(rest)).toEqual([undefined, false, undefined]);
    await add('c');
    expect(kept).toEqual(['1:a']);
    expect(ran).toBe(false);
    expect(fencedTimes()).toBe(1);
    expect((await real.read(KEY))?.ended).toBe(false);
  });
});
