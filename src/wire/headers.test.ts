import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeaderValue, encodeHeaderValue, findHeaderMismatch, type MirroredBody } from './headers.ts';

const wellFormed = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));

describe('encodeHeaderValue', () => {
  // Streamable HTTP 2026-07-28 §Value Encoding, the table of examples.
  it.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ['', '=?base64??='],
    ['a\tb', 'a\tb'],
    ['a\t', '=?base64?YQk=?='],
    ['=?BASE64?YQ==?=', '=?BASE64?YQ==?='],
    ['=?base64?=', '=?base64?PT9iYXNlNjQ/PQ==?='],
  ])('writes %j as %j', (text, value) => {
    expect(encodeHeaderValue(text)).toBe(value);
    expect(decodeHeaderValue(value)).toBe(text);
  });

  it('is undone by decodeHeaderValue for every text that UTF-8 can hold', () => {
    fc.assert(fc.property(wellFormed, (text) => decodeHeaderValue(encodeHeaderValue(text)) === text));
  });

  it('writes visible ASCII, inner blanks and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }),
        (text) => {
          expect(encodeHeaderValue(text)).toMatch(/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/);
        },
      ),
    );
  });

  it('writes different texts differently', () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => a === b || encodeHeaderValue(a) !== encodeHeaderValue(b)),
    );
  });
});

describe('decodeHeaderValue', () => {
  it.each([
    ['missing padding', '=?base64?YQ?='],
    ['too much padding', '=?base64?YQ===?='],
    ['a tail that is not canonical', '=?base64?YR==?='],
    ['letters of the URL alphabet', '=?base64?_-8=?='],
    ['blanks inside', '=?base64?Y Q==?='],
    ['bytes that are not UTF-8', '=?base64?/w==?='],
    ['a surrogate in UTF-8', '=?base64?7aCA?='],
    ['markers that overlap', '=?base64?='],
    ['a byte above ASCII', 'caf\u00e9'],
    ['a control character', 'a\u0001b'],
    ['DEL', 'a\u007f'],
  ])('refuses %s', (_what, value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });

  it('never throws, and takes no two encoded values for the same text', () => {
    fc.assert(
      fc.property(fc.base64String(), fc.base64String(), (a, b) => {
        const one = decodeHeaderValue(`=?base64?${a}?=`);
        const two = decodeHeaderValue(`=?base64?${b}?=`);
        return a === b || one === undefined || one !== two;
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => void decodeHeaderValue(value)));
  });
});

describe('findHeaderMismatch', () => {
  const body: MirroredBody = {
    protocolVersion: '2026-07-28',
    method: 'tools/call',
    name: 'weather',
    nameHeader: 'required',
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'weather' };

  it('finds nothing when the headers say what the body says', () => {
    expect(findHeaderMismatch(body, headers)).toBeUndefined();
    expect(findHeaderMismatch(body, { ...headers, 'mcp-name': '=?base64?d2VhdGhlcg==?=' })).toBeUndefined();
    expect(
      findHeaderMismatch({ ...body, nameHeader: 'none' }, { ...headers, 'mcp-name': 'x' }),
    ).toBeUndefined();
  });

  it.each([
    ['no version', { 'mcp-protocol-version': undefined }, 'MCP-Protocol-Version is missing.'],
    ['another version', { 'mcp-protocol-version': '2026-07-29' }, 'MCP-Protocol-Version differs from _meta.'],
    ['no method', { 'mcp-method': undefined }, 'Mcp-Method is missing.'],
    [
      'a method in another case',
      { 'mcp-method': 'Tools/Call' },
      'Mcp-Method differs from the method of the body.',
    ],
    ['no name', { 'mcp-name': undefined }, 'Mcp-Name is missing.'],
    ['another name', { 'mcp-name': 'Weather' }, 'Mcp-Name differs from the body.'],
    ['an empty name', { 'mcp-name': '' }, 'Mcp-Name differs from the body.'],
    ['a name that cannot be decoded', { 'mcp-name': '=?base64?!?=' }, 'Mcp-Name is malformed.'],
    ['several names', { 'mcp-name': ['weather', 'weather'] }, 'Mcp-Name is missing.'],
  ])('finds %s', (_what, change, sentence) => {
    expect(findHeaderMismatch(body, { ...headers, ...change })).toBe(sentence);
  });

  it('takes an optional name that is absent, not one that differs', () => {
    const optional: MirroredBody = { ...body, method: 'tasks/get', nameHeader: 'optional' };
    const of = (name: string | undefined) => ({ ...headers, 'mcp-method': 'tasks/get', 'mcp-name': name });
    expect(findHeaderMismatch(optional, of(undefined))).toBeUndefined();
    expect(findHeaderMismatch(optional, of('other'))).toBe('Mcp-Name differs from the body.');
  });

  it('takes a name that looks encoded only in its encoded form', () => {
    const literal: MirroredBody = { ...body, name: '=?base64?YQ==?=' };
    expect(findHeaderMismatch(literal, { ...headers, 'mcp-name': '=?base64?YQ==?=' })).toBe(
      'Mcp-Name differs from the body.',
    );
    expect(
      findHeaderMismatch(literal, { ...headers, 'mcp-name': encodeHeaderValue('=?base64?YQ==?=') }),
    ).toBeUndefined();
  });

  it('leaves a body without the name that it needs to the check of its parameters', () => {
    expect(
      findHeaderMismatch({ ...body, name: undefined }, { ...headers, 'mcp-name': undefined }),
    ).toBeUndefined();
    expect(findHeaderMismatch({ ...body, name: undefined }, headers)).toBe('Mcp-Name differs from the body.');
  });
});
