import { describe, expect, it } from 'vitest';
import type { PartKind } from './client-file.ts';
import { makePart } from './find-parts.ts';
import { judgeChange } from './judge-change.ts';

const FILE = { client: 'c', path: '/f', format: 'json', scope: 'user', selectors: [] } as const;
const OURS = { url: 'http://127.0.0.1:3232/mcp' };

function level(kind: PartKind, before: unknown, after: unknown, protects?: true): string {
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const part = makePart(
    { kind, at: ['x', '*'], ...(protects ? { protects } : {}) },
    ['x', 'y'],
    after ?? before,
  );
  const gateways = ['http://localhost:3232'];
  return judgeChange({ file: FILE, part, what, before, after, gateways }).level;
}

describe('judgeChange', () => {
  it.each([
    ['server', undefined, { command: 'npx' }, 'question'],
    ['server', { command: 'npx' }, undefined, 'question'],
    ['server', OURS, undefined, 'alarm'],
    ['server', { url: 'https://a.example' }, { url: 'http://127.0.0.1:1' }, 'alarm'],
    ['server', { command: 'npx', args: ['a'] }, { command: 'npx', args: ['b'] }, 'alarm'],
    ['server', { command: 'npx' }, { command: 'npx', env: { NODE_OPTIONS: '-r x' } }, 'alarm'],
    ['server', { url: 'https://a.example' }, { url: 'https://a.example', alwaysAllow: ['rm'] }, 'alarm'],
    ['server', { url: 'https://a.example' }, { url: 'https://a.example', disabled: true }, 'question'],
    ['server', undefined, { command: 'np\u200Bx' }, 'alarm'],
    ['hook', undefined, [{ command: 'x' }], 'alarm'],
    ['hook', [{ command: 'x' }], [{ command: 'y' }], 'alarm'],
    ['hook', [{ command: 'x' }], undefined, 'question'],
    ['trust', undefined, true, 'alarm'],
    ['trust', true, undefined, 'question'],
    ['trust', ['a'], ['a', 'b'], 'alarm'],
    ['trust', ['a', 'b'], ['b'], 'question'],
  ] as const)('takes a %s that was %j and is %j for a %s', (kind, before, after, expected) => {
    expect(level(kind, before, after)).toBe(expected);
  });

  it.each([
    [true, undefined, 'alarm'],
    [true, false, 'alarm'],
    [undefined, true, 'question'],
    [['a', 'b'], ['a'], 'alarm'],
    [['a'], ['a', 'b'], 'question'],
  ] as const)('takes a protection that was %j and is %j for a %s', (before, after, expected) => {
    expect(level('trust', before, after, true)).toBe(expected);
  });
});
