import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('waits grow from failure to failure up to the maximum', () => {
  const options = { firstMs: 1_000, maxMs: 10_000, random: () => 1 };
  expect([1, 2, 3, 4, 5, 1_000].map((failures) => backoffMs(failures, options))).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test('chance takes away up to a half', () => {
  expect(backoffMs(3, { firstMs: 1_000, maxMs: 10_000, random: () => 0 })).toBe(2_000);
});
