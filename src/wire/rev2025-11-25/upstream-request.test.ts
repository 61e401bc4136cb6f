import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import {
  legacyCapabilities,
  legacyParams,
  mayBeAsked,
  offersMethod,
  withProgressToken,
} from './upstream-request.ts';

const parse = (text: string) => JsonText.parse(Buffer.from(text));

describe('legacyParams', () => {
  it.each([
    ['{"params":{"a":1,"_meta":{"io.modelcontextprotocol/logLevel":"info"}}}', '{"a":1}'],
    ['{"params":{"a": 1 ,"requestState":"s","inputResponses":{},"task":{"ttl":1}}}', '{"a": 1}'],
    ['{"params":{"_meta":{"progressToken":1,"x":0.10}}}', '{"_meta":{"x":0.10}}'],
    ['{"params":{"_meta":7}}', '{"_meta":7}'],
    ['{}', undefined],
    ['{"params":[]}', undefined],
  ])('makes of %s %s', (message, params) => {
    expect(legacyParams(parse(message))?.text).toBe(params);
  });

  it('keeps the value of every member that is not of the modern era', () => {
    const key = fc
      .string()
      .filter((name) => !['task', 'requestState', 'inputResponses', '_meta', '__proto__'].includes(name));
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (params) => {
        const kept = legacyParams(JsonText.of({ params: { ...params, task: 1, requestState: '' } }));
        expect(kept?.value()).toEqual(JSON.parse(JSON.stringify(params)));
      }),
    );
  });
});

it('withProgressToken puts the token among what is in _meta', () => {
  const token = JsonText.written('9');
  expect(withProgressToken(undefined, token).text).toBe('{"_meta":{"progressToken":9}}');
  expect(withProgressToken(parse('{"a":1,"_meta":{"x":2}}'), token).text).toBe(
    '{"a":1,"_meta":{"x":2,"progressToken":9}}',
  );
});

describe('legacyCapabilities', () => {
  it.each([
    ['{"elicitation":{},"x":1.0}', '{"elicitation":{},"x":1.0}'],
    ['{"tasks":{},"roots":{"listChanged":true}}', '{"roots":{}}'],
    ['{"extensions":{"io.modelcontextprotocol/tasks":{},"a/b":{}}}', '{"extensions":{"a/b":{}}}'],
    ['[]', '{}'],
  ])('declares for %s %s', (declared, bridged) => {
    expect(legacyCapabilities(parse(declared), false).text).toBe(bridged);
  });

  it('keeps that roots change where somebody tells', () => {
    expect(legacyCapabilities(parse('{"roots":{"listChanged":true}}'), true).text).toBe(
      '{"roots":{"listChanged":true}}',
    );
  });

  it('knows what lets a server ask', () => {
    expect(
      ['{"roots":{}}', '{"sampling":{}}', '{"elicitation":{}}'].every((text) => mayBeAsked(parse(text))),
    ).toBe(true);
    expect(mayBeAsked(parse('{"experimental":{"roots":{}}}'))).toBe(false);
  });
});

it('offersMethod passes methods that it does not know, such as those of extensions', () => {
  const server = { version: '2025-11-25', capabilities: parse('{}') };
  expect(offersMethod(server, 'x/y')).toBe(true);
  expect(offersMethod(server, 'tools/list')).toBe(false);
});
