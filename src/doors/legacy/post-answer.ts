import type { ServerResponse } from 'node:http';
import type { StreamHints } from '../../call.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Accepted } from '../../lib/media-type.ts';
import type { EventLog } from '../../session/event-log.ts';
import type { Reply } from './legacy-reply.ts';
import { LegacyStream } from './legacy-stream.ts';
import type { LiveSession } from './live-session.ts';
import type { Outlet } from './outlet.ts';
import { SseConnection, type SseConnectionOptions } from './sse-connection.ts';

/** One POST with requests, and what its answer needs. */
export interface PostAnswerOptions {
  readonly response: ServerResponse;
  readonly accepted: Accepted;
  readonly session: LiveSession;
  /** Requests in the body. */
  readonly requests: number;
  /** The body was an array, so an answer in JSON is one too. */
  readonly batch: boolean;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly sse: SseConnectionOptions;
}

/** Milliseconds of silence after which the answer becomes a stream, which the client can come back to. */
const SILENCE_MS = 250;
const JOINED_BYTES = 64 * 1024;

/**
 * The answer to one POST with requests: JSON when every request is answered at once and in silence, otherwise a stream
 * (2025-11-25 basic/transports §Sending Messages). The client may go away; the calls go on, and their messages wait
 * for its return.
 */
export class PostAnswer implements Outlet {
  readonly #options: PostAnswerOptions;
  readonly #replies: Reply[] = [];
  #missing: number;
  #stream: LegacyStream | undefined;
  readonly #callOff: () => void;

  constructor(options: PostAnswerOptions) {
    this.#options = options;
    this.#missing = options.requests;
    const streams = options.accepted.eventStream;
    this.#callOff = streams ? options.clock.after(SILENCE_MS, () => void this.#open()) : () => undefined;
  }

  /** A client that left before the stream began has no event id to come back with. */
  get open(): boolean {
    if (this.#missing === 0) return false;
    return this.#stream !== undefined || (this.#options.accepted.eventStream && !this.#gone);
  }

  send(message: Buffer): Promise<void> | undefined {
    return this.#missing === 0 ? undefined : this.#open()?.send(message);
  }

  /** Does with the stream what the upstream does with its own, as far as the client's revision knows that. */
  readonly hints: StreamHints = {
    opened: () => {
      if (this.#missing > 0) this.#open();
    },
    hungUp: (retryMs) => {
      if (this.#missing > 0 && this.#options.session.revision.primes) this.#open()?.hangUp(retryMs);
    },
  };

  /** Takes the response to one of the requests; undefined for one that was cancelled and gets none. */
  reply(reply: Reply | undefined): void {
    this.#missing--;
    if (reply !== undefined) {
      if (this.#stream === undefined && this.#options.accepted.json) this.#replies.push(reply);
      else void this.#open()?.send(reply.body);
    }
    if (this.#missing === 0) this.#finish();
  }

  get #gone(): boolean {
    return this.#options.response.destroyed;
  }

  #open(): LegacyStream | undefined {
    if (this.#stream !== undefined || this.#gone || !this.#options.accepted.eventStream) return this.#stream;
    this.#callOff();
    const { response, session, log, sse } = this.#options;
    const connection = new SseConnection(response, sse);
    const stream = new LegacyStream(session.key, log, { connection, prime: session.revision.primes });
    this.#stream = stream;
    session.streams.set(stream.ref.stream, stream);
    for (const { body } of this.#replies.splice(0)) void stream.send(body);
    return stream;
  }

  #finish(): void {
    this.#callOff();
    const stream = this.#stream;
    if (stream === undefined) {
      this.#finishPlain();
      return;
    }
    stream.finish();
    this.#options.session.streams.delete(stream.ref.stream);
  }

  #finishPlain(): void {
    const { response, batch, accepted } = this.#options;
    const [first] = this.#replies;
    if (this.#gone) return;
    if (first === undefined) {
      finishSilently(response, accepted);
      return;
    }
    const body = batch ? joinReplies(this.#replies) : first.body;
    if (!batch && first.retryAfterSeconds !== undefined) {
      response.setHeader('Retry-After', Math.ceil(first.retryAfterSeconds));
    }
    response.writeHead(batch ? 200 : first.status, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
    });
    // As latin1 text, node:http joins head and body into one buffer and one system call.
    if (body.length <= JOINED_BYTES) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  }
}

/** No response is sent for a cancelled request, so the HTTP response has none in it. */
function finishSilently(response: ServerResponse, accepted: Accepted): void {
  if (accepted.eventStream) response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  else response.writeHead(204);
  response.end();
}

function joinReplies(replies: readonly Reply[]): Buffer {
  const parts = replies.flatMap(({ body }, index) => [Buffer.from(index === 0 ? '[' : ','), body]);
  return Buffer.concat([...parts, Buffer.from(']')]);
}
