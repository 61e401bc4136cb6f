import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBundle, writeBundle } from './letters.ts';

test('a bundle is read as it was written', () => {
  const letter = fc.record({
    subject: fc.string({ maxLength: 40 }),
    body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  });
  const bundle = fc.record({
    from: fc.string({ maxLength: 40 }),
    number: fc.maxSafeNat(),
    letters: fc.array(letter, { maxLength: 5 }),
  });
  fc.assert(
    fc.property(bundle, (one) => {
      expect(readBundle(writeBundle(one))).toEqual(one);
    }),
  );
});

test('a bundle of another format is refused', () => {
  const bytes = writeBundle({ from: 'a', number: 1, letters: [] });
  bytes[0] = 2;
  expect(readBundle(bytes)).toBeUndefined();
  expect(readBundle(Buffer.alloc(0))).toBeUndefined();
});
