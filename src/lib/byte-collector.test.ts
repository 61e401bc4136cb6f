import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteCollector } from './byte-collector.ts';

test('a single piece comes back uncopied', () => {
  const collector = new ByteCollector();
  const piece = Buffer.from('whole');
  collector.add(piece);
  expect(collector.take()).toBe(piece);
});

test('an empty collector gives no bytes', () => {
  expect(new ByteCollector().take()).toHaveLength(0);
});

test('thousands of single bytes come back in order', () => {
  const collector = new ByteCollector();
  const text = 'abcdefghij'.repeat(500);
  for (const letter of text) collector.add(Buffer.from(letter));
  expect(collector.size).toBe(text.length);
  expect(collector.take().toString()).toBe(text);
  expect(collector.size).toBe(0);
});

test('any pieces come back joined', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 600 }), (pieces) => {
      const collector = new ByteCollector();
      for (const piece of pieces) collector.add(Buffer.from(piece));
      expect(collector.take()).toEqual(Buffer.concat(pieces));
    }),
  );
});
