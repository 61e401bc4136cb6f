import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPayload, writePayloads } from './notifications.ts';
import { isCarried, type Wakeup } from './topics.ts';

const wakeup: fc.Arbitrary<Wakeup> = fc
  .tuple(
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.oneof(fc.string({ unit: 'binary', maxLength: 4_000, size: 'max' }), fc.string({ unit: 'grapheme' })),
  )
  .map(([topic, text]): Wakeup => [topic, text.toWellFormed()])
  .filter(isCarried);

test('what is written is read again, in its order, in payloads that PostgreSQL takes', () => {
  fc.assert(
    fc.property(fc.array(wakeup, { maxLength: 40 }), (wakeups) => {
      let number = 0;
      const payloads = writePayloads('sender', () => ++number, wakeups);
      for (const payload of payloads) {
        expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
        expect(payload).not.toContain('\0');
      }
      expect(payloads.flatMap((payload) => readPayload(payload)?.wakeups ?? [])).toEqual(wakeups);
    }),
    { numRuns: 200 },
  );
});

test('no two payloads are the same', () => {
  let number = 0;
  const wakeups = Array.from({ length: 10 }, (): Wakeup => ['t', 'x'.repeat(4_000)]);
  const payloads = writePayloads('sender', () => ++number, wakeups);
  expect(payloads.length).toBeGreaterThan(1);
  expect(new Set(payloads).size).toBe(payloads.length);
});

test('anything else is passed over', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(readPayload(text)).toBeUndefined();
    }),
  );
  for (const text of ['[]', '["s"]', '[1,1]', '["s",1,["t"]]', '["s",1,["t",2]]', '["s",1,["t","x","y"]]']) {
    expect(readPayload(text)).toBeUndefined();
  }
});
