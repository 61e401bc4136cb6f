import { expect, test } from 'vitest';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { MemoryBus, MemoryTables } from '../../../test/support/memory-tables.ts';
import { openFeed } from './feed.ts';

async function world() {
  const clock = new ManualClock();
  const tables = new MemoryTables(clock);
  const bus = new MemoryBus();
  tables.told.push({ sessions: ['old'], keys: ['old'], approvals: ['old'], cursor: '' });
  const feed = await openFeed({ changes: tables.changes, bus, clock, log: silentLog });
  const heard: string[] = [];
  feed.onSession((key) => heard.push(`session ${key}`));
  feed.onKey((id) => heard.push(`key ${id}`));
  feed.onApproval((upstream) => heard.push(`approval ${upstream}`));
  feed.onReset(() => heard.push('reset'));
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) await clock.advance(100);
  };
  return { tables, bus, feed, heard, pass };
}

test('changes are heard within half a second, or at once when they are announced', async () => {
  const { tables, feed, heard, pass } = await world();
  tables.told.push({ sessions: ['a', 'b'], keys: ['k'], approvals: ['files'], cursor: '' });
  await pass(500);
  expect(heard).toEqual(['session a', 'session b', 'key k', 'approval files']);
  feed.announce('session', 'c');
  feed.announce('key', 'l');
  feed.announce('approval', 'mail');
  expect(heard.slice(4)).toEqual(['session c', 'key l', 'approval mail']);
});

test('a feed is fresh while the store can be asked', async () => {
  const { tables, feed, heard, pass } = await world();
  expect(feed.isFresh()).toBe(true);
  await pass(5_000);
  expect(feed.isFresh()).toBe(true);
  tables.broken = 'before';
  await pass(1_100);
  expect(feed.isFresh()).toBe(false);
  tables.told.push({ sessions: ['missed'], keys: [], approvals: [], cursor: '' });
  tables.broken = 'no';
  await pass(500);
  expect([feed.isFresh(), heard]).toEqual([true, ['session missed']]);
});

test('when too much changed, everything is dropped, and the feed goes on', async () => {
  const { tables, heard, pass } = await world();
  tables.tooMuch = true;
  await pass(500);
  expect(heard).toEqual(['reset']);
  tables.tooMuch = false;
  tables.told.push({ sessions: ['a'], keys: [], approvals: [], cursor: '' });
  await pass(500);
  expect(heard).toEqual(['reset', 'session a']);
});

test('a closed feed looks no more', async () => {
  const { tables, feed, heard, pass, bus } = await world();
  await feed.close();
  tables.told.push({ sessions: ['a'], keys: [], approvals: [], cursor: '' });
  bus.publish('session', 'b');
  await pass(2_000);
  expect(heard).toEqual([]);
});
