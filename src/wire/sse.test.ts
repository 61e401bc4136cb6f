import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeComment, encodeEvent, type SseEvent, SseParser } from './sse.ts';

function parse(...chunks: (string | Buffer)[]): SseEvent[] {
  return parseWith(1_000_000, chunks);
}

function parseWith(maxEventBytes: number, chunks: readonly (string | Buffer)[]): SseEvent[] {
  const parser = new SseParser({ maxEventBytes });
  const events: SseEvent[] = [];
  for (const chunk of chunks) {
    parser.push(Buffer.from(chunk));
    for (let event = parser.next(); event !== undefined; event = parser.next()) events.push(event);
  }
  return events;
}

const texts = (events: readonly SseEvent[]) => events.map((event) => event.data?.toString());

test('an event has its data, type, id and retry', () => {
  const [event] = parse('event: message\nid: 7\nretry: 250\ndata: {"a":1}\n\n');
  expect(event).toEqual({ event: 'message', id: '7', retryMs: 250, data: Buffer.from('{"a":1}') });
});

test('an event inside one chunk is not copied', () => {
  const chunk = Buffer.from('data: {"a":1}\n\n');
  const parser = new SseParser({ maxEventBytes: 100 });
  parser.push(chunk);
  expect(parser.next()?.data?.buffer).toBe(chunk.buffer);
});

test('lines end with LF, CR or CR LF, also across chunks', () => {
  expect(texts(parse('data: a\n\ndata: b\r\rdata: c\r\n\r\n'))).toEqual(['a', 'b', 'c']);
  expect(texts(parse('data: a\r', '\n\r', '\ndata: b\r', '\r', 'data: c\n', '\n'))).toEqual(['a', 'b', 'c']);
});

test('several data lines are joined with LF', () => {
  expect(texts(parse('data: a\ndata\ndata:b\ndata:  c\n\n'))).toEqual(['a\n\nb\n c']);
});

test('a byte order mark at the start is skipped, also across chunks', () => {
  expect(texts(parse('\ufeffdata: a\n\n'))).toEqual(['a']);
  const bytes = Buffer.from('\ufeffdata: a\n\n');
  expect(texts(parse(bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2)))).toEqual(['a']);
});

test('comments, unknown fields and empty blocks say nothing', () => {
  expect(parse(': keep-alive\n\nfoo: bar\n\n\n\nevent: lonely\n\n')).toEqual([]);
});

test('a priming event has an id and empty data', () => {
  expect(parse('id: p\ndata:\n\n')).toEqual([
    { event: '', id: 'p', data: Buffer.alloc(0), retryMs: undefined },
  ]);
});

test('a block with only an id or a retry is given without data', () => {
  expect(parse('id: p\n\nretry: 10\n\n')).toEqual([
    { event: '', id: 'p', data: undefined, retryMs: undefined },
    { event: '', id: undefined, data: undefined, retryMs: 10 },
  ]);
});

test('an id with NUL and a retry that is no number are ignored', () => {
  expect(parse('id: a\0b\nretry: 1s\ndata: x\n\n')).toEqual([
    { event: '', id: undefined, data: Buffer.from('x'), retryMs: undefined },
  ]);
});

test('fields do not leak into the next event', () => {
  const [, second] = parse('event: a\nid: 1\nretry: 5\ndata: x\n\ndata: y\n\n');
  expect(second).toEqual({ event: '', id: undefined, retryMs: undefined, data: Buffer.from('y') });
});

test('an unfinished event is not given', () => {
  expect(parse('data: a\n')).toEqual([]);
  expect(parse('data: a')).toEqual([]);
});

test('an event above the bound is refused, in one line, many lines or an endless comment', () => {
  expect(() => parseWith(10, ['data: 123456789\n\n'])).toThrow(/too large/);
  expect(() => parseWith(20, ['data: 12345\n', 'data: 12345\n', 'data: 12345\n'])).toThrow(/too large/);
  expect(() => parseWith(10, [':', '12345', '12345'])).toThrow(/too large/);
  expect(() => parseWith(10_000_000, ['data\n'.repeat(70_000)])).toThrow(/too large/);
});

test('the bound holds for one event, not for the stream', () => {
  expect(texts(parseWith(12, ['data: 1234\n\n'.repeat(5)]))).toHaveLength(5);
});

test('bytes pushed before the events are taken are kept', () => {
  const parser = new SseParser({ maxEventBytes: 100 });
  parser.push(Buffer.from('data: a\n\ndata: b'));
  expect(parser.next()?.data?.toString()).toBe('a');
  parser.push(Buffer.from('c\n\n'));
  expect(parser.next()?.data?.toString()).toBe('bc');
});

test('encoding splits data at its line ends', () => {
  expect(encodeEvent('{"a":1}').toString()).toBe('data: {"a":1}\n\n');
  expect(encodeEvent(Buffer.from('a\nb\r\nc\rd'), { event: 'message', id: '3', retryMs: 9 }).toString()).toBe(
    'event: message\nid: 3\nretry: 9\ndata: a\ndata: b\ndata: c\ndata: d\n\n',
  );
  expect(encodeEvent('', { id: '1' }).toString()).toBe('id: 1\ndata: \n\n');
});

test('encoding refuses fields of more than one line', () => {
  expect(() => encodeEvent('', { id: 'a\nb' })).toThrow(TypeError);
  expect(() => encodeEvent('', { event: 'a\rb' })).toThrow(TypeError);
  expect(() => encodeComment('a\nb')).toThrow(TypeError);
});

test('a comment is skipped by the parser', () => {
  expect(parse(encodeComment('keep-alive'), encodeEvent('x'))).toHaveLength(1);
});

const anyField = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\0]/g, ''));

test('what is encoded comes back, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ data: fc.string({ unit: 'grapheme' }), id: anyField, event: anyField }), {
        maxLength: 5,
      }),
      fc.array(fc.nat({ max: 40 })),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ data, id, event }) => encodeEvent(data, { id, event })));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));
        const got = parse(...chunks);
        expect(got.map(({ data, id, event }) => ({ data: data?.toString(), id, event }))).toEqual(
          sent.map(({ data, id, event }) => ({ data: data.replace(/\r\n|\r/g, '\n'), id, event })),
        );
      },
    ),
  );
});

test('any bytes give the same events in one chunk and byte by byte', () => {
  const alphabet = fc.constantFrom(
    'data',
    'id',
    'retry',
    'event',
    ':',
    ' ',
    '\r',
    '\n',
    '\r\n',
    '1',
    'x',
    '\0',
    'é',
  );
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 60 }), (parts) => {
      const bytes = Buffer.from(parts.join(''));
      const single = Array.from(bytes, (byte) => Buffer.from([byte]));
      expect(parse(...single)).toEqual(parse(bytes));
    }),
  );
});
