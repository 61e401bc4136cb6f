import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseExpectedFailures } from './expected-failures.ts';

describe('parseExpectedFailures', () => {
  it('reads a scenario, a single check and their reasons', () => {
    const text = 'server:\n  - one # because\n  - two:check-id # why not\n';
    expect(parseExpectedFailures(text)).toEqual([
      { scenario: 'one', checkId: undefined, reason: 'because' },
      { scenario: 'two', checkId: 'check-id', reason: 'why not' },
    ]);
  });

  it('gives nothing for an empty file', () => {
    expect(parseExpectedFailures('')).toEqual([]);
  });

  it('refuses a line without a reason', () => {
    expect(() => parseExpectedFailures('server:\n  - one\n')).toThrow('one has no reason');
  });

  it('refuses anything but names', () => {
    expect(() => parseExpectedFailures('server:\n  - { scenario: one }\n')).toThrow(TypeError);
    expect(() => parseExpectedFailures('server: one\n')).toThrow(TypeError);
  });

  it('accepts the file of the project', async () => {
    const text = await readFile(join(import.meta.dirname, 'expected-failures.yaml'), 'utf8');
    expect(parseExpectedFailures(text).length).toBeGreaterThan(0);
  });
});
