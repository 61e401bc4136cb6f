import type { IncomingMessage } from 'node:http';
import { GatewardError } from '../errors.ts';
import { ByteCollector } from '../lib/byte-collector.ts';
import type { Ticker, Timed } from './ticker.ts';

/** Bounds of one body. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Takes the whole body, or BODY_TOO_LARGE or BODY_TIMEOUT. */
export type BodyTaker = (body: Buffer | GatewardError) => void;

/**
 * Reads a body to its end. A body in one piece, as most are, is not copied. If the client goes away first, nobody is
 * called: there is nobody to answer.
 */
export function readBody(
  request: IncomingMessage,
  options: BodyLimits & { readonly ticker: Ticker },
  taker: BodyTaker,
): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > options.maxBytes) taker(tooLarge(options.maxBytes));
  else new BodyReader(request, options, taker);
}

class BodyReader implements Timed {
  slot: number | undefined;
  readonly #ticker: Ticker;
  readonly #taker: BodyTaker;
  readonly #deadlineMs: number;
  /** Undefined once the taker is called or the client is gone. */
  #pieces: ByteCollector | undefined = new ByteCollector();

  constructor(
    request: IncomingMessage,
    { maxBytes, timeoutMs, ticker }: BodyLimits & { readonly ticker: Ticker },
    taker: BodyTaker,
  ) {
    this.#ticker = ticker;
    this.#taker = taker;
    this.#deadlineMs = ticker.now() + timeoutMs;
    ticker.add(this);
    request.on('data', (chunk: Buffer) => {
      if (this.#pieces === undefined) return;
      if (this.#pieces.size + chunk.length > maxBytes) this.#finish(tooLarge(maxBytes));
      else this.#pieces.add(chunk);
    });
    request.on('end', () => {
      if (this.#pieces !== undefined) this.#finish(this.#pieces.take());
    });
    request.on('close', () => this.#leave());
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.#finish(new GatewardError('BODY_TIMEOUT'));
  }

  #finish(result: Buffer | GatewardError): void {
    this.#leave();
    this.#taker(result);
  }

  #leave(): void {
    this.#pieces = undefined;
    this.#ticker.delete(this);
  }
}

function tooLarge(maxBytes: number): GatewardError {
  return new GatewardError('BODY_TOO_LARGE', { detail: `The limit is ${maxBytes} bytes.` });
}
