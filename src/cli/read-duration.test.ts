import { expect, it } from 'vitest';
import { readDuration } from './read-duration.ts';

it.each([
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['90d', 7_776_000_000],
  ['2w', 1_209_600_000],
  ['10y', 315_360_000_000],
])('%s is %i milliseconds', (text, ms) => {
  expect(readDuration(text)).toBe(ms);
});

it.each(['', '90', 'd', '0d', '-1d', '1.5d', '11y', '9999999d', '1 d', '90D', '1d2h'])(
  '%j is no duration',
  (text) => {
    expect(readDuration(text)).toBe(undefined);
  },
);
