import { describe, expect, it } from 'vitest';
import type { StreamLog } from '../../session/stream-log.ts';
import { SentEvents } from './sent-events.ts';

const KEY = { session: 's', stream: 'p' };

/** What was sent, of which a number of the newest events is kept. */
function read(texts: readonly string[], kept = texts.length): Promise<SentEvents> {
  const events = texts.map((text, at) => ({ number: at + 1, data: Buffer.from(text) }));
  const log = {
    after: async (_: unknown, number: number) =>
      number < texts.length - kept ? undefined : { events: events.slice(number), ended: false },
  } as Pick<StreamLog, 'after'>;
  return SentEvents.read(log, { key: KEY, last: texts.length });
}

const progress = (value: number, token = '"t"') =>
  `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":${value}}}`;

describe('SentEvents', () => {
  it('knows which requests were answered, by the id as it was written', async () => {
    const sent = await read([
      '{"jsonrpc":"2.0","id":1,"result":{"id":2}}',
      '{"jsonrpc":"2.0","id":"3","error":{"code":1,"message":"x"}}',
      '{"result":{"a":1},"jsonrpc":"2.0","id":18446744073709551617}',
      '{"jsonrpc":"2.0","id":"ask","method":"roots/list"}',
    ]);
    expect(sent.hasResponse('1')).toBe(true);
    expect(sent.hasResponse('"3"')).toBe(true);
    expect(sent.hasResponse('18446744073709551617')).toBe(true);
    for (const id of ['2', '3', '"1"', '"ask"']) expect(sent.hasResponse(id)).toBe(false);
  });

  it('knows which messages were sent', async () => {
    const sent = await read(['{"a":1}']);
    expect(sent.has(Buffer.from('{"a":1}'))).toBe(true);
    expect(sent.has(Buffer.from('{"a":2}'))).toBe(false);
  });

  it('knows how far progress was told', async () => {
    const sent = await read([progress(1), progress(7), progress(9, '"u"'), progress(3, '5')]);
    expect(sent.progress('"t"')).toBe(7);
    expect(sent.progress('5')).toBe(3);
    expect(sent.progress('"x"')).toBeUndefined();
    expect(sent.progress(undefined)).toBeUndefined();
  });

  it('makes do with the newest events where the older ones are gone', async () => {
    const texts = [
      ...Array.from({ length: 50 }, (_, at) => progress(at)),
      '{"jsonrpc":"2.0","id":1,"result":{}}',
    ];
    for (const kept of [51, 30, 10, 1]) expect((await read(texts, kept)).hasResponse('1')).toBe(true);
    expect((await read(texts, 0)).hasResponse('1')).toBe(false);
  });
});
