import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { linesFor, parseExpectations } from './expectations.ts';
import { UPSTREAM_NAMES } from './upstreams.ts';

const LIMIT = {
  suite: '2026-07-28',
  upstreams: ['legacy-http'],
  scenario: 'one',
  checks: ['a'],
  because: 'it is so',
  quotes: ['rule'],
};
const FILE = {
  specification: { repository: 'owner/name', folder: 'docs', commit: '0'.repeat(40) },
  quotes: { rule: { page: '2026-07-28/basic/index.mdx', section: 'Rules', sentence: 'It is so.' } },
  'not-carried': [LIMIT],
  'left-to-the-server': [{ ...LIMIT, scenario: 'two' }],
  'not-built': [{ suite: '2026-07-28', scenario: 'three', because: 'later' }],
};

describe('parseExpectations', () => {
  it('gives the lines for one suite in front of one upstream', () => {
    const expectations = parseExpectations(stringify(FILE));
    expect(linesFor(expectations, '2026-07-28', 'legacy-http')).toEqual([
      { kind: 'not-carried', scenario: 'one', checks: ['a'] },
      { kind: 'left-to-the-server', scenario: 'two', checks: ['a'] },
      { kind: 'not-built', scenario: 'three', checks: undefined },
    ]);
    expect(linesFor(expectations, '2026-07-28', 'modern-http').map(({ kind }) => kind)).toEqual([
      'not-built',
    ]);
    expect(linesFor(expectations, '2025-11-25', 'legacy-http')).toEqual([]);
  });

  it('refuses a line without a quote, and one whose quote is not there', () => {
    const without = { ...FILE, 'not-carried': [{ ...LIMIT, quotes: [] }] };
    expect(() => parseExpectations(stringify(without))).toThrow();
    const unknown = { ...FILE, 'not-carried': [{ ...LIMIT, quotes: ['rule', 'other'] }] };
    expect(() => parseExpectations(stringify(unknown))).toThrow('no quote other');
  });

  it('refuses a quote that no line needs', () => {
    const file = { ...FILE, 'not-carried': [], 'left-to-the-server': [] };
    expect(() => parseExpectations(stringify(file))).toThrow('no line needs the quote rule');
  });

  it('refuses two lines for one check', () => {
    const file = { ...FILE, 'left-to-the-server': [LIMIT] };
    expect(() => parseExpectations(stringify(file))).toThrow('two lines for 2026-07-28 legacy-http one:a');
  });

  it('refuses a key that it does not know', () => {
    expect(() => parseExpectations(stringify({ ...FILE, others: [] }))).toThrow();
  });
});

describe('the expectations of the project', async () => {
  const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, name), 'utf8');
  const expectations = parseExpectations(await read('expectations.yaml'));
  const specification = await read('specification.txt');

  it('name only upstreams of the matrix', () => {
    const named = expectations.limits.flatMap(({ upstreams }) => upstreams);
    expect(named.filter((name) => !UPSTREAM_NAMES.includes(name))).toEqual([]);
  });

  it('quote one commit of the specification', () => {
    expect(specification).toContain(`commit ${expectations.commit}`);
  });

  it.each([...expectations.quotes])('quote %s as it stands in the specification', (_name, quote) => {
    const parts = specification.split(/^== /m);
    const part = parts.find((text) => text.startsWith(`${quote.page} § ${quote.section}\n`)) ?? '';
    expect(oneLine(part)).toContain(oneLine(quote.sentence));
  });
});

/** Line ends are no part of a sentence. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
