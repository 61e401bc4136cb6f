import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turns } from './turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Takes turns by name, and tells in which order they come. */
function queue(turns: Turns) {
  const order: string[] = [];
  const take = async (name: string, isUrgent = false): Promise<void> => {
    order.push(`${name} ${(await turns.take(1_000, isUrgent)) ? 'runs' : 'gives up'}`);
  };
  return { order, take };
}

test('turns come in their order, urgent ones first', async () => {
  const turns = new Turns({ atATime: 2, maxWaiting: 10 });
  const { order, take } = queue(turns);
  for (const name of ['a', 'b', 'c', 'd']) void take(name);
  void take('e', true);
  await vi.advanceTimersByTimeAsync(0);
  expect(order).toEqual(['a runs', 'b runs']);
  for (let n = 0; n < 3; n += 1) turns.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(order.slice(2)).toEqual(['e runs', 'c runs', 'd runs']);
});

test('who waits too long gives up, and leaves its place to the next', async () => {
  const turns = new Turns({ atATime: 1, maxWaiting: 10 });
  const { order, take } = queue(turns);
  void take('a');
  void take('b');
  await vi.advanceTimersByTimeAsync(999);
  void take('c');
  await vi.advanceTimersByTimeAsync(1);
  turns.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(order).toEqual(['a runs', 'b gives up', 'c runs']);
  turns.end();
  expect(turns.take(0, false)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('no more wait than may', () => {
  const turns = new Turns({ atATime: 1, maxWaiting: 1 });
  expect(turns.take(1_000, false)).toBe(true);
  expect(turns.take(1_000, false)).toBeInstanceOf(Promise);
  expect(turns.take(1_000, false)).toBe(false);
});
