import type { ServerResponse } from 'node:http';
import { encodeComment, encodeEvent, type SseFields } from '../wire/sse.ts';

/** Head of an SSE response (Streamable HTTP 2026-07-28 §Receiving Messages). */
const HEAD = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};
const KEEP_ALIVE = encodeComment('keep-alive');
/** Silence after which a comment is sent: proxies close silent streams. */
const KEEP_ALIVE_MS = 15_000;
/** A reader that takes nothing for so long, while something waits for it, is gone. */
export const STALLED_MS = 60_000;

/** What an event stream needs beside its response. */
export interface EventStreamOptions {
  /** Bytes that may wait in this process for a slow reader before the next message ends the stream. */
  readonly maxQueuedBytes: number;
  readonly nowMs: number;
}

/**
 * The SSE response of one request. Making it commits the response: status 200 and its head leave with the first
 * event or comment. Call `tick` about every second while it is open.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #maxQueuedBytes: number;
  #writtenMs: number;
  /** Since when the reader takes nothing; undefined while nothing waits for it. */
  #stalledMs: number | undefined;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(response: ServerResponse, { maxQueuedBytes, nowMs }: EventStreamOptions) {
    this.#response = response;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#writtenMs = nowMs;
    response.writeHead(200, HEAD);
  }

  /**
   * Sends one event. A promise asks the sender to wait until the reader has caught up; it also resolves when the
   * stream ends. A sender that does not wait fills the queue, and beyond its bound the stream is cut off.
   */
  send(data: Buffer, fields: SseFields): Promise<void> | undefined {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return undefined;
    if (response.writableLength > this.#maxQueuedBytes) {
      response.destroy();
      return undefined;
    }
    // Whoever writes next counts the silence from the tick before it: no clock is read for each event.
    this.#writtenMs = Number.POSITIVE_INFINITY;
    return response.write(encodeEvent(data, fields)) ? undefined : this.#waitForDrain();
  }

  /** Sends a comment if nothing was sent for a while, and cuts off a reader that has stopped reading. */
  tick(nowMs: number): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (response.writableNeedDrain) {
      this.#stalledMs ??= nowMs;
      if (nowMs - this.#stalledMs >= STALLED_MS) response.destroy();
      return;
    }
    this.#stalledMs = undefined;
    if (this.#writtenMs === Number.POSITIVE_INFINITY) this.#writtenMs = nowMs;
    if (nowMs - this.#writtenMs >= KEEP_ALIVE_MS) this.comment(nowMs);
  }

  /** Sends a comment, and with it the head if nothing was sent yet. */
  comment(nowMs: number): void {
    this.#writtenMs = nowMs;
    this.#response.write(KEEP_ALIVE);
  }

  #waitForDrain(): Promise<void> {
    this.#drained ??= this.#watchDrain();
    return this.#drained.promise;
  }

  #watchDrain(): { readonly promise: Promise<void>; readonly resolve: () => void } {
    const response = this.#response;
    const { promise, resolve } = Promise.withResolvers<void>();
    const release = () => {
      response.off('drain', release);
      response.off('close', release);
      this.#drained = undefined;
      resolve();
    };
    response.once('drain', release);
    response.once('close', release);
    return { promise, resolve };
  }
}
