import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeal, SEAL_OVERHEAD } from './seal.ts';

const old = randomBytes(32);
const young = randomBytes(48);

describe('createSeal', () => {
  it('opens what it sealed, whatever the bytes', () => {
    const seal = createSeal(young);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
        const plain = Buffer.from(bytes);
        const text = seal.seal(plain, 'a');
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(Buffer.from(text, 'base64url').length).toBe(plain.length + SEAL_OVERHEAD);
        expect(seal.open(text, 'a')).toEqual(plain);
      }),
    );
  });

  it('opens bytes that it sealed, which are those of the text', () => {
    const seal = createSeal(young);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), fc.nat(), (bytes, at) => {
        const plain = Buffer.from(bytes);
        const sealed = seal.sealBytes(plain, 'a');
        expect(sealed.length).toBe(plain.length + SEAL_OVERHEAD);
        expect(seal.openBytes(sealed, 'a')).toEqual(plain);
        expect(seal.open(sealed.toString('base64url'), 'a')).toEqual(plain);
        expect(seal.openBytes(sealed, 'b')).toBeUndefined();
        const changed = Buffer.from(sealed);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1;
        expect(seal.openBytes(changed, 'a')).toBeUndefined();
        expect(seal.openBytes(sealed.subarray(0, at % sealed.length), 'a')).toBeUndefined();
      }),
    );
  });

  it('never opens a text that was changed in one place', () => {
    const seal = createSeal(young);
    const text = seal.seal(Buffer.from('the state of a call'), 'a');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'ABCxyz019-_+/= é'), (at, char) => {
        const changed = text.slice(0, at) + char + text.slice(at + 1);
        expect(seal.open(changed, 'a')).toEqual(
          changed === text ? Buffer.from('the state of a call') : undefined,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('opens nothing that was not sealed', () => {
    const seal = createSeal(young);
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => seal.open(text, 'a') === undefined));
    expect(seal.open('', 'a')).toBeUndefined();
  });

  it('keeps the uses apart', () => {
    const seal = createSeal(young);
    expect(seal.open(seal.seal(Buffer.from('x'), 'a'), 'b')).toBeUndefined();
  });

  it('opens what an older secret sealed and seals with the first', () => {
    const text = createSeal(old).seal(Buffer.from('x'), 'a');
    const both = createSeal(young, old);
    expect(both.open(text, 'a')?.toString()).toBe('x');
    expect(createSeal(old).open(both.seal(Buffer.from('y'), 'a'), 'a')).toBeUndefined();
    expect(
      createSeal(young)
        .open(both.seal(Buffer.from('y'), 'a'), 'a')
        ?.toString(),
    ).toBe('y');
    expect(createSeal(young).open(text, 'a')).toBeUndefined();
  });

  it('refuses a secret that is too short or missing', () => {
    expect(() => createSeal(randomBytes(31))).toThrow(TypeError);
    expect(() => createSeal()).toThrow(TypeError);
  });
});
