import type { ServerResponse } from 'node:http';
import type { SseFields } from '../../wire/sse.ts';
import { EventStream } from '../event-stream.ts';
import type { Ticker, Timed } from '../ticker.ts';

/** What every event stream to a legacy client shares. */
export interface SseConnectionOptions {
  readonly ticker: Ticker;
  /** Bytes that may wait for a client which reads slowly; with more, the connection is closed. */
  readonly maxQueuedBytes: number;
}

/** One HTTP response that carries an event stream, from its head to its close. */
export class SseConnection implements Timed {
  readonly #response: ServerResponse;
  readonly #stream: EventStream;
  #onClose: (() => void) | undefined;
  #hasSent = false;

  /** Sends the head, so that the client knows that the stream is open; with an event that leaves in the same turn. */
  constructor(response: ServerResponse, { ticker, maxQueuedBytes }: SseConnectionOptions) {
    this.#response = response;
    this.#stream = new EventStream(response, { maxQueuedBytes, nowMs: ticker.now() });
    setImmediate(() => {
      if (this.open && !this.#hasSent) response.flushHeaders();
    });
    ticker.add(this);
    response.once('close', () => {
      ticker.delete(this);
      this.#onClose?.();
    });
  }

  /** False once nothing can be sent any more. */
  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Runs once the connection is closed, by whichever side. Replaces what was set before. */
  set onClose(run: () => void) {
    this.#onClose = run;
  }

  /** Sends one event. A promise asks to wait before the next: it resolves when the client has caught up, or is gone. */
  send(data: Buffer, fields: SseFields): Promise<void> | undefined {
    this.#hasSent = true;
    return this.#stream.send(data, fields);
  }

  /** Ends the stream properly. */
  end(): void {
    if (this.open) this.#response.end();
  }

  tick(nowMs: number): void {
    this.#stream.tick(nowMs);
  }
}
