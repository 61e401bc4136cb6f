import { expect, test } from 'vitest';
import { makeCall } from '../../test/support/calls.ts';
import { repeatableBy } from './is-repeatable.ts';

const tool = (name: string) => makeCall({ name, params: { name } });

test('a tool is repeatable where the operator says so', () => {
  expect(repeatableBy(true)(tool('any'))).toBe(true);
  expect(repeatableBy(false)(tool('any'))).toBe(false);
  const some = repeatableBy(['get_*', 'a.b', '*']).call(undefined, tool('x'));
  expect(some).toBe(true);
  const named = repeatableBy(['get_*', 'a.b']);
  expect(['get_', 'get_one', 'a.b', 'axb', 'forget_one'].map((name) => named(tool(name)))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('what only reads may always be read again', () => {
  expect(repeatableBy(false)(makeCall({ method: 'tools/list', params: {} }))).toBe(true);
});
