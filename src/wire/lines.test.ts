import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../lib/json-text.ts';
import { type Line, LineReader, writeLine } from './lines.ts';

function readAll(reader: LineReader, chunks: readonly Buffer[]): Line[] {
  const lines = chunks.flatMap((chunk) => [...reader.push(chunk)]);
  const last = reader.end();
  return last === undefined ? lines : [...lines, last];
}

function texts(lines: readonly Line[]): string[] {
  return lines.map((line) => (line.kind === 'line' ? line.bytes.toString('utf8') : `<${line.kind}>`));
}

/** The same bytes, cut at some places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const starts = [0, ...ends];
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}

describe('LineReader', () => {
  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ' '))),
        fc.array(fc.nat(500)),
        fc.constantFrom('\n', '\r\n'),
        (lines, places, end) => {
          const bytes = Buffer.from(lines.map((line) => line + end).join(''), 'utf8');
          const read = texts(readAll(new LineReader(1000), cut(bytes, places)));
          expect(read).toEqual(lines.map((line) => Buffer.from(line, 'utf8').toString('utf8')));
        },
      ),
    );
  });

  it('never gives a line above the bound, and reads on after one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { maxLength: 10 }),
        fc.array(fc.nat(300)),
        fc.integer({ min: 1, max: 20 }),
        (lengths, places, maxBytes) => {
          const bytes = Buffer.from(lengths.map((length) => `${'x'.repeat(length)}\n`).join(''));
          const read = texts(readAll(new LineReader(maxBytes), cut(bytes, places)));
          const expected = lengths.map((n) => (n > maxBytes ? '<oversized>' : 'x'.repeat(n)));
          expect(read).toEqual(expected);
        },
      ),
    );
  });

  it('takes a line of exactly the bound before CR LF', () => {
    expect(texts(readAll(new LineReader(3), [Buffer.from('abc\r\nabcd\r\n')]))).toEqual([
      'abc',
      '<oversized>',
    ]);
  });

  it('keeps both ends of an oversized line', () => {
    const long = Buffer.from(`HEAD${'x'.repeat(2000)}TAIL\n`);
    const [line] = readAll(new LineReader(1000), cut(long, [7, 300, 1500, 2003]));
    expect(line?.kind === 'oversized' && line.head.toString().startsWith('HEADxxx')).toBe(true);
    expect(line?.kind === 'oversized' && line.tail.toString().endsWith('xxxTAIL')).toBe(true);
  });

  it('gives an unfinished last line', () => {
    expect(texts(readAll(new LineReader(10), [Buffer.from('a\nb')]))).toEqual(['a', 'b']);
  });
});

describe('writeLine', () => {
  it('puts any message on one line and keeps its value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n'), (value, indent) => {
        const text = JSON.stringify(value, null, indent === '\r\n' ? 2 : indent) ?? 'null';
        const pretty = indent === '\r\n' ? text.replace(/\n/g, '\r\n') : text;
        const line = writeLine(JsonText.parse(Buffer.from(pretty)));
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(line.includes('\r')).toBe(false);
        expect(JSON.parse(line.toString('utf8'))).toEqual(JSON.parse(pretty));
      }),
    );
  });
});
