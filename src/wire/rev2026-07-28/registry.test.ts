import { describe, expect, it } from 'vitest';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy, failedUpstream } from '../failure.ts';
import { methodRuleOf, nameHeaderOf, statusOf } from './registry.ts';

describe('methodRuleOf', () => {
  it.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'tasks/list',
    'tasks/result',
    'constructor',
    '',
  ])('knows no method %j', (method) => {
    expect(methodRuleOf(method)).toBeUndefined();
    expect(nameHeaderOf(method)).toBe('none');
  });

  it('lets only three methods ask for input', () => {
    const methods = [
      'server/discover',
      'tools/list',
      'tools/call',
      'prompts/list',
      'prompts/get',
      'resources/list',
    ];
    methods.push('resources/templates/list', 'resources/read', 'completion/complete', 'subscriptions/listen');
    expect(methods.filter((method) => methodRuleOf(method)?.mayAskForInput)).toEqual([
      'tools/call',
      'prompts/get',
      'resources/read',
    ]);
    expect(methods.filter((method) => methodRuleOf(method)?.cacheHints)).toHaveLength(6);
  });
});

describe('statusOf', () => {
  it.each([
    ['METHOD_NOT_FOUND', 404],
    ['HEADER_MISMATCH', 400],
    ['UNKNOWN_TOOL', 200],
    ['RATE_LIMITED', 429],
    ['UPSTREAM_LOST', 200],
  ] as const)('answers %s with %i', (code, status) => {
    expect(statusOf(failedBy(new GatewardError(code)))).toBe(status);
  });

  it.each([
    [-32601, 404],
    [-32021, 400],
    [-32602, 200],
    [-32603, 200],
    [-32000, 200],
    [42, 200],
  ])('answers %i of an upstream with %i', (code, status) => {
    expect(statusOf(failedUpstream(JsonText.of({ code, message: 'x' })))).toBe(status);
  });
});
