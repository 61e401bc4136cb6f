import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { type Line, LineReader } from '../../wire/lines.ts';

/** Bytes of one line that are kept. */
const MAX_LINE_BYTES = 4096;
/** Lines that are kept within one window; what is beyond is counted. */
const MAX_LINES = 200;
const WINDOW_MS = 10_000;

/** Keeps what an upstream's process writes to stderr as log lines, bounded in length and rate. */
export class StderrLog {
  readonly #upstream: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #reader = new LineReader(MAX_LINE_BYTES);
  #windowEnds = 0;
  #lines = 0;

  constructor(upstream: string, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#upstream = upstream;
    this.#log = log;
    this.#clock = clock;
  }

  push(chunk: Buffer): void {
    for (const line of this.#reader.push(chunk)) this.#keep(line);
  }

  /** The process is gone; what it did not finish is kept too. */
  end(): void {
    const line = this.#reader.end();
    if (line !== undefined) this.#keep(line);
    this.#closeWindow();
  }

  #keep(line: Line): void {
    const now = this.#clock.now();
    if (now >= this.#windowEnds) {
      this.#closeWindow();
      this.#windowEnds = now + WINDOW_MS;
    }
    if (++this.#lines > MAX_LINES) return;
    const text = line.kind === 'line' ? line.bytes.toString('utf8') : `${line.head.toString('utf8')}...`;
    if (text.trim() !== '') this.#log.info('upstream stderr', { upstream: this.#upstream, line: text });
  }

  #closeWindow(): void {
    const left = this.#lines - MAX_LINES;
    this.#lines = 0;
    if (left > 0)
      this.#log.warn('upstream stderr was too much', { upstream: this.#upstream, linesLeftOut: left });
  }
}
