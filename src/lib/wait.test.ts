import { expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { wait } from './wait.ts';

function handClock(): { clock: Clock; ring: () => void; waiting: () => number } {
  const alarms = new Set<() => void>();
  return {
    clock: {
      now: () => 0,
      after: (_, run) => {
        alarms.add(run);
        return () => alarms.delete(run);
      },
    },
    ring: () => {
      for (const run of alarms) run();
    },
    waiting: () => alarms.size,
  };
}

test('a wait ends with its time', async () => {
  const { clock, ring, waiting } = handClock();
  const done = wait(clock, 5, new AbortController().signal);
  ring();
  await done;
  expect(waiting()).toBe(0);
});

test('a wait ends when its signal aborts, and leaves no timer behind', async () => {
  const { clock, waiting } = handClock();
  const abort = new AbortController();
  const done = wait(clock, 5, abort.signal);
  abort.abort();
  await done;
  expect(waiting()).toBe(0);
  await wait(clock, 5, abort.signal);
});
