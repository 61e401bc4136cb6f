import { describe, expect, it } from 'vitest';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy, failedUpstream } from '../failure.ts';
import { findRevision } from '../legacy-revisions.ts';
import { failureToLegacy } from './error-to-legacy.ts';
import { REV_2025_11_25, type Revision } from './revision.ts';
import { isPlainResult, notificationToLegacy, resultToLegacy } from './to-legacy.ts';

const json = (text: string) => JsonText.parse(Buffer.from(text));

function translate(
  text: string,
  method: string,
  options: { version?: string; wrapped?: boolean } = {},
): string {
  const revision: Revision = findRevision(options.version ?? '2025-11-25') ?? REV_2025_11_25;
  return resultToLegacy(json(text), { method, revision, wrapped: options.wrapped ?? false }).text;
}

describe('resultToLegacy', () => {
  it('keeps every byte where nothing has to change', () => {
    const text =
      '{ "content": [ {"type":"text", "text":"é\\u0041"} ], "big": 123456789012345678901234567890.10 }';
    expect(translate(text, 'tools/call')).toBe(text);
  });

  it('takes away what only modern results have, and a _meta that held nothing else', () => {
    const meta = '"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x"}}';
    expect(translate(`{"resultType":"complete","ttlMs":5,"cacheScope":"public",${meta}}`, 'ping')).toBe('{}');
    const kept =
      '{"io.modelcontextprotocol/serverInfo":{},"a/b":1e400,"io.modelcontextprotocol/related-task":{}}';
    expect(translate(`{"x":1,"_meta":${kept}}`, 'tools/call')).toBe(
      '{"x":1,"_meta":{"a/b":1e400,"io.modelcontextprotocol/related-task":{}}}',
    );
  });

  it.each([
    ['[1,2]', '{"structuredContent":{"result":[1,2]},"content":[{"type":"text","text":"[1,2]"}]}'],
    ['null', '{"structuredContent":{"result":null},"content":[{"type":"text","text":"null"}]}'],
    ['0', '{"structuredContent":{"result":0},"content":[{"type":"text","text":"0"}]}'],
    ['{"a":1}', '{"structuredContent":{"a":1}}'],
  ])('makes an object of structuredContent %s', (value, expected) => {
    expect(translate(`{"structuredContent":${value}}`, 'tools/call')).toBe(expected);
  });

  it('tells clients that know no structured results the same in a text block', () => {
    const text = '{"structuredContent":{"a":1},"content":[]}';
    expect(translate(text, 'tools/call', { version: '2025-06-18' })).toBe(text);
    expect(translate(text, 'tools/call', { version: '2025-03-26' })).toBe(
      '{"structuredContent":{"a":1},"content":[{"type":"text","text":"{\\"a\\":1}"}]}',
    );
    const told = '{"structuredContent":{"a":1},"content":[{"type":"text","text":"one"}]}';
    expect(translate(told, 'tools/call', { version: '2024-11-05' })).toBe(told);
  });

  it('wraps objects of tools whose schema was wrapped, and adds no second text', () => {
    const text = '{"content":[{"type":"text","text":"t"}],"structuredContent":{"a":1}}';
    expect(translate(text, 'tools/call', { wrapped: true })).toBe(
      '{"content":[{"type":"text","text":"t"}],"structuredContent":{"result":{"a":1}}}',
    );
  });

  it('wraps output schemas that are no objects, and moves their pointers', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#' }, { $ref: 'https://x.example/#/y' }, { $ref: '#anchor' }],
      $defs: {
        a: { const: { $ref: '#/no' } },
        $ref: { properties: { default: { $ref: '#/$defs/a' }, $ref: { type: 'string' } } },
        own: { $id: 'https://own.example/', items: { $ref: '#/$defs/a' } },
      },
    };
    const tools = [
      { name: 'plain', outputSchema: { type: 'object' } },
      { name: 'any', outputSchema: schema },
      { name: 'none' },
    ];
    const result = JSON.parse(translate(JSON.stringify({ tools, resultType: 'complete' }), 'tools/list'));
    expect(result.tools[0]).toEqual(tools[0]);
    expect(result.tools[2]).toEqual(tools[2]);
    expect(result.tools[1].outputSchema).toEqual({
      $schema: schema.$schema,
      type: 'object',
      required: ['result'],
      properties: {
        result: {
          ...schema,
          anyOf: [
            { $ref: '#/properties/result/$defs/a' },
            { $ref: '#/properties/result' },
            { $ref: 'https://x.example/#/y' },
            { $ref: '#anchor' },
          ],
          $defs: {
            ...schema.$defs,
            $ref: {
              properties: { default: { $ref: '#/properties/result/$defs/a' }, $ref: { type: 'string' } },
            },
          },
        },
      },
    });
  });

  it('names in text what older revisions have no block for', () => {
    const link = '{"type":"resource_link","uri":"x:1","name":"n"}';
    const audio = '{"type":"audio","data":"AA==","mimeType":"audio/wav"}';
    const text = `{"content":[${link},${audio}]}`;
    expect(translate(text, 'tools/call', { version: '2025-06-18' })).toBe(text);
    expect(translate(text, 'tools/call', { version: '2025-03-26' })).toBe(
      `{"content":[{"type":"text","text":"n: x:1"},${audio}]}`,
    );
    const oldest = JSON.parse(translate(text, 'tools/call', { version: '2024-11-05' }));
    expect(oldest.content[1]).toMatchObject({ type: 'text', text: expect.stringContaining('audio/wav') });
    const prompt = `{"messages":[{"role":"user","content":${link}}]}`;
    expect(translate(prompt, 'prompts/get', { version: '2025-03-26' })).toContain('"text":"n: x:1"');
  });
});

describe('isPlainResult', () => {
  it('takes complete and unsaid, and nothing else', () => {
    expect(
      ['{}', '{"resultType":"complete"}', '{"resultType":"task"}', '{"resultType":1}', '[]'].map((text) =>
        isPlainResult(json(text)),
      ),
    ).toEqual([true, true, false, false, false]);
  });
});

describe('notificationToLegacy', () => {
  it('takes the envelope away and keeps every other byte', () => {
    const id = '"io.modelcontextprotocol/subscriptionId": 1';
    expect(notificationToLegacy(json(`{"jsonrpc":"2.0","method":"m","params":{"_meta":{${id}}}}`)).text).toBe(
      '{"jsonrpc":"2.0","method":"m"}',
    );
    expect(
      notificationToLegacy(json(`{"method":"m","params":{"uri": "x","_meta":{${id},"a":1}}}`)).text,
    ).toBe('{"method":"m","params":{"uri": "x","_meta":{"a":1}}}');
    const same = '{ "method":"m", "params":{"_meta":{"a":1}} }';
    expect(notificationToLegacy(json(same)).text).toBe(same);
  });
});

describe('failureToLegacy', () => {
  it.each([-32020, -32021, -32022])('turns %d into -32603 with its text', (code) => {
    const failed = failedUpstream(JsonText.of({ code, message: 'why', data: { a: 1 } }));
    const failure = failureToLegacy(failed, 'prompts/get');
    expect(failure.kind === 'error' && failure.error.value()).toEqual({
      code: -32603,
      message: 'why',
      data: { a: 1 },
    });
  });

  it('says inside the result of a tool what it lacks', () => {
    const failure = failureToLegacy(
      failedUpstream(JsonText.of({ code: -32021, message: 'why' })),
      'tools/call',
    );
    expect(failure.kind === 'result' && failure.result.value()).toEqual({
      content: [{ type: 'text', text: 'why' }],
      isError: true,
    });
  });

  it('says -32002 only of resources that routing or a legacy server does not know', () => {
    const ours = failureToLegacy(
      failedBy(new GatewardError('UNKNOWN_RESOURCE', { data: { uri: 'x' } })),
      'resources/read',
    );
    expect(ours.kind === 'error' && ours.error.value()).toMatchObject({ code: -32002, data: { uri: 'x' } });
    const theirs = failureToLegacy(failedUpstream(json('{"code":-32602, "message":"m"}')), 'resources/read');
    expect(theirs.kind === 'error' && theirs.error.text).toBe('{"code":-32602, "message":"m"}');
  });
});
