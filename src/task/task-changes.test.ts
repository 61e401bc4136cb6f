import { expect, it } from 'vitest';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import { createLocalBus } from '../store/bus/local-bus.ts';
import { TaskChanges } from './task-changes.ts';

function start() {
  const clock = new ManualClock();
  const changes = new TaskChanges(createLocalBus(), clock);
  return { clock, changes };
}

it('a watcher hears of its task alone, until it ends that', async () => {
  const { changes } = start();
  const heard: string[] = [];
  const end = changes.watch('a', () => heard.push('a'));
  changes.watch('b', () => heard.push('b'));
  changes.announce('a');
  await quiet();
  end();
  changes.announce('a');
  await quiet();
  expect(heard).toEqual(['a']);
});

it('every watcher looks from time to time, should wake-ups be lost', async () => {
  const { changes, clock } = start();
  let looks = 0;
  changes.watch('a', () => looks++);
  await clock.advance(15_500);
  expect(looks).toBe(3);
});

it('there is one timer, whatever watchers do when they are woken, and none without watchers', async () => {
  const { changes, clock } = start();
  const ends = [changes.watch('a', () => ends.push(changes.watch('b', () => undefined)))];
  await clock.advance(30_000);
  expect(clock.pending).toBe(1);
  for (const end of ends) end();
  await clock.advance(5_000);
  expect(clock.pending).toBe(0);
});

it('nothing is woken or begun after the end', async () => {
  const { changes, clock } = start();
  let looks = 0;
  changes.watch('a', () => looks++);
  changes.close();
  changes.watch('a', () => looks++);
  changes.announce('a');
  await clock.advance(10_000);
  expect([looks, clock.pending]).toEqual([0, 0]);
});

it('tells whoever works on a task that it was cancelled', async () => {
  const { changes } = start();
  const stopped: string[] = [];
  changes.onStop((id) => stopped.push(id));
  changes.announceStop('a');
  await quiet();
  expect(stopped).toEqual(['a']);
});
