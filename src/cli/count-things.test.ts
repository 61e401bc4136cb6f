import { expect, it } from 'vitest';
import { countThings } from './count-things.ts';

it('one thing is one, and none are several', () => {
  expect([0, 1, 2].map((count) => countThings(count, 'problem'))).toEqual([
    '0 problems',
    '1 problem',
    '2 problems',
  ]);
});
