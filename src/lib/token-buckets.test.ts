import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.ts';

describe('TokenBuckets', () => {
  it('grants the burst, then refuses and says how long to wait', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3, maxKeys: 10 });
    expect([1, 2, 3].map(() => buckets.take('a', 0))).toEqual([0, 0, 0]);
    expect(buckets.take('a', 0)).toBe(100);
    expect(buckets.take('b', 0)).toBe(0);
    expect(buckets.take('a', 50)).toBe(50);
    expect(buckets.take('a', 100)).toBe(0);
    expect(buckets.take('a', 100)).toBe(100);
  });

  it('fills up to the burst and no further', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 2, maxKeys: 10 });
    buckets.take('a', 0);
    expect([1, 2].map(() => buckets.take('a', 1_000_000))).toEqual([0, 0]);
    expect(buckets.take('a', 1_000_000)).toBeGreaterThan(0);
  });

  it('never grants more than rate and burst allow, whatever the clock does', () => {
    const steps = fc.array(fc.integer({ min: -50, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (gaps) => {
        const buckets = new TokenBuckets({ perSecond: 5, burst: 4, maxKeys: 10 });
        let now = 0;
        let forward = 0;
        let granted = 0;
        for (const gap of gaps) {
          now += gap;
          forward += Math.max(0, gap);
          if (buckets.take('a', now) === 0) granted++;
        }
        expect(granted).toBeLessThanOrEqual(4 + (forward * 5) / 1000 + 1e-6);
      }),
    );
  });

  it('remembers a bounded number of keys, and forgets idle ones first', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 2, maxKeys: 3 });
    for (let n = 0; n < 100; n++) buckets.take(`k${n}`, 0);
    expect(buckets.size).toBe(3);
    const idle = new TokenBuckets({ perSecond: 1, burst: 2, maxKeys: 3 });
    idle.take('busy', 4000);
    idle.take('idle', 0);
    idle.take('other', 4000);
    idle.take('busy', 4000);
    idle.take('new', 4000);
    expect(idle.take('busy', 4000)).toBe(1000);
  });
});
