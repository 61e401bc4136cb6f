import { expect, test } from 'vitest';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { MemoryBus, MemoryTables } from '../../../test/support/memory-tables.ts';
import { joinFleet } from './membership.ts';

function world() {
  const clock = new ManualClock();
  const tables = new MemoryTables(clock);
  const bus = new MemoryBus();
  const join = () => joinFleet({ replicas: tables.replicas, bus, clock, log: silentLog });
  /** Lets time pass in small steps, so that whatever runs in between runs. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) await clock.advance(100);
  };
  return { clock, tables, bus, join, pass };
}

test('replicas know of each other at once, and of one that leaves', async () => {
  const { join, pass } = world();
  const [one, two] = [await join(), await join()];
  await pass(3_000);
  const deaths: string[] = [];
  one.onDeath((replica) => deaths.push(replica));
  expect(one.others()).toEqual([two.id]);
  expect([one.isAlive(one.id), one.isAlive(two.id), two.isAlive(one.id)]).toEqual([true, true, true]);
  await two.leave();
  await pass(500);
  expect(deaths).toEqual([two.id]);
  expect(one.isAlive(two.id)).toBe(false);
  expect(one.others()).toEqual([]);
});

test('a replica that says nothing for a lease is dead, and comes back with its next sign of life', async () => {
  const { join, pass, tables, clock } = world();
  const one = await join();
  tables.leases.set('silent', clock.now() + 2_500);
  const deaths: string[] = [];
  one.onDeath((replica) => deaths.push(replica));
  await pass(2_400);
  expect(one.isAlive('silent')).toBe(true);
  await pass(1_000);
  expect([one.isAlive('silent'), deaths]).toEqual([false, ['silent']]);
  tables.leases.set('silent', clock.now() + 2_500);
  await pass(600);
  expect(one.isAlive('silent')).toBe(true);
});

test('nobody dies of a store that stood still', async () => {
  const { join, pass, tables } = world();
  const [one, two] = [await join(), await join()];
  await pass(3_000);
  const deaths: string[] = [];
  let fenced = 0;
  for (const member of [one, two]) {
    member.onDeath((replica) => deaths.push(replica));
    member.onFenced(() => fenced++);
  }
  tables.broken = 'before';
  await pass(10_000);
  expect(one.isAlive(two.id)).toBe(true);
  tables.broken = 'no';
  await pass(5_000);
  expect(deaths).toEqual([]);
  expect(fenced).toBe(2);
});

test('one that was cut off is told that the others counted it as dead', async () => {
  const { join, pass, tables, clock } = world();
  const one = await join();
  let fenced = 0;
  one.onFenced(() => fenced++);
  await pass(3_000);
  expect(fenced).toBe(0);
  tables.leases.set(one.id, clock.now() - 1);
  await pass(600);
  expect(fenced).toBe(1);
});

test('a replica that nobody heard of counts as alive until the next look, and dies then', async () => {
  const { join, pass } = world();
  const one = await join();
  await pass(3_000);
  const deaths: string[] = [];
  one.onDeath((replica) => deaths.push(replica));
  expect(one.isAlive('stranger')).toBe(true);
  await pass(100);
  expect([one.isAlive('stranger'), deaths]).toEqual([false, ['stranger']]);
});

test('nothing is left running after a leave', async () => {
  const { join, pass, tables } = world();
  const one = await join();
  await one.leave();
  await one.leave();
  expect(tables.leases.size).toBe(0);
  await pass(2_000);
  expect(tables.leases.size).toBe(0);
});
