import { GatewardError } from '../../errors.ts';
import { JsonRefused } from '../../lib/json-scan.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { SseEvent } from '../../wire/sse.ts';
import type { TransportEvents } from '../legacy/legacy-transport.ts';
import { sameId } from '../same-id.ts';

/** Milliseconds beyond which a server's `retry` is not believed. */
const MAX_RETRY_MS = 600_000;
/** What a header can carry (RFC 9110 §5.5); Last-Event-ID has no encoding for more. */
const HEADER_SAFE = /^[\x20-\x7e]{1,8192}$/;

/**
 * Reads the events of one stream of a legacy server over as many connections as it takes, and remembers where to
 * resume (2025-11-25 transports §Resumability and Redelivery).
 */
export class LegacyStream {
  readonly #events: TransportEvents;
  readonly #requestId: string | undefined;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  #answered = false;
  #heard = 0;

  /**
   * `requestId` is the raw id of the request whose stream it is; undefined for the standalone stream. `lastEventId` is
   * the newest event of one that another replica read before.
   */
  constructor(events: TransportEvents, requestId: string | undefined, lastEventId?: string) {
    this.#events = events;
    this.#requestId = requestId;
    this.#lastEventId = lastEventId;
  }

  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /** Milliseconds that the server asks to wait before coming back. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** True once the response to the request has come. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Events so far, empty ones included. */
  get heard(): number {
    return this.#heard;
  }

  /** Hands a message on. Throws UPSTREAM_INVALID for what is no JSON. */
  take(event: SseEvent): Promise<void> | undefined {
    this.#heard++;
    if (event.id !== undefined) this.#lastEventId = HEADER_SAFE.test(event.id) ? event.id : undefined;
    if (event.retryMs !== undefined) this.#retryMs = Math.min(event.retryMs, MAX_RETRY_MS);
    if (event.data === undefined || event.data.length === 0) return undefined;
    if (event.event !== '' && event.event !== 'message') return undefined;
    const message = parseMessage(event.data);
    if (this.#isAnswer(message)) this.#answered = true;
    return this.#events.onMessage(message, this.#requestId);
  }

  #isAnswer(message: JsonText): boolean {
    if (this.#requestId === undefined || message.get('method') !== undefined) return false;
    const id = message.get('id')?.text;
    return id !== undefined && sameId(id, this.#requestId);
  }
}

/** JSON of the server. Throws UPSTREAM_INVALID. */
export function parseMessage(bytes: Buffer): JsonText {
  try {
    return JsonText.parse(bytes);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    throw new GatewardError('UPSTREAM_INVALID', { detail: error.message });
  }
}
