import { ByteCollector } from '../lib/byte-collector.ts';
import type { JsonText } from '../lib/json-text.ts';

/** One line of a byte stream, without its line end; or what is left of one that was longer than the bound. */
export type Line =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'oversized'; readonly head: Buffer; readonly tail: Buffer };

/** Bytes kept of each end of an oversized line: enough to find the id of a message in it. */
export const OVERSIZED_KEPT_BYTES = 256;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a byte stream into lines that end in LF or CR LF (stdio 2026-07-28: one message per line). Holds at most
 * `maxBytes` of a line; the rest of a longer one is passed over, and the next line is read as usual.
 */
export class LineReader {
  readonly #maxBytes: number;
  readonly #line = new ByteCollector();
  /** The start of the oversized line that is being passed over. */
  #head: Buffer | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes, which must not change any more, and gives the lines that they end. */
  *push(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      this.#take(chunk.subarray(from, end));
      from = end + 1;
      yield this.#finish();
    }
    this.#take(chunk.subarray(from));
  }

  /** The line that the stream ended in without a line end, if there is one. */
  end(): Line | undefined {
    return this.#line.size > 0 || this.#head !== undefined ? this.#finish() : undefined;
  }

  #take(piece: Buffer): void {
    // One byte more than the bound may be the CR of a line end.
    if (this.#head === undefined && this.#line.size + piece.length <= this.#maxBytes + 1) {
      this.#line.add(piece);
      return;
    }
    const rest = Buffer.concat([this.#line.take(), piece]);
    this.#head ??= Buffer.from(rest.subarray(0, OVERSIZED_KEPT_BYTES));
    this.#tail = lastBytes(Buffer.concat([this.#tail, lastBytes(rest)]));
  }

  #finish(): Line {
    if (this.#head !== undefined) return this.#oversized(this.#head, this.#tail);
    const whole = this.#line.take();
    const bytes = whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
    return bytes.length > this.#maxBytes
      ? this.#oversized(Buffer.from(bytes.subarray(0, OVERSIZED_KEPT_BYTES)), lastBytes(bytes))
      : { kind: 'line', bytes };
  }

  #oversized(head: Buffer, tail: Buffer): Line {
    this.#head = undefined;
    this.#tail = Buffer.alloc(0);
    return { kind: 'oversized', head, tail };
  }
}

function lastBytes(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(-OVERSIZED_KEPT_BYTES));
}

/**
 * The line that carries a message. Line ends between its tokens become spaces; inside strings JSON has none
 * (RFC 8259 §7).
 */
export function writeLine(message: JsonText): Buffer {
  const line = Buffer.concat([message.bytes, Buffer.of(LF)]);
  const last = line.length - 1;
  for (let at = line.indexOf(LF); at !== last; at = line.indexOf(LF, at)) line[at] = 0x20;
  for (let at = line.indexOf(CR); at !== -1; at = line.indexOf(CR, at)) line[at] = 0x20;
  return line;
}
