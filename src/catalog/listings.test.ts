import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call, Outcome } from '../call.ts';
import { NO_INSPECTOR } from '../inspector.ts';
import { JsonText } from '../lib/json-text.ts';
import { type Listing, Listings } from './listings.ts';
import type { Source } from './server-view.ts';

const quiet = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

interface Held {
  readonly call: Call;
  answer(tools: readonly string[], more?: object): void;
}

/** An upstream that answers when the test says so. */
function heldSource(): { source: Source; held: Held[] } {
  const held: Held[] = [];
  const source: Source = {
    name: 'a',
    era: () => 'modern',
    call: (call) =>
      new Promise<Outcome>((resolve) => {
        const answer = (tools: readonly string[], more: object = {}): void => {
          const result = { tools: tools.map((name) => ({ name })), ttlMs: 60_000, ...more };
          resolve({ kind: 'complete', result: JsonText.of(result) });
        };
        held.push({ call, answer });
      }),
  };
  return { source, held };
}

function setUp() {
  const { source, held } = heldSource();
  const changed: string[] = [];
  let now = 1_000;
  const listings = new Listings({
    now: () => now,
    log: quiet,
    watch: () => false,
    inspector: NO_INSPECTOR,
    onFound: (_, kind) => changed.push(kind),
  });
  const read = async (): Promise<Listing> => listings.read(source, 'tools', 'local');
  const passTime = async (ms: number): Promise<void> => {
    now += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { source, held, listings, read, passTime, changed };
}

const names = ({ items }: Listing): string[] => items.map(({ name }) => name);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('lists of upstreams', () => {
  it('are read again for whoever asks after a change, though a read from before it is under way', async () => {
    const { source, held, listings, read } = setUp();
    const before = read();
    listings.invalidate(source, 'tools', 'local');
    const after = read();
    held[0]?.answer(['old']);
    expect(names(await before)).toEqual(['old']);
    await vi.waitFor(() => expect(held).toHaveLength(2));
    held[1]?.answer(['new']);
    expect(names(await after)).toEqual(['new']);
  });

  it('are read once more, not once for each change, while a read is under way', async () => {
    const { source, held, listings, read } = setUp();
    const first = read();
    const later = [1, 2, 3].map(() => {
      listings.invalidate(source, 'tools', 'local');
      return read();
    });
    held[0]?.answer(['old']);
    await first;
    await vi.waitFor(() => expect(held).toHaveLength(2));
    held[1]?.answer(['new']);
    expect((await Promise.all(later)).map(names)).toEqual([['new'], ['new'], ['new']]);
    expect(held).toHaveLength(2);
  });

  it('are served as they were known when the upstream hangs, after a short wait and then at once', async () => {
    const { held, read, passTime } = setUp();
    const first = read();
    held[0]?.answer(['one']);
    await first;
    await passTime(61_000);
    const second = read();
    await passTime(2_000);
    await expect(second).resolves.toMatchObject({ stale: true });
    expect(names(await second)).toEqual(['one']);
    await expect(read()).resolves.toMatchObject({ stale: true });
    expect(held).toHaveLength(2);
  });

  it('that were never read are waited for once, and found later without being asked for again', async () => {
    const { held, read, passTime, changed } = setUp();
    const first = read();
    await passTime(15_000);
    expect(await first).toMatchObject({ stale: true, items: [] });
    expect(await read()).toMatchObject({ stale: true, items: [] });
    expect(changed).toEqual([]);
    held[0]?.answer(['late']);
    await vi.waitFor(() => expect(changed).toEqual(['tools']));
    expect(names(await read())).toEqual(['late']);
  });

  it('are told of when a later read finds another list than the one served', async () => {
    const { held, read, passTime, changed } = setUp();
    for (const [index, tools] of [['one'], ['one'], ['one', 'two']].entries()) {
      const reading = read();
      held[index]?.answer(tools);
      await reading;
      expect(changed).toHaveLength(index === 2 ? 1 : 0);
      await passTime(61_000);
    }
  });

  it('that are another with every read are told of only once in a while, so that listening clients do not go round', async () => {
    const { held, listings, source, changed, passTime } = setUp();
    for (let index = 0; index < 20; index++) {
      const reading = listings.refresh(source, 'tools', 'local');
      held[index]?.answer([`tool${index}`]);
      await reading;
      await passTime(1_000);
    }
    expect(changed).toHaveLength(2);
  });

  it('hold each name once, the first one', async () => {
    const { held, read } = setUp();
    const reading = read();
    held[0]?.answer(['x', 'y', 'x']);
    expect(names(await reading)).toEqual(['x', 'y']);
  });

  it('are asked for again at most once in the given time, and joined while they are read', async () => {
    const { source, held, listings, passTime } = setUp();
    const ask = () => listings.reread(source, 'tools', { context: 'local', everyMs: 2_000 });
    const [one, two] = [ask(), ask()];
    expect(held).toHaveLength(1);
    held[0]?.answer(['x']);
    expect(await one).toBe(await two);
    expect(ask()).toBeUndefined();
    await passTime(2_000);
    expect(ask()).toBeDefined();
  });

  it('are kept for a day at most, whatever the upstream says', async () => {
    const { held, read, passTime } = setUp();
    const reading = read();
    held[0]?.answer(['x'], { ttlMs: 1e300 });
    await reading;
    await passTime(86_400_001);
    void read();
    expect(held).toHaveLength(2);
  });
});
