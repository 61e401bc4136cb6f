import { describe, expect, it } from 'vitest';
import type { Call } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import {
  declaresTasks,
  declareTasks,
  tasksNotDeclared,
  undeclareTasks,
  wantsTasks,
} from './declare-tasks.ts';
import { META_KEYS, TASKS_EXTENSION } from './meta-keys.ts';

function callWith(capabilities: Record<string, unknown>): Call {
  const clientCapabilities = JsonText.of(capabilities);
  const _meta = { [META_KEYS.clientCapabilities]: capabilities, other: 1 };
  return {
    message: JsonText.of({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', _meta } }),
    id: '1',
    method: 'tools/call',
    name: 'x',
    meta: {
      protocolVersion: '2026-07-28',
      clientCapabilities,
      clientInfo: undefined,
      logLevel: undefined,
      progressToken: undefined,
    },
    signal: new AbortController().signal,
    notify: () => undefined,
    legacy: undefined,
  };
}

const sent = (call: Call) => call.message.at('params', '_meta', META_KEYS.clientCapabilities)?.value();

describe('the declaration of tasks', () => {
  it('comes and goes in the message and in what is known of it, and leaves the rest alone', () => {
    const bare = callWith({ sampling: {}, extensions: { 'x/y': {} } });
    const declared = declareTasks(bare);
    expect([declaresTasks(bare), declaresTasks(declared)]).toEqual([false, true]);
    expect(sent(declared)).toEqual({ sampling: {}, extensions: { 'x/y': {}, [TASKS_EXTENSION]: {} } });
    expect(declared.message.at('params', '_meta', 'other')?.text).toBe('1');
    expect(sent(undeclareTasks(declared))).toEqual(sent(bare));
  });

  it('is not made twice, nor taken from where there is none', () => {
    const bare = callWith({});
    const declared = declareTasks(bare);
    expect(declareTasks(declared)).toBe(declared);
    expect(undeclareTasks(bare)).toBe(bare);
  });

  it('is what the refusal of a call without it asks for', () => {
    const { data } = tasksNotDeclared();
    expect(wantsTasks(JsonText.of({ code: -32021, message: '', data }))).toBe(true);
    expect(wantsTasks(JsonText.of({ code: -32021, message: '' }))).toBe(false);
    expect(wantsTasks(JsonText.of({ code: -32000, message: '', data }))).toBe(false);
  });
});
