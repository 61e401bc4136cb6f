import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { findRevision } from '../legacy-revisions.ts';
import { toReverseRequest } from './reverse-request.ts';
import { REV_2025_11_25 } from './revision.ts';

const ALL = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: {},
};

function reverse(request: object, options: { version?: string; capabilities?: object } = {}) {
  const made = toReverseRequest(JsonText.of(request), {
    revision: findRevision(options.version ?? '2025-11-25') ?? REV_2025_11_25,
    capabilities: JsonText.of(options.capabilities ?? ALL),
    elicitationId: () => 'minted',
  });
  if (made.kind === 'lacking') return made.capability;
  return made.kind === 'invalid' ? made.kind : made.params?.value();
}

const form = (properties: object, schema: object = {}) => ({
  method: 'elicitation/create',
  params: { mode: 'form', message: 'm', requestedSchema: { ...schema, type: 'object', properties } },
});
const sample = (params: object) => ({
  method: 'sampling/createMessage',
  params: { messages: [], maxTokens: 1, ...params },
});
const url = {
  method: 'elicitation/create',
  params: { mode: 'url', message: 'm', url: 'https://x.example/' },
};

describe('toReverseRequest', () => {
  it('keeps what the client can be asked, byte for byte', () => {
    const params =
      '{"mode":"form", "message":"m","requestedSchema":{"type":"object","properties":{},"x":1e999}}';
    const request = JsonText.parse(Buffer.from(`{"method":"elicitation/create","params":${params}}`));
    const made = toReverseRequest(request, {
      revision: REV_2025_11_25,
      capabilities: JsonText.of(ALL),
      elicitationId: () => '',
    });
    expect(made.kind === 'ask' && made.params?.text).toBe(params);
  });

  it.each([
    ['a form', form({}), { elicitation: { url: {} } }, 'elicitation.form'],
    ['a url', url, { elicitation: { form: {} } }, 'elicitation.url'],
    ['sampling', sample({}), {}, 'sampling'],
    ['tools', sample({ tools: [] }), { sampling: {} }, 'sampling.tools'],
    ['a choice of tools', sample({ toolChoice: {} }), { sampling: {} }, 'sampling.tools'],
    ['roots', { method: 'roots/list' }, {}, 'roots'],
  ])('never asks for %s without the capability', (_, request, capabilities, lacking) => {
    expect(reverse(request, { capabilities })).toBe(lacking);
  });

  it.each([
    ['2025-06-18', url, 'elicitation.url'],
    ['2025-03-26', form({}), 'elicitation.form'],
    ['2024-11-05', form({}), 'elicitation.form'],
    ['2025-06-18', sample({ tools: [] }), 'sampling.tools'],
  ])('never asks %s for what it does not know', (version, request, lacking) => {
    expect(reverse(request, { version })).toBe(lacking);
  });

  it('refuses what is no input request', () => {
    for (const request of [{ method: 'tools/call', params: {} }, {}, { method: 'elicitation/create' }]) {
      expect(reverse(request)).toBe('invalid');
    }
  });

  it('gives a url elicitation an id unless it has one', () => {
    expect(reverse(url)).toMatchObject({ elicitationId: 'minted', url: 'https://x.example/' });
    expect(reverse({ ...url, params: { ...url.params, elicitationId: 'own' } })).toMatchObject({
      elicitationId: 'own',
    });
  });

  it('words a form for 2025-06-18: enumNames for titles, no mode, no dialect, defaults of booleans only', () => {
    const properties = {
      one: { type: 'string', oneOf: [{ const: 'a', title: 'A' }, { const: 'b' }], default: 'a', title: 'T' },
      two: { type: 'string', enum: ['x'], default: 'x' },
      three: { type: 'boolean', default: true },
      four: { type: 'integer', default: 3, minimum: 1 },
    };
    expect(reverse(form(properties, { $schema: 's' }), { version: '2025-06-18' })).toEqual({
      message: 'm',
      requestedSchema: {
        type: 'object',
        properties: {
          one: { type: 'string', title: 'T', enum: ['a', 'b'], enumNames: ['A', 'b'] },
          two: { type: 'string', enum: ['x'] },
          three: { type: 'boolean', default: true },
          four: { type: 'integer', minimum: 1 },
        },
      },
    });
    const several = { many: { type: 'array', items: { type: 'string', enum: ['a'] } } };
    expect(reverse(form(several), { version: '2025-06-18' })).toContain('elicitation.form');
  });

  it('makes several messages of several blocks before 2025-11-25, and text of audio before 2025-03-26', () => {
    const audio = { type: 'audio', data: 'AA==', mimeType: 'audio/wav' };
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'a' }, audio] }];
    expect(reverse(sample({ messages }))).toMatchObject({ messages });
    expect(reverse(sample({ messages }), { version: '2025-06-18' })).toMatchObject({
      messages: [
        { role: 'user', content: { type: 'text', text: 'a' } },
        { role: 'user', content: audio },
      ],
    });
    expect(reverse(sample({ messages }), { version: '2024-11-05' })).toMatchObject({
      messages: [{ content: { text: 'a' } }, { content: { type: 'text' } }],
    });
    const used = [{ role: 'user', content: { type: 'tool_result', toolUseId: 'x', content: [] } }];
    expect(reverse(sample({ messages: used }), { version: '2025-06-18' })).toBe('sampling.tools');
  });

  it('asks for no context of servers without the capability, where there is one', () => {
    const request = sample({ includeContext: 'allServers' });
    const capabilities = { sampling: {} };
    expect(reverse(request, { capabilities })).toMatchObject({ includeContext: 'none' });
    expect(reverse(request)).toMatchObject({ includeContext: 'allServers' });
    expect(reverse(request, { capabilities, version: '2025-06-18' })).toMatchObject({
      includeContext: 'allServers',
    });
  });
});
