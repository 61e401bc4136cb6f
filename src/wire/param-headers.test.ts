import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../lib/json-text.ts';
import {
  checkParamHeaders,
  type ParamAnnotation,
  paramHeaders,
  readParamAnnotations,
  withoutNumberAnnotations,
} from './param-headers.ts';

const text = (json: string) => JsonText.parse(Buffer.from(json));
const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('readParamAnnotations', () => {
  it('finds annotations along chains of properties', () => {
    const schema = JsonText.of({
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        'x-mcp-header': { type: 'string', default: { 'x-mcp-header': 5 } },
        deep: { type: 'object', properties: { on: { type: 'boolean', 'x-mcp-header': 'On' } } },
        ratio: { type: 'number', 'x-mcp-header': 'Ratio' },
      },
    });
    expect(readParamAnnotations(schema)).toEqual({
      valid: true,
      annotations: [
        { path: ['region'], name: 'Region', type: 'string' },
        { path: ['deep', 'on'], name: 'On', type: 'boolean' },
        { path: ['ratio'], name: 'Ratio', type: 'number' },
      ],
    });
  });

  const annotated = { type: 'string', 'x-mcp-header': 'A' };
  it.each([
    ['at the root', { ...annotated }],
    ['an empty name', { properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
    ['a name with a blank', { properties: { a: { type: 'string', 'x-mcp-header': 'a b' } } }],
    ['a name with a line end', { properties: { a: { type: 'string', 'x-mcp-header': 'a\r\nb' } } }],
    ['a name beyond ASCII', { properties: { a: { type: 'string', 'x-mcp-header': 'ä' } } }],
    ['a name that is no string', { properties: { a: { type: 'string', 'x-mcp-header': 5 } } }],
    ['no type', { properties: { a: { 'x-mcp-header': 'A' } } }],
    ['an object', { properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }],
    ['a list of types', { properties: { a: { type: ['string', 'null'], 'x-mcp-header': 'A' } } }],
    ['a name twice', { properties: { a: annotated, b: { type: 'string', 'x-mcp-header': 'a' } } }],
    ['below items', { properties: { a: { type: 'array', items: annotated } } }],
    ['below prefixItems', { properties: { a: { type: 'array', prefixItems: [annotated] } } }],
    ['below allOf', { allOf: [{ properties: { a: annotated } }] }],
    ['below if', { if: { properties: { a: annotated } } }],
    ['below $defs', { $defs: { a: { properties: { a: annotated } } } }],
    ['below patternProperties', { patternProperties: { '^a': annotated } }],
    ['below additionalProperties', { additionalProperties: annotated }],
  ])('refuses an annotation: %s', (_what, schema) => {
    expect(readParamAnnotations(JsonText.of(schema))).toMatchObject({ valid: false });
  });

  it('is not misled by keys of the object prototype', () => {
    const schema = text(
      '{"properties":{"__proto__":{"type":"string","x-mcp-header":"P"},"constructor":{"type":"integer"}}}',
    );
    expect(readParamAnnotations(schema)).toEqual({
      valid: true,
      annotations: [{ path: ['__proto__'], name: 'P', type: 'string' }],
    });
  });

  it('takes any JSON without throwing', () => {
    fc.assert(
      fc.property(
        fc.json(),
        (json) => typeof readParamAnnotations(JsonText.written(json)).valid === 'boolean',
      ),
    );
  });
});

const ANNOTATIONS: readonly ParamAnnotation[] = [
  { path: ['s'], name: 'S', type: 'string' },
  { path: ['o', 'i'], name: 'I', type: 'integer' },
  { path: ['b'], name: 'B', type: 'boolean' },
];

describe('checkParamHeaders', () => {
  const check = (args: string, headers: Record<string, string>) =>
    checkParamHeaders(ANNOTATIONS, text(args), headers);

  it.each([
    ['{"s":"x"}', { 'mcp-param-s': 'x' }],
    ['{"s":"é"}', { 'mcp-param-s': '=?base64?w6k=?=' }],
    ['{"s":""}', { 'mcp-param-s': '=?base64??=' }],
    ['{"s":""}', { 'mcp-param-s': '' }],
    ['{"o":{"i":42}}', { 'mcp-param-i': '42.0' }],
    ['{"o":{"i":42.0}}', { 'mcp-param-i': '42' }],
    ['{"o":{"i":4.2e1}}', { 'mcp-param-i': '42' }],
    ['{"o":{"i":9007199254740993}}', { 'mcp-param-i': '9007199254740993' }],
    ['{"b":true}', { 'mcp-param-b': 'true' }],
    ['{"s":null}', {}],
    ['{}', { 'mcp-param-s': 'x', 'mcp-param-other': 'y' }],
    ['{"s":{"not":"a string"}}', {}],
  ])('takes %s with %j', (args, headers) => {
    expect(check(args, headers)).toBeUndefined();
  });

  it.each([
    ['{"s":"x"}', {}, 'Mcp-Param-S is missing.'],
    ['{"s":"x"}', { 'mcp-param-s': 'X' }, 'Mcp-Param-S differs from the body.'],
    ['{"s":"Hello"}', { 'mcp-param-s': '=?base64?SGVsbG8?=' }, 'Mcp-Param-S is malformed.'],
    ['{"s":"Hello"}', { 'mcp-param-s': '=?base64?SGVs!!!bG8=?=' }, 'Mcp-Param-S is malformed.'],
    ['{"s":"é"}', { 'mcp-param-s': 'é' }, 'Mcp-Param-S is malformed.'],
    ['{"s":"42"}', { 'mcp-param-s': '42.0' }, 'Mcp-Param-S differs from the body.'],
    ['{"o":{"i":42}}', { 'mcp-param-i': '0x2a' }, 'Mcp-Param-I differs from the body.'],
    ['{"o":{"i":42}}', { 'mcp-param-i': '4.2e1' }, 'Mcp-Param-I differs from the body.'],
    [
      '{"o":{"i":9007199254740993}}',
      { 'mcp-param-i': '9007199254740992' },
      'Mcp-Param-I differs from the body.',
    ],
    ['{"b":true}', { 'mcp-param-b': 'True' }, 'Mcp-Param-B differs from the body.'],
  ])('refuses %s with %j', (args, headers, sentence) => {
    expect(check(args, headers)).toBe(sentence);
  });

  it('expects no header without arguments, and none for a number', () => {
    expect(checkParamHeaders(ANNOTATIONS, undefined, {})).toBeUndefined();
    expect(
      checkParamHeaders([{ path: ['n'], name: 'N', type: 'number' }], text('{"n":1.5}'), {}),
    ).toBeUndefined();
  });
});

describe('paramHeaders', () => {
  it('mirrors strings, booleans and numbers, and leaves out null, absent values and structures', () => {
    const annotations = [...ANNOTATIONS, { path: ['n'], name: 'N', type: 'number' } as const];
    const args = text('{"s":" é ","o":{"i":12345678901234567890},"b":false,"n":1.5}');
    expect(paramHeaders(annotations, args)).toEqual({
      'Mcp-Param-S': '=?base64?IMOpIA==?=',
      'Mcp-Param-I': '12345678901234567890',
      'Mcp-Param-B': 'false',
      'Mcp-Param-N': '1.5',
    });
    expect(paramHeaders(annotations, text('{"s":null,"o":{"i":[]},"n":1e999}'))).toEqual({});
    expect(paramHeaders(annotations, text('{"o":{"i":1e3},"n":2.0}'))).toEqual({
      'Mcp-Param-I': '1000',
      'Mcp-Param-N': '2',
    });
  });

  it('writes what checkParamHeaders takes', () => {
    const args = fc.record(
      {
        s: fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant(null)),
        o: fc.record({ i: fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constant(null)) }),
        b: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(args, (value) => {
        const json = JsonText.of(value);
        return checkParamHeaders(ANNOTATIONS, json, lower(paramHeaders(ANNOTATIONS, json))) === undefined;
      }),
    );
  });
});

describe('withoutNumberAnnotations', () => {
  it('takes away annotations of numbers and keeps every other byte', () => {
    const schema = text(
      '{"properties":{ "n" : {"type":"number","x-mcp-header":"N","minimum":1.0},"o":{"properties":{"m":{"x-mcp-header":"M","type":"number"}}},"s":{"type":"string","x-mcp-header":"S"}}}',
    );
    const read = readParamAnnotations(schema);
    const without = withoutNumberAnnotations(schema, read.valid ? read.annotations : []);
    expect(without.text).toBe(
      '{"properties":{"n":{"type":"number","minimum":1.0},"o":{"properties":{"m":{"type":"number"}}},"s":{"type":"string","x-mcp-header":"S"}}}',
    );
  });

  it('gives the same schema back where there is none', () => {
    const schema = JsonText.of({ properties: {} });
    expect(withoutNumberAnnotations(schema, [])).toBe(schema);
  });
});
