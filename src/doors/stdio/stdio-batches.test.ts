import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { readMessage } from '../../wire/message.ts';
import { StdioBatches } from './stdio-batches.ts';

const request = (id: unknown, method = 'tools/list') =>
  readMessage(JsonText.of({ jsonrpc: '2.0', id, method }));
const answer = (id: number): JsonText => JsonText.of({ jsonrpc: '2.0', id, result: {} });

describe('a batch on stdio', () => {
  it('belongs to 2025-03-26 alone', () => {
    const batches = new StdioBatches();
    expect(batches.refusal('2025-03-26', [request(1)])).toBeUndefined();
    for (const version of ['2024-11-05', '2025-06-18', undefined]) {
      expect(batches.refusal(version, [request(1)])).toMatchObject({ code: 'INVALID_REQUEST' });
    }
  });

  it.each([
    ['an invalid message', [request(null)]],
    ['two requests with one id', [request(1), request(1)]],
    ['initialize', [request(1, 'initialize')]],
    ['too many messages', Array.from({ length: 1001 }, (_, id) => request(id))],
  ])('is refused with %s', (_, messages) => {
    expect(new StdioBatches().refusal('2025-03-26', messages)).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('is answered as one array, in the order of the answers, and only then', () => {
    const batches = new StdioBatches();
    batches.start(['1', '2', '3']);
    expect(batches.take(answer(2))).toBeUndefined();
    expect(batches.take(answer(9))?.text).toBe(answer(9).text);
    expect(batches.drop('3')).toBeUndefined();
    expect(batches.take(answer(1))?.value()).toEqual([answer(2).value(), answer(1).value()]);
    expect(batches.take(answer(1))?.text).toBe(answer(1).text);
  });

  it('is answered by nothing when all of it was cancelled', () => {
    const batches = new StdioBatches();
    batches.start(['1']);
    expect(batches.drop('1')).toBeUndefined();
    expect(batches.drop('1')).toBeUndefined();
  });
});
