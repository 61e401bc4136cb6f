import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashSecret, isKeyId, isWhole, mintKey, readKey } from './key-text.ts';

it('a key is read as it was made', () => {
  const { id, text, hash } = mintKey();
  const key = readKey(text);
  expect(key?.id).toBe(id);
  expect(key && hashSecret(key.secret)).toEqual(hash);
  expect([isWhole(text), isKeyId(id)]).toEqual([true, true]);
});

it('a key begins with gwk_ and has one length, so that scanners know it', () => {
  expect(mintKey().text).toMatch(/^gwk_[a-z2-7]{16}_[A-Za-z0-9_-]{49}$/);
});

it('no two keys share their id or their secret', () => {
  const keys = Array.from({ length: 100 }, () => mintKey());
  expect(new Set(keys.map(({ id }) => id)).size).toBe(100);
  expect(new Set(keys.map(({ hash }) => hash.toString('hex'))).size).toBe(100);
});

it('what is kept of a key is the SHA-256 of its secret', () => {
  const { text, hash } = mintKey();
  const { secret = '' } = readKey(text) ?? {};
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  expect(hash).toEqual(createHash('sha256').update(secret).digest());
  expect(text).not.toContain(hash.toString('base64url'));
});

it('one changed character is a slip', () => {
  const { text } = mintKey();
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(...'abcXYZ237_-'), (at, char) => {
      const changed = text.slice(0, at) + char + text.slice(at + 1);
      return changed === text || readKey(changed) === undefined || !isWhole(changed);
    }),
  );
});

it('whatever the text is, it is a key or it is not', () => {
  fc.assert(fc.property(fc.string(), (text) => readKey(text) === undefined));
  fc.assert(fc.property(fc.string({ minLength: 70, maxLength: 70 }), (text) => readKey(text) === undefined));
});
