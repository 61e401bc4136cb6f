import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Call } from '../call.ts';
import { ownCall } from '../catalog/own-call.ts';
import { JsonText } from '../lib/json-text.ts';
import { createSeal } from '../lib/seal.ts';
import { bindState, openBoundState, type StateBinding } from './bound-state.ts';

const seal = createSeal(randomBytes(32));
const STATE = JsonText.of('what the upstream wants back: ü, "quoted"');

function callOf(principal: string, params: Readonly<Record<string, unknown>>, method = 'tools/call'): Call {
  return { ...ownCall({ method, params, signal: AbortSignal.abort() }), principal };
}
const ARGUMENTS = { name: 'ask', arguments: { b: 1, a: [2] } };
const own: StateBinding = { server: 'all', call: callOf('key:ann', ARGUMENTS) };
const given = bindState(seal, own, STATE);

it('a state comes back as the upstream gave it', () => {
  expect(openBoundState(seal, own, given)?.text).toBe(STATE.text);
  const number = JsonText.of(12);
  expect(openBoundState(seal, own, bindState(seal, own, number))?.text).toBe('12');
});

it('a client cannot read it', () => {
  expect(Buffer.from(given.string() ?? '', 'base64url').toString('latin1')).not.toContain('upstream');
});

it('answers, the state itself and _meta do not count, nor does the order of keys', () => {
  const params = { arguments: { a: [2], b: 1 }, name: 'ask', inputResponses: { q: {} }, requestState: 'x' };
  expect(openBoundState(seal, { ...own, call: callOf('key:ann', params) }, given)?.text).toBe(STATE.text);
});

describe('it is refused', () => {
  it.each<readonly [string, StateBinding]>([
    ['to another caller', { ...own, call: callOf('key:bob', ARGUMENTS) }],
    [
      'to a caller that is not known',
      { ...own, call: ownCall({ method: 'tools/call', params: ARGUMENTS, signal: AbortSignal.abort() }) },
    ],
    ['at another server', { ...own, server: 'other' }],
    ['for another tool', { ...own, call: callOf('key:ann', { ...ARGUMENTS, name: 'tell' }) }],
    [
      'for other arguments',
      { ...own, call: callOf('key:ann', { ...ARGUMENTS, arguments: { a: [2], b: 2 } }) },
    ],
    ['for another method', { ...own, call: callOf('key:ann', ARGUMENTS, 'prompts/get') }],
  ])('%s', (_, binding) => {
    expect(openBoundState(seal, binding, given)).toBe(undefined);
  });

  it.each([
    ['changed', JsonText.of(`${given.string()?.slice(0, -2)}AA`)],
    ["an upstream's own", STATE],
    ['no text', JsonText.of({ a: 1 })],
    ['sealed for another use', JsonText.of(seal.seal(Buffer.from('[1,"x","y"]'), 'cursor'))],
    ['sealed elsewhere', bindState(createSeal(randomBytes(32)), own, STATE)],
  ])('%s', (_, text) => {
    expect(openBoundState(seal, own, text)).toBe(undefined);
  });
});
