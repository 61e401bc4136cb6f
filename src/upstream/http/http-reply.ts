/** Reads one HTTP reply of an upstream: a whole body, or an event stream. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { GatewardError } from '../../errors.ts';
import { ByteCollector } from '../../lib/byte-collector.ts';
import { type SseEvent, SseParser } from '../../wire/sse.ts';
import { failureOf } from './http-failure.ts';

/** What a reply says before its body. */
export interface ReplyHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Takes a reply apart. After `onBody`, `onStreamEnd` or `onFailure` nothing more comes. */
export interface ReplyTarget {
  /** The head is here; `stream` tells whether events follow. */
  onHead?(head: ReplyHead, stream: boolean): void;
  /** A whole body that is no event stream. */
  onBody(head: ReplyHead, body: Buffer): void;
  /** One event. A promise stops reading from the socket until it resolves. */
  onEvent(event: SseEvent): Promise<void> | undefined;
  /** The event stream is over, as the server meant it. */
  onStreamEnd(): void;
  /** The exchange broke, was refused by a bound, or `onEvent` failed. */
  onFailure(error: GatewardError): void;
}

const NO_HEAD: ReplyHead = { status: 0, headers: {} };

/** The handler of one `Dispatcher.dispatch`. */
export class HttpReply implements Dispatcher.DispatchHandler {
  readonly #target: ReplyTarget;
  readonly #maxBytes: number;
  #controller: Dispatcher.DispatchController | undefined;
  #head = NO_HEAD;
  #body: ByteCollector | undefined;
  #events: SseParser | undefined;
  #waiting = false;
  #ended = false;
  #cut: GatewardError | undefined;
  #over = false;

  /** `maxBytes` bounds a body, and each event of a stream. */
  constructor(target: ReplyTarget, maxBytes: number) {
    this.#target = target;
    this.#maxBytes = maxBytes;
  }

  /** True once bytes of the request may have left. */
  get begun(): boolean {
    return this.#controller !== undefined;
  }

  /** Gives the exchange up; the target hears nothing more. Safe to call again. */
  abort(): void {
    this.#over = true;
    this.#controller?.abort(
      new GatewardError('UPSTREAM_LOST', { detail: 'The gateway gave the request up.' }),
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, undici drops the request and keeps the connection for the next one.
    if (this.#over) throw gaveUp();
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#over || status < 200) return;
    this.#head = { status, headers };
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.#fail(
        new GatewardError('UPSTREAM_INVALID', { detail: 'It compresses although it was not asked to.' }),
      );
      return;
    }
    if (status === 200 && isEventStream(headers['content-type'])) {
      this.#events = new SseParser({ maxEventBytes: this.#maxBytes });
    }
    this.#target.onHead?.(this.#head, this.#events !== undefined);
    if (this.#events === undefined) return;
    // Streams last: their headers are not kept for as long.
    this.#head = NO_HEAD;
    controller.rawHeaders = null;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#events !== undefined) {
      this.#events.push(chunk);
      this.#drain(this.#events);
      return;
    }
    this.#body ??= new ByteCollector();
    if (this.#body.size + chunk.length > this.#maxBytes) this.#fail(tooLarge());
    else this.#body.add(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#ended = true;
    if (this.#events !== undefined) this.#finishStream();
    else this.#finish(() => this.#target.onBody(this.#head, this.#body?.take() ?? EMPTY));
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    // What has arrived before the cut is still handed out, the response perhaps among it.
    if (this.#waiting) this.#cut = failureOf(error, this.begun);
    else this.#fail(failureOf(error, this.begun));
  }

  /** Hands out events until there are none or the target asks to wait. */
  #drain(events: SseParser): void {
    if (this.#waiting) return;
    try {
      for (;;) {
        const event = events.next();
        if (event === undefined) break;
        const wait = this.#target.onEvent(event);
        if (this.#over) return;
        if (wait === undefined) continue;
        this.#wait(events, wait);
        return;
      }
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #wait(events: SseParser, wait: Promise<void>): void {
    this.#waiting = true;
    this.#controller?.pause();
    wait.then(
      () => {
        this.#waiting = false;
        if (this.#over) return;
        this.#drain(events);
        if (this.#waiting || this.#over) return;
        if (this.#cut !== undefined) this.#fail(this.#cut);
        else if (this.#ended) this.#finishStream();
        else this.#controller?.resume();
      },
      (error: unknown) => {
        if (!this.#over) this.#fail(asError(error));
      },
    );
  }

  #finishStream(): void {
    if (!this.#waiting) this.#finish(() => this.#target.onStreamEnd());
  }

  #finish(tell: () => void): void {
    this.#over = true;
    tell();
  }

  #fail(error: GatewardError): void {
    this.abort();
    this.#target.onFailure(error);
  }
}

const EMPTY = Buffer.alloc(0);

function gaveUp(): GatewardError {
  return new GatewardError('UPSTREAM_LOST', { detail: 'The gateway gave the request up.' });
}

function tooLarge(): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail: 'Its answer is too large.' });
}

function asError(error: unknown): GatewardError {
  return error instanceof GatewardError ? error : new GatewardError('INTERNAL_ERROR', { cause: error });
}

function isEventStream(type: string | undefined): boolean {
  return type !== undefined && mediaTypeOf(type) === 'text/event-stream';
}

/** True for `application/json`, whatever its parameters (RFC 9110 §8.3.1). */
export function isJson(type: string | undefined): boolean {
  return type === 'application/json' || (type !== undefined && mediaTypeOf(type) === 'application/json');
}

function mediaTypeOf(type: string): string {
  const end = type.indexOf(';');
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase();
}
