import { describe, expect, it } from 'vitest';
import type { Check, Scenario } from './checks.ts';
import { judgeScenario } from './judge.ts';

const SCORED: Scenario = { name: 'tools-list', isScored: true, isExtension: false };
const EXTENSION: Scenario = { name: 'tasks-lifecycle', isScored: false, isExtension: true };
const LINE = { scenario: 'tasks-lifecycle', checkId: undefined, reason: 'durable tasks' };

function check(id: string, status: Check['status']): Check {
  return { id, name: id, status };
}

describe('judgeScenario', () => {
  it('passes when every check passes as it does direct', () => {
    const checks = [check('a', 'SUCCESS'), check('b', 'SKIPPED')];
    expect(judgeScenario({ scenario: SCORED, checks, reference: checks, expected: [] })).toEqual({
      passed: 1,
      expectedFailures: 0,
      problems: [],
    });
  });

  it('names a check that fails through the gateway only', () => {
    const { problems } = judgeScenario({
      scenario: SCORED,
      checks: [check('a', 'FAILURE')],
      reference: [check('a', 'SUCCESS')],
      expected: [],
    });
    expect(problems).toEqual(['a: FAILURE through the gateway, SUCCESS direct']);
  });

  it('names a check that fails in both runs', () => {
    const checks = [check('a', 'FAILURE')];
    const { problems } = judgeScenario({ scenario: SCORED, checks, reference: checks, expected: [] });
    expect(problems).toEqual(['a: fails']);
  });

  it('names a check that is missing, and one that has become a note', () => {
    const { problems } = judgeScenario({
      scenario: SCORED,
      checks: [check('a', 'SUCCESS'), check('c', 'INFO')],
      reference: [check('a', 'SUCCESS'), check('b', 'SUCCESS'), check('c', 'SUCCESS')],
      expected: [],
    });
    expect(problems).toEqual([
      'b: missing through the gateway, SUCCESS direct',
      'c: missing through the gateway, SUCCESS direct',
    ]);
  });

  it('names a check that only the gateway run has', () => {
    const { problems } = judgeScenario({
      scenario: SCORED,
      checks: [check('a', 'SUCCESS'), check('b', 'SUCCESS')],
      reference: [check('a', 'SUCCESS')],
      expected: [],
    });
    expect(problems).toEqual(['b: SUCCESS through the gateway, missing direct']);
  });

  it('tells checks with the same id apart by their order', () => {
    const { problems } = judgeScenario({
      scenario: SCORED,
      checks: [check('a', 'SUCCESS'), check('a', 'WARNING')],
      reference: [check('a', 'SUCCESS'), check('a', 'SUCCESS')],
      expected: [],
    });
    expect(problems).toEqual(['a #2: WARNING through the gateway, SUCCESS direct']);
  });

  it('counts failures that a line expects', () => {
    const checks = [check('a', 'FAILURE'), check('b', 'SUCCESS')];
    const verdict = judgeScenario({ scenario: EXTENSION, checks, reference: checks, expected: [LINE] });
    expect(verdict).toEqual({ passed: 1, expectedFailures: 1, problems: [] });
  });

  it('refuses a line that passes', () => {
    const { problems } = judgeScenario({
      scenario: EXTENSION,
      checks: [check('a', 'SUCCESS')],
      reference: [check('a', 'FAILURE')],
      expected: [LINE],
    });
    expect(problems).toEqual(['passes, so remove the line "tasks-lifecycle" from expected-failures.yaml']);
  });

  it('refuses a line for one check that passes while others fail', () => {
    const checks = [check('a', 'SUCCESS'), check('b', 'FAILURE')];
    const lines = [
      { ...LINE, checkId: 'a' },
      { ...LINE, checkId: 'b' },
    ];
    const { problems } = judgeScenario({ scenario: EXTENSION, checks, reference: checks, expected: lines });
    expect(problems).toEqual(['passes, so remove the line "tasks-lifecycle:a" from expected-failures.yaml']);
  });

  it('does not excuse a check that passes direct because a line expects the scenario to fail', () => {
    const { problems } = judgeScenario({
      scenario: EXTENSION,
      checks: [check('a', 'FAILURE'), check('b', 'FAILURE')],
      reference: [check('a', 'SUCCESS'), check('b', 'FAILURE')],
      expected: [LINE],
    });
    expect(problems).toEqual(['a: FAILURE through the gateway, SUCCESS direct']);
  });

  it('lets an extension do better through the gateway than direct', () => {
    const { passed, problems } = judgeScenario({
      scenario: EXTENSION,
      checks: [check('a', 'SUCCESS'), check('new', 'SUCCESS')],
      reference: [check('a', 'FAILURE'), check('b', 'FAILURE')],
      expected: [],
    });
    expect({ passed, problems }).toEqual({ passed: 2, problems: [] });
  });

  it('fails a scenario that left no checks', () => {
    const { problems } = judgeScenario({ scenario: SCORED, checks: undefined, reference: [], expected: [] });
    expect(problems).toEqual(['the scenario left no checks']);
  });

  it('does not count warnings of a direct run as passed or failed', () => {
    const verdict = judgeScenario({ scenario: SCORED, checks: [check('a', 'WARNING')], expected: [] });
    expect(verdict).toEqual({ passed: 0, expectedFailures: 0, problems: [] });
  });
});
