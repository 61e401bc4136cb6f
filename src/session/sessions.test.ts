import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import { openTestReplicas, type TestReplicas } from '../../test/support/test-replicas.ts';
import { createSessionRows, type SessionRows, type SessionState } from './sessions.ts';

const UNCHANGED = { ended: false, logLevel: undefined, subscriptions: [], streamHolder: undefined };
const ends: TestReplicas[] = [];
afterEach(async () => {
  for (const replicas of ends.splice(0)) await replicas.close();
});

async function setUp(maxCached = 100) {
  const replicas = await openTestReplicas();
  ends.push(replicas);
  const clock = new ManualClock();
  const open = async (id: string) => {
    const fleet = await replicas.join(id);
    const rows = createSessionRows({ sessions: fleet.store.sessions, feed: fleet.feed, clock, maxCached });
    return { fleet, rows };
  };
  const [a, b] = [await open('a'), await open('b')];
  const count = (name: string) => replicas.calls.filter((call) => call === name).length;
  return { replicas, clock, a, b, count };
}

const ref = (key: string) => ({ key, expiresAtMs: 100_000_000_000_000 });

function watch(rows: SessionRows, ...keys: string[]): [string, SessionState][] {
  const told: [string, SessionState][] = [];
  rows.watch({
    holds: (key) => keys.includes(key),
    keys: () => keys,
    changed: (key, state) => told.push([key, state]),
  });
  return told;
}

describe('createSessionRows', () => {
  it('asks once about a session that changed nothing, and never about one that was made here', async () => {
    const { a, count } = await setUp();
    a.rows.begin('new');
    expect(await a.rows.read('new')).toEqual(UNCHANGED);
    expect(count('sessions.read')).toBe(0);
    expect(await Promise.all([a.rows.read('x'), a.rows.read('x')])).toEqual([UNCHANGED, UNCHANGED]);
    await a.rows.read('x');
    expect(count('sessions.read')).toBe(1);
  });

  it('tells every replica of the level, the subscriptions, the stream and what did not fit into the id', async () => {
    const { a, b } = await setUp();
    await b.rows.read('x');
    await a.rows.setLogLevel(ref('x'), 'error');
    await a.rows.addSubscription(ref('x'), 'x:1');
    await b.rows.addSubscription(ref('x'), 'x:2');
    await a.rows.addSubscription(ref('x'), 'x:3');
    await a.rows.removeSubscription(ref('x'), 'x:1');
    await a.rows.setStreamHolder(ref('x'), 'a');
    await a.rows.keepExtra(ref('x'), Buffer.from('{}'));
    await quiet();
    const changed = { ended: false, logLevel: 'error', subscriptions: ['x:2', 'x:3'], streamHolder: 'a' };
    expect(await a.rows.read('x')).toEqual(changed);
    expect(await b.rows.read('x')).toEqual(changed);
    expect((await b.rows.readExtra('x'))?.toString()).toBe('{}');
  });

  it('ends a session everywhere, and lets nothing bring it back', async () => {
    const { a, b } = await setUp();
    const [here, there] = [watch(a.rows, 'x'), watch(b.rows, 'x', 'y')];
    await b.rows.read('x');
    await a.rows.end(ref('x'));
    expect(here).toEqual([['x', { ...UNCHANGED, ended: true }]]);
    await quiet();
    expect(there).toEqual([['x', { ...UNCHANGED, ended: true }]]);
    await b.rows.setLogLevel(ref('x'), 'debug');
    expect((await b.rows.read('x')).ended).toBe(true);
  });

  it('asks the store while the feed is not fresh, and says that it is gone instead of guessing', async () => {
    const { replicas, a, b } = await setUp();
    await b.rows.read('x');
    replicas.deaf = true;
    await a.rows.setLogLevel(ref('x'), 'error');
    expect((await b.rows.read('x')).logLevel).toBeUndefined();
    b.fleet.fresh = false;
    expect((await b.rows.read('x')).logLevel).toBe('error');
    replicas.broken = true;
    await expect(b.rows.read('x')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    b.fleet.fresh = true;
    expect((await b.rows.read('x')).logLevel).toBe('error');
  });

  it('does not remember what was read before a change and answered after it', async () => {
    const { a, b } = await setUp();
    const reading = b.rows.read('x');
    const writing = a.rows.setLogLevel(ref('x'), 'error');
    await Promise.all([reading, writing]);
    await quiet();
    expect((await b.rows.read('x')).logLevel).toBe('error');
  });

  it('looks at all sessions in use after a gap, again where the store was gone', async () => {
    const { replicas, clock, a, b } = await setUp();
    const told = watch(b.rows, 'x', 'y');
    replicas.deaf = true;
    await a.rows.end(ref('x'));
    replicas.broken = true;
    b.fleet.reset();
    await quiet();
    expect(told).toEqual([]);
    replicas.broken = false;
    await clock.advance(1000);
    expect(told.map(([key, { ended }]) => [key, ended]).sort()).toEqual([
      ['x', true],
      ['y', false],
    ]);
  });

  it('remembers a bounded number of sessions', async () => {
    const { a, count } = await setUp(2);
    for (const key of ['x', 'y', 'z', 'x']) await a.rows.read(key);
    expect(count('sessions.read')).toBe(4);
    await a.rows.read('z');
    expect(count('sessions.read')).toBe(4);
  });
});
