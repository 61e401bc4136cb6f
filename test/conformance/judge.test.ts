import { describe, expect, it } from 'vitest';
import type { Check, Scenario } from './checks.ts';
import type { Line } from './expectations.ts';
import { type Evidence, judgeScenario } from './judge.ts';

const SCORED: Scenario = { name: 'tools-list', isScored: true, isExtension: false };
const EXTENSION: Scenario = { name: 'tasks-lifecycle', isScored: false, isExtension: true };
const NOT_BUILT: Line = { kind: 'not-built', scenario: 'tasks-lifecycle', checks: undefined };

function check(id: string, status: Check['status'], endsInToolError = false): Check {
  return { id, name: id, status, endsInToolError };
}

function notCarried(...checks: string[]): Line {
  return { kind: 'not-carried', scenario: 'tools-list', checks };
}

function judge(evidence: Partial<Evidence>) {
  return judgeScenario({ scenario: SCORED, checks: undefined, reference: [], lines: [], ...evidence });
}

describe('judgeScenario', () => {
  it('passes when every check passes as it does direct', () => {
    const checks = [check('a', 'SUCCESS'), check('b', 'SKIPPED')];
    expect(judge({ checks, reference: checks })).toEqual({
      passed: 1,
      notCarried: 0,
      notBuilt: 0,
      problems: [],
    });
  });

  it('names a check that fails through the gateway only', () => {
    const { problems } = judge({ checks: [check('a', 'FAILURE')], reference: [check('a', 'SUCCESS')] });
    expect(problems).toEqual(['a: FAILURE through the gateway, SUCCESS direct']);
  });

  it('names a check that fails in both runs', () => {
    const checks = [check('a', 'FAILURE')];
    expect(judge({ checks, reference: checks }).problems).toEqual(['a: fails']);
  });

  it('names a check that is missing, and one that has become a note', () => {
    const { problems } = judge({
      checks: [check('a', 'SUCCESS'), check('c', 'INFO')],
      reference: [check('a', 'SUCCESS'), check('b', 'SUCCESS'), check('c', 'SUCCESS')],
    });
    expect(problems).toEqual([
      'b: missing through the gateway, SUCCESS direct',
      'c: missing through the gateway, SUCCESS direct',
    ]);
  });

  it('names a check that only the gateway run has', () => {
    const { problems } = judge({
      checks: [check('a', 'SUCCESS'), check('b', 'SUCCESS')],
      reference: [check('a', 'SUCCESS')],
    });
    expect(problems).toEqual(['b: SUCCESS through the gateway, missing direct']);
  });

  it('tells checks with the same id apart by their order', () => {
    const { problems } = judge({
      checks: [check('a', 'SUCCESS'), check('a', 'WARNING')],
      reference: [check('a', 'SUCCESS'), check('a', 'SUCCESS')],
    });
    expect(problems).toEqual(['a #2: WARNING through the gateway, SUCCESS direct']);
  });

  it('names a check that passes on a tool error', () => {
    const { problems } = judge({ checks: [check('a', 'SUCCESS', true)], reference: [check('a', 'SUCCESS')] });
    expect(problems).toEqual(['a: passes, but the call ends in a tool error on one side only']);
  });

  it('fails a scenario that left no checks', () => {
    expect(judge({ checks: undefined }).problems).toEqual(['the scenario left no checks']);
  });
});

describe('a line for what a pair cannot carry', () => {
  it.each(['FAILURE', 'WARNING', 'INFO'] as const)('excuses a check that ends in %s', (status) => {
    const verdict = judge({
      checks: [check('a', status), check('b', 'SUCCESS')],
      reference: [check('a', 'SUCCESS'), check('b', 'SUCCESS')],
      lines: [notCarried('a')],
    });
    expect(verdict).toEqual({ passed: 1, notCarried: 1, notBuilt: 0, problems: [] });
  });

  it('excuses a check that is missing, and no other', () => {
    const { notCarried: count, problems } = judge({
      checks: [check('c', 'SUCCESS')],
      reference: [check('a', 'SUCCESS'), check('b', 'SUCCESS'), check('c', 'SUCCESS')],
      lines: [notCarried('a')],
    });
    expect(count).toBe(1);
    expect(problems).toEqual(['b: missing through the gateway, SUCCESS direct']);
  });

  it('is refused once the check passes', () => {
    const checks = [check('a', 'SUCCESS'), check('b', 'WARNING')];
    const reference = [check('a', 'SUCCESS'), check('b', 'SUCCESS')];
    expect(judge({ checks, reference, lines: [notCarried('a', 'b')] }).problems).toEqual([
      'nothing needs the line "tools-list:a" of expectations.yaml, so remove it',
    ]);
  });

  it('is refused when no run has the check', () => {
    const checks = [check('a', 'SUCCESS')];
    expect(judge({ checks, reference: checks, lines: [notCarried('b')] }).problems).toEqual([
      'nothing needs the line "tools-list:b" of expectations.yaml, so remove it',
    ]);
  });
});

describe('a line for what is left to the server', () => {
  const line: Line = { kind: 'left-to-the-server', scenario: 'tools-list', checks: ['a'] };
  const reference = [check('a', 'SUCCESS')];

  it.each(['SUCCESS', 'INFO'] as const)('takes %s, and counts nothing', (status) => {
    const verdict = judge({ checks: [check('a', status)], reference, lines: [line] });
    expect(verdict).toEqual({ passed: 0, notCarried: 0, notBuilt: 0, problems: [] });
  });

  it('does not take a failure', () => {
    const { problems } = judge({ checks: [check('a', 'FAILURE')], reference, lines: [line] });
    expect(problems).toContain('a: FAILURE through the gateway, SUCCESS direct');
  });
});

describe('a scenario of an extension', () => {
  it('counts failures of what is not built', () => {
    const checks = [check('a', 'FAILURE'), check('b', 'SUCCESS')];
    const verdict = judge({ scenario: EXTENSION, checks, reference: checks, lines: [NOT_BUILT] });
    expect(verdict).toEqual({ passed: 1, notCarried: 0, notBuilt: 1, problems: [] });
  });

  it('refuses a line when it passes', () => {
    const { problems } = judge({
      scenario: EXTENSION,
      checks: [check('a', 'SUCCESS')],
      reference: [check('a', 'FAILURE')],
      lines: [NOT_BUILT],
    });
    expect(problems).toEqual(['nothing needs the line "tasks-lifecycle" of expectations.yaml, so remove it']);
  });

  it('does not excuse a check that passes direct because it is not built', () => {
    const { problems } = judge({
      scenario: EXTENSION,
      checks: [check('a', 'FAILURE'), check('b', 'FAILURE')],
      reference: [check('a', 'SUCCESS'), check('b', 'FAILURE')],
      lines: [NOT_BUILT],
    });
    expect(problems).toEqual(['a: FAILURE through the gateway, SUCCESS direct']);
  });

  it('may do better through the gateway than direct', () => {
    const { passed, problems } = judge({
      scenario: EXTENSION,
      checks: [check('a', 'SUCCESS'), check('new', 'SUCCESS')],
      reference: [check('a', 'FAILURE'), check('b', 'FAILURE')],
    });
    expect({ passed, problems }).toEqual({ passed: 2, problems: [] });
  });
});
