import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestJson } from './digest-json.ts';

it('is the same for the same value in another order of keys', () => {
  expect(digestJson({ a: 1, b: [{ c: 1, d: 2 }] })).toBe(digestJson({ b: [{ d: 2, c: 1 }], a: 1 }));
});

it('differs for different values', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const [left, right] = [JSON.stringify(one), JSON.stringify(other)].map((text) => JSON.parse(text));
      const same = digestJson(left) === digestJson(right);
      expect(same).toBe(isEqual(left, right));
    }),
  );
});

function isEqual(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}
