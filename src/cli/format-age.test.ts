import { expect, it } from 'vitest';
import { formatAge } from './format-age.ts';

it.each([
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_199_999, '1h'],
  [86_400_000, '1d'],
  [8_640_000_000, '100d'],
])('writes %i ms as %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
