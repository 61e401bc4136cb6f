import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestDefinition } from './digest-definition.ts';

const digestOf = (text: string): string => digestDefinition(text).digest;

/** The same JSON with the keys of every object in reverse order. */
function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, member]) => [key, reverseKeys(member)]));
}

describe('the digest of a definition', () => {
  it('does not depend on the order of keys or on spaces', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(digestOf(JSON.stringify(reverseKeys(value), undefined, 2))).toBe(digestOf(text));
      }),
    );
  });

  it('is that of RFC 8785 for what RFC 8785 can write', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        expect(digestDefinition(JSON.stringify(value)).body).toBe(
          canonicalJson(JSON.parse(JSON.stringify(value))),
        );
      }),
    );
  });

  it('differs when the values differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const same = canonicalText(one) === canonicalText(other);
        expect(digestOf(JSON.stringify(one)) === digestOf(JSON.stringify(other))).toBe(same);
      }),
    );
  });

  it.each([
    ['9007199254740993', '9007199254740992'],
    ['1e400', '1e401'],
    ['1e400', 'null'],
    ['1e-400', '0'],
    ['0.1', '0.10000000000000000555'],
    ['123456789012345678901234567890', '123456789012345678901234567891'],
    ['1e999999999999999', '1e999999999999998'],
    ['"\\ud800"', '"\\ud801"'],
    ['"\\ud800"', '"\\ufffd"'],
    ['"\\ud800"', '"\\\\ud800"'],
    ['9007199254740993', '"9007199254740993e0"'],
    ['{"__proto__":1}', '{}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
  ])('tells %s from %s', (one, other) => {
    expect(digestOf(one)).not.toBe(digestOf(other));
  });

  it.each([
    ['1', '1.0'],
    ['100', '1e2'],
    ['9007199254740993', '9007199254740993.0'],
    ['1e400', '10E+399'],
    ['1000000000000000000000', '1e21'],
    ['"\\u0041"', '"A"'],
  ])('takes %s and %s for the same', (one, other) => {
    expect(digestOf(one)).toBe(digestOf(other));
  });

  it('has a body that is JSON, whatever the numbers', () => {
    const { body } = digestDefinition('{"b":1e400,"a":9007199254740993,"c":1e-400}');
    expect(body).toBe('{"a":9007199254740993e0,"b":1e400,"c":1e-400}');
    expect(() => JSON.parse(body)).not.toThrow();
    expect(() => JSON.parse(digestDefinition('1.5e999999999999999').body)).not.toThrow();
  });

  it('takes a definition of a megabyte in time that grows with it', () => {
    const definition = (length: number): string =>
      JSON.stringify({ name: 't', numbers: Array.from({ length }, (_, i) => i / 7) });
    expect(growsInLine(40_000, (numbers) => void digestOf(definition(numbers)))).toBe(true);
  });
});

function canonicalText(value: unknown): string {
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  const members = Object.entries(value).map(([key, member]) => [key, sortKeys(member)]);
  return { members: members.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) };
}
