/** Server-sent events as MCP uses them: WHATWG HTML §9.2.5 and §9.2.6, over bytes. */
import { GatewardError } from '../errors.ts';
import { ByteCollector } from '../lib/byte-collector.ts';

/** One block of an event stream. A field that the block does not have is undefined. */
export interface SseEvent {
  /** The event's type; an absent or empty one means `message`. */
  readonly event: string;
  /** UTF-8 bytes. Undefined where the block has no data line, which browsers would not dispatch. */
  readonly data: Buffer | undefined;
  /** The id to resume from. An empty text says: from now on there is none. */
  readonly id: string | undefined;
  /** Milliseconds to wait before connecting again. */
  readonly retryMs: number | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const LINE_FEED = Buffer.from('\n');
/** Lines of data that one event may have; each costs more memory than its bytes. */
const MAX_DATA_LINES = 65_536;

/**
 * Reads an event stream piece by piece: `push` bytes, then call `next` until it gives undefined. A reader that has to
 * wait just does not call `next`. The data of an event inside one chunk is not copied. An unfinished event at the end
 * of the stream is dropped, as the standard asks.
 */
export class SseParser {
  readonly #maxEventBytes: number;
  readonly #line = new ByteCollector();
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** The next CR of the chunk, or its length where there is none. */
  #cr = 0;
  #afterCr = false;
  #started = false;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #event = '';
  #id: string | undefined;
  #retryMs: number | undefined;

  constructor(options: { readonly maxEventBytes: number }) {
    this.#maxEventBytes = options.maxEventBytes;
  }

  /** Takes the next bytes, which must not change any more. */
  push(chunk: Buffer): void {
    this.#chunk =
      this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
    this.#cr = -1;
  }

  /** The next block that says anything, or undefined until more bytes come. Throws UPSTREAM_INVALID if it is too big. */
  next(): SseEvent | undefined {
    for (;;) {
      const line = this.#nextLine();
      if (line === undefined) return undefined;
      if (line.length > 0) this.#takeLine(line);
      else {
        const event = this.#finishBlock();
        if (event !== undefined) return event;
      }
    }
  }

  /** The next whole line without its end: CR LF, LF or CR. */
  #nextLine(): Buffer | undefined {
    const chunk = this.#chunk;
    if (this.#afterCr && this.#at < chunk.length) {
      this.#afterCr = false;
      if (chunk[this.#at] === LF) this.#at++;
    }
    const end = this.#lineEnd();
    const piece = chunk.subarray(this.#at, end === -1 ? chunk.length : end);
    if (this.#line.size + this.#dataBytes + piece.length > this.#maxEventBytes) throw tooLarge();
    if (end === -1) {
      this.#line.add(piece);
      this.#at = chunk.length;
      return undefined;
    }
    this.#afterCr = chunk[end] === CR;
    this.#at = end + 1;
    if (this.#line.size === 0) return this.#withoutMark(piece);
    this.#line.add(piece);
    return this.#withoutMark(this.#line.take());
  }

  #lineEnd(): number {
    if (this.#cr < this.#at) {
      const found = this.#chunk.indexOf(CR, this.#at);
      this.#cr = found === -1 ? this.#chunk.length : found;
    }
    const lf = this.#chunk.indexOf(LF, this.#at);
    if (this.#cr === this.#chunk.length) return lf;
    return lf === -1 ? this.#cr : Math.min(lf, this.#cr);
  }

  /** The stream may begin with a byte order mark. */
  #withoutMark(line: Buffer): Buffer {
    if (this.#started) return line;
    this.#started = true;
    return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line;
  }

  #takeLine(line: Buffer): void {
    const colon = line.indexOf(COLON);
    if (colon === 0) return;
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon);
    const start = colon === -1 ? line.length : colon + (line[colon + 1] === SPACE ? 2 : 1);
    const value = line.subarray(start);
    if (name === 'data') this.#addData(value);
    else if (name === 'event') this.#event = value.toString('utf8');
    else if (name === 'id') this.#setId(value.toString('utf8'));
    else if (name === 'retry') this.#setRetry(value.toString('latin1'));
  }

  #addData(value: Buffer): void {
    if (this.#data.length >= MAX_DATA_LINES) throw tooLarge();
    this.#data.push(value);
    this.#dataBytes += value.length + 1;
  }

  #setId(id: string): void {
    if (!id.includes('\0')) this.#id = id;
  }

  #setRetry(digits: string): void {
    if (/^\d{1,15}$/.test(digits)) this.#retryMs = Number(digits);
  }

  #finishBlock(): SseEvent | undefined {
    const event = { event: this.#event, data: this.#takeData(), id: this.#id, retryMs: this.#retryMs };
    this.#event = '';
    this.#id = undefined;
    this.#retryMs = undefined;
    const says = event.data !== undefined || event.id !== undefined || event.retryMs !== undefined;
    return says ? event : undefined;
  }

  #takeData(): Buffer | undefined {
    const lines = this.#data;
    if (lines.length === 0) return undefined;
    this.#data = [];
    this.#dataBytes = 0;
    if (lines.length === 1) return lines[0];
    return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [LINE_FEED, line])));
  }
}

function tooLarge(): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail: 'One event of its stream is too large.' });
}

/** What an event says beside its data. `event` and `id` stand on one line each. */
export interface SseFields {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly retryMs?: number | undefined;
}

const DATA = Buffer.from('data: ');
const END = Buffer.from('\n\n');

/** The bytes of one event. Line ends inside the data become further data lines, so the reader gets them as LF. */
export function encodeEvent(data: Buffer | string, fields: SseFields = {}): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const head = encodeFields(fields);
  if (!bytes.includes(LF) && !bytes.includes(CR)) {
    return Buffer.concat(head === '' ? [DATA, bytes, END] : [Buffer.from(head), DATA, bytes, END]);
  }
  const lines = bytes.toString('utf8').split(/\r\n|\n|\r/);
  return Buffer.from(`${head}${lines.map((line) => `data: ${line}\n`).join('')}\n`, 'utf8');
}

/** A comment line: bytes that keep a connection alive and that every reader skips. */
export function encodeComment(text: string): Buffer {
  return Buffer.from(`: ${oneLine(text)}\n\n`, 'utf8');
}

function encodeFields({ event, id, retryMs }: SseFields): string {
  let head = '';
  if (event !== undefined) head += `event: ${oneLine(event)}\n`;
  if (id !== undefined) head += `id: ${oneLine(id)}\n`;
  if (retryMs !== undefined) head += `retry: ${retryMs}\n`;
  return head;
}

function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError('A field of an event stands on one line and has no NUL.');
  return text;
}
