import { expect, it } from 'vitest';
import { countThings, sayOfThings } from './count-things.ts';

it('one thing is one, and none are several', () => {
  expect([0, 1, 2].map((count) => countThings(count, 'problem'))).toEqual([
    '0 problems',
    '1 problem',
    '2 problems',
  ]);
});

it('what is said of one thing is not what is said of several', () => {
  expect([0, 1, 2].map((count) => sayOfThings(count, 'part', ['differs', 'differ']))).toEqual([
    '0 parts differ',
    '1 part differs',
    '2 parts differ',
  ]);
});
