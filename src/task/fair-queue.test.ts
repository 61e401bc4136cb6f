import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

describe('a fair queue', () => {
  it('starts at once what there is room for, and the rest as others leave', () => {
    const queue = new FairQueue();
    const started: number[] = [];
    for (const n of [1, 2, 3]) queue.enter({ owner: 'ann', start: () => started.push(n) }, 2);
    expect(started).toEqual([1, 2]);
    queue.leave(2);
    expect([started, queue.length, queue.running]).toEqual([[1, 2, 3], 0, 2]);
  });

  it('lets owners take turns, however many one has waiting', () => {
    const queue = new FairQueue();
    const started: string[] = [];
    queue.join();
    for (let n = 0; n < 1000; n++) queue.enter({ owner: 'ann', start: () => started.push('ann') }, 1);
    queue.enter({ owner: 'bob', start: () => started.push('bob') }, 1);
    queue.leave(1);
    queue.leave(1);
    expect(started).toEqual(['ann', 'bob']);
  });

  it('forgets one that does not wait any longer', () => {
    const queue = new FairQueue();
    const started: number[] = [];
    const all = [1, 2, 3].map((n) => ({ owner: 'ann', start: () => started.push(n) }));
    for (const one of all) queue.enter(one, 1);
    const [first, second] = all;
    for (const one of [first, second, second]) if (one !== undefined) queue.remove(one);
    expect(queue.length).toBe(1);
    queue.leave(1);
    expect([started, queue.length, queue.running]).toEqual([[1, 3], 0, 1]);
  });

  it('starts each once, and never more than the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('ann', 'bob', 'cy', 'leave')),
        fc.integer({ min: 1, max: 4 }),
        (moves, limit) => {
          const queue = new FairQueue();
          let entered = 0;
          let started = 0;
          let left = 0;
          for (const move of moves) {
            if (move !== 'leave') {
              entered++;
              queue.enter({ owner: move, start: () => started++ }, limit);
            } else if (started > left) {
              left++;
              queue.leave(limit);
            }
            expect(queue.running).toBe(started - left);
            expect(queue.running).toBeLessThanOrEqual(limit);
            expect(queue.length).toBe(entered - started);
          }
          for (; left < started; left++) queue.leave(limit);
          expect(started).toBe(entered);
        },
      ),
    );
  });
});
