import { describe, expect, it } from 'vitest';
import { makeCall } from '../../test/support/calls.ts';
import { JsonText } from '../lib/json-text.ts';
import { outcomeOfResult } from './modern-result.ts';

const TASK = { resultType: 'task', taskId: 't', status: 'working' };
const invalid = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

function sketch(method: string, extensions?: Readonly<Record<string, object>>) {
  const call = makeCall({ method, params: {} });
  const clientCapabilities = JsonText.of(extensions === undefined ? {} : { extensions });
  return { method, meta: { ...call.meta, clientCapabilities } };
}

describe('outcomeOfResult', () => {
  const tasks = { 'io.modelcontextprotocol/tasks': {} };

  it('makes a task of a task, for a tool of a caller who knows tasks', () => {
    const result = JsonText.of(TASK);
    expect(outcomeOfResult(result, sketch('tools/call', tasks))).toEqual({ kind: 'task', result });
  });

  it.each([
    ['a caller who knows no extensions', TASK, sketch('tools/call')],
    ['a caller who knows another extension', TASK, sketch('tools/call', { 'a/b': {} })],
    ['another method', TASK, sketch('prompts/get', tasks)],
    ['a task without an id', { ...TASK, taskId: undefined }, sketch('tools/call', tasks)],
  ])('refuses a task for %s', (_, result, call) => {
    expect(() => outcomeOfResult(JsonText.of(result), call)).toThrow(invalid);
  });

  it('passes what another extension means to who declares one', () => {
    const result = JsonText.of({ resultType: 'later' });
    expect(outcomeOfResult(result, sketch('tools/call', tasks))).toEqual({ kind: 'complete', result });
    expect(() => outcomeOfResult(result, sketch('tools/call'))).toThrow(invalid);
  });
});
