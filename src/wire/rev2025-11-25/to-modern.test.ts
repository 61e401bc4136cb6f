import { describe, expect, it } from 'vitest';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { REV_2025_06_18 } from '../rev2025-06-18/revision.ts';
import { writeInitializeResult } from './initialize.ts';
import { capabilitiesToModern, paramsToModern } from './to-modern.ts';

const json = (text: string) => JsonText.parse(Buffer.from(text));

describe('capabilitiesToModern', () => {
  it.each([
    ['{"elicitation":{}}', '{"elicitation":{"form":{}}}'],
    ['{"elicitation":{"url":{}}}', '{"elicitation":{"url":{}}}'],
    ['{"roots":{"listChanged":true}}', '{"roots":{}}'],
    ['{"tasks":{"list":{}},"sampling":{}}', '{"sampling":{}}'],
    ['{"extensions":{"io.modelcontextprotocol/tasks":{},"x/y":{}}}', '{"extensions":{"x/y":{}}}'],
    ['{ "experimental":{"a":1e99} }', '{ "experimental":{"a":1e99} }'],
  ])('says %s as %s', (legacy, modern) => {
    expect(capabilitiesToModern(json(legacy)).text).toBe(modern);
  });
});

describe('paramsToModern', () => {
  const envelope = { capabilities: json('{}'), clientInfo: undefined, logLevel: undefined };

  it('puts the session above what the client wrote into the envelope', () => {
    const forged =
      '{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"keep":1},"task":{},"inputResponses":{},"requestState":"x","a":1}';
    expect(paramsToModern(json(forged), envelope).value()).toEqual({
      a: 1,
      _meta: {
        keep: 1,
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    });
  });

  it('makes params where there were none, and refuses a _meta that is no object', () => {
    expect(paramsToModern(undefined, envelope).get('_meta')?.keys()).toHaveLength(2);
    expect(() => paramsToModern(json('{"_meta":[]}'), envelope)).toThrow(GatewardError);
  });
});

describe('writeInitializeResult', () => {
  it('keeps what nobody knows, and offers no tasks extension', () => {
    const discovered = json(
      '{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}},"x":1e999,"ttlMs":0,"cacheScope":"private"}',
    );
    expect(writeInitializeResult(discovered, REV_2025_06_18, 'files').text).toBe(
      '{"capabilities":{},"x":1e999,"protocolVersion":"2025-06-18","serverInfo":{"name":"files","version":"unknown"}}',
    );
  });
});
