import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { missingCapability, replyForRevision, withinContext } from './upstream-reverse.ts';

const parse = (text: string) => JsonText.parse(Buffer.from(text));

describe('missingCapability', () => {
  const form = { elicitation: { form: {} } };
  const url = { elicitation: { url: {} } };
  const tools = { sampling: { tools: {} } };
  it.each([
    ['elicitation/create', {}, {}, form],
    ['elicitation/create', {}, { elicitation: {} }, undefined],
    ['elicitation/create', {}, form, undefined],
    ['elicitation/create', {}, url, form],
    ['elicitation/create', { mode: 'form' }, { elicitation: {} }, undefined],
    ['elicitation/create', { mode: 'url' }, { elicitation: {} }, url],
    ['elicitation/create', { mode: 'url' }, url, undefined],
    ['sampling/createMessage', {}, {}, { sampling: {} }],
    ['sampling/createMessage', {}, { sampling: {} }, undefined],
    ['sampling/createMessage', { tools: [] }, { sampling: {} }, tools],
    ['sampling/createMessage', { toolChoice: {} }, {}, tools],
    ['sampling/createMessage', { tools: [] }, tools, undefined],
    ['roots/list', {}, { sampling: {} }, { roots: {} }],
    ['roots/list', {}, { roots: {} }, undefined],
  ])('for %s with %j and a client that declares %j is %j', (method, params, declared, missing) => {
    expect(missingCapability({ method, params: JsonText.of(params) }, JsonText.of(declared))).toEqual(
      missing,
    );
  });
});

it.each([
  ['{"includeContext":"thisServer"}', '{"sampling":{}}', '{"includeContext":"none"}'],
  ['{"includeContext":"thisServer"}', '{"sampling":{"context":{}}}', '{"includeContext":"thisServer"}'],
  ['{"includeContext":"none"}', '{}', '{"includeContext":"none"}'],
  ['{}', '{}', '{}'],
])('withinContext makes of %s for %s %s', (params, declared, allowed) => {
  expect(withinContext(parse(params), parse(declared))?.text).toBe(allowed);
});

describe('replyForRevision', () => {
  const one = '{"type":"text","text":"a"}';
  const image = '{"type":"image","data":"AA=="}';
  it.each([
    ['2025-11-25', `{"content":[${one},${image}]}`, `{"content":[${one},${image}]}`],
    ['2025-06-18', `{"content":[${image}],"model":"m"}`, `{"content":${image},"model":"m"}`],
    ['2025-03-26', `{"content":[${one},${one}]}`, '{"content":{"type":"text","text":"a\\na"}}'],
    ['2024-11-05', '{"content":[]}', '{"content":{"type":"text","text":""}}'],
    ['2024-11-05', `{"content":[${one},${image}]}`, undefined],
    ['2024-11-05', '{"action":"accept","content":{"a":[1]}}', '{"action":"accept","content":{"a":[1]}}'],
  ])('makes for %s of %s %s', (version, result, reply) => {
    expect(replyForRevision(parse(result), version)?.text).toBe(reply);
  });
});
