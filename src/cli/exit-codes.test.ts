import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EXIT, exitCodeOf } from './exit-codes.ts';

it('gives scripts one code for each kind of failure', () => {
  expect(exitCodeOf('CONFIG_UNREADABLE')).toBe(2);
  expect(exitCodeOf('GATEWAY_UNREACHABLE')).toBe(3);
  expect(exitCodeOf('ADMIN_KEY_REQUIRED')).toBe(4);
  expect(exitCodeOf('SERVER_NOT_FOUND')).toBe(5);
  expect(exitCodeOf('INTERNAL_ERROR')).toBe(1);
});

it('documents every exit code', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
  expect(rows).toEqual(Object.values(EXIT));
});
