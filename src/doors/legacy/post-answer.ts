import type { ServerResponse } from 'node:http';
import type { StreamHints } from '../../call.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Accepted } from '../../lib/media-type.ts';
import { nameStream } from './event-id.ts';
import type { HeldStreams } from './held-streams.ts';
import type { Journal } from './journal.ts';
import type { Reply } from './legacy-reply.ts';
import type { LiveSession } from './live-session.ts';
import type { Outlet } from './outlet.ts';
import { SseConnection, type SseConnectionOptions } from './sse-connection.ts';
import { StreamAnswer } from './stream-answer.ts';
import type { StreamWork } from './stream-work.ts';

/** One POST with requests, and what its answer needs. */
export interface PostAnswerOptions {
  readonly response: ServerResponse;
  readonly accepted: Accepted;
  readonly session: LiveSession;
  /** The requests in the body. */
  readonly work: StreamWork;
  /** The body was an array, so an answer in JSON is one too. */
  readonly batch: boolean;
  readonly held: HeldStreams;
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
  #name: string | undefined;
  #streamed: StreamAnswer | undefined;
  readonly #callOff: () => void;

  constructor(options: PostAnswerOptions) {
    this.#options = options;
    const streams = options.accepted.eventStream;
    this.#callOff = streams ? options.clock.after(SILENCE_MS, () => void this.#open()) : () => undefined;
  }

  /** A client that left before the stream began has no event id to come back with. */
  get open(): boolean {
    if (this.#isDone) return false;
    if (this.#streamed !== undefined) return this.#streamed.open;
    return this.#options.accepted.eventStream && !this.#gone;
  }

  get stream(): string {
    this.#name ??= nameStream('call');
    return this.#name;
  }

  send(message: Buffer): Promise<void> | undefined {
    return this.#isDone ? undefined : this.#open()?.send(message);
  }

  ask(message: Buffer): Promise<void> | undefined {
    return this.#isDone ? undefined : this.#open()?.ask(message);
  }

  /** Where one of the requests notes how far it is. Nothing is kept before there is a stream. */
  journal(id: string): Journal {
    const { work } = this.#options;
    return {
      asking: (state) => {
        if (this.#streamed === undefined) work.note(id, state);
        else this.#streamed.journal(id).asking(state);
      },
      calling: async (state) => {
        if (this.#streamed === undefined) work.note(id, state);
        else await this.#streamed.journal(id).calling(state);
      },
    };
  }

  /** Does with the stream what the upstream does with its own. */
  readonly hints: StreamHints = {
    opened: () => {
      if (!this.#isDone) this.#open();
    },
    hungUp: (retryMs) => {
      if (!this.#isDone && this.#options.session.revision.primes) this.#open()?.hints.hungUp(retryMs);
    },
  };

  /** Takes the response to one of the requests; undefined for one that gets none. */
  reply(id: string, reply: Reply | undefined): void {
    const { work, accepted } = this.#options;
    if (this.#streamed === undefined && reply !== undefined) {
      if (accepted.json) this.#replies.push(reply);
      else this.#open();
    }
    if (this.#streamed !== undefined) this.#streamed.reply(id, reply);
    else work.requests.delete(id);
    if (!this.#isDone) return;
    this.#callOff();
    if (this.#streamed === undefined) this.#finishPlain();
  }

  /** Every request has had its response. */
  get #isDone(): boolean {
    return this.#options.work.requests.size === 0;
  }

  get #gone(): boolean {
    return this.#options.response.destroyed;
  }

  #open(): StreamAnswer | undefined {
    if (this.#streamed !== undefined || this.#gone || !this.#options.accepted.eventStream)
      return this.#streamed;
    this.#callOff();
    const { response, session, work, held, sse } = this.#options;
    const connection = new SseConnection(response, sse);
    const stream = held.open(this.stream, session, work);
    stream.begin(connection);
    this.#streamed = new StreamAnswer(stream, work);
    for (const { body } of this.#replies.splice(0)) void stream.send(body);
    return this.#streamed;
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
