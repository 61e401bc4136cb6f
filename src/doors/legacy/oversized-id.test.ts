import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findOversizedId } from './oversized-id.ts';

const find = (text: string): string | undefined =>
  findOversizedId(Buffer.from(text.slice(0, 256)), Buffer.from(text.slice(-256)));
const long = 'x'.repeat(1000);

describe('the id of an oversized message', () => {
  it.each([
    [`{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":"${long}"}}`, '5'],
    [`{"id":"a\\"b","jsonrpc":"2.0","params":["${long}"]}`, '"a\\"b"'],
    [
      `{"method":"m","params":{"id":1,"a":"${long}"},"jsonrpc":"2.0","id":-9007199254740993 }`,
      '-9007199254740993',
    ],
  ])('is found at the start or at the end of %#', (text, id) => {
    expect(find(text)).toBe(id);
  });

  it.each([
    `{"params":{"id":1,"a":"${long}"},"jsonrpc":"2.0"}`,
    `{"params":{"a":"${long}","id":1}}`,
    `{"params":"${long}","id":1.5}`,
    `[{"id":1,"a":"${long}"}]`,
    long,
    '',
  ])('is not made up for %#', (text) => {
    expect(find(text)).toBeUndefined();
  });

  it('is the id of the message or none, whatever the message holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.integer(),
        fc.boolean(),
        (params, id, first) => {
          const filled = { ...params, long };
          const message = first ? { id, params: filled } : { params: filled, id };
          expect([String(id), undefined]).toContain(find(JSON.stringify(message)));
        },
      ),
    );
  });
});
