import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

describe('canonicalJson', () => {
  it('writes the sample of RFC 8785 §3.2.2 as §3.2.3 gives it', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units (RFC 8785 §3.2.3)', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    const keys = canonicalJson(value).match(/\d(?=[,}])/g);
    expect(keys).toEqual(['2', '4', '6', '7', '1', '5', '3']);
  });

  it('writes numbers as ECMAScript does (RFC 8785 appendix B)', () => {
    expect([0, -0, 5e-324, 9007199254740992, 1e21, 1e-7].map(canonicalJson)).toEqual([
      '0',
      '0',
      '5e-324',
      '9007199254740992',
      '1e+21',
      '1e-7',
    ]);
  });

  it.each([
    [undefined],
    [Number.NaN],
    [Infinity],
    [1n],
    ['\ud800'],
    [{ '\udc00': 1 }],
    [{ a: undefined }],
    [new Map()],
    [() => 1],
  ])('refuses what has no text: %o', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('keeps every value, in whatever order its keys come', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reverseKeys(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('gives different texts for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const isSame = canonicalJson(a) === canonicalJson(b);
        expect(isSame).toBe(canonicalJson(JSON.parse(JSON.stringify(a))) === canonicalJson(b));
        if (isSame) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
      }),
    );
  });
});

function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reverseKeys(member)]),
  );
}
