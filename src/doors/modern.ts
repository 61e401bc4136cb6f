import type { ServerResponse } from 'node:http';
import type { Call, Failed, Handle, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { Abort, type Abortable } from '../lib/abort.ts';
import type { JsonText } from '../lib/json-text.ts';
import { type Accepted, readAccept } from '../lib/media-type.ts';
import { remember } from '../lib/remember.ts';
import type { ModernRequest } from '../wire/classify.ts';
import { failedBy } from '../wire/failure.ts';
import { writeError, writeResult } from '../wire/message.ts';
import { methodRuleOf, statusOf } from '../wire/rev2026-07-28/registry.ts';
import { refuse, tellFailure } from './answer.ts';
import { EventStream, STALLED_MS } from './event-stream.ts';
import type { PostExchange } from './legacy-door.ts';
import type { Ticker, Timed } from './ticker.ts';

/** Silence after which a stream is committed, so that proxies and clients see that the call goes on. */
const SILENCE_MS = 2000;
const MESSAGE = { event: 'message' } as const;
const ANYTHING: Accepted = { json: true, eventStream: true };
const acceptedBy = remember(readAccept);

/** What the modern door is made of. */
export interface ModernDoorParts {
  readonly handle: Handle;
  readonly ticker: Ticker;
  /** Bytes that may wait for a slow reader of a stream before it is cut off. */
  readonly maxQueuedBytes: number;
}

/**
 * Answers one request of the modern era (Streamable HTTP 2026-07-28 §Receiving Messages): one JSON object, or an SSE
 * stream once a notification comes or two seconds pass in silence. Until then the status says what the error is. When
 * the client closes the response before its end, the call is aborted and nothing more is sent.
 */
export function answerModern(
  exchange: PostExchange,
  classified: ModernRequest,
  { handle, ticker, maxQueuedBytes }: ModernDoorParts,
): void {
  const { request, response, server, body } = exchange;
  const accept = request.headers.accept;
  const accepted = accept === undefined ? ANYTHING : acceptedBy(accept);
  const rule = methodRuleOf(classified.method);
  if (!accepted.eventStream && (!accepted.json || rule?.streams === true)) {
    refuse(response, new GatewardError('NOT_ACCEPTABLE'), { id: classified.id });
    return;
  }
  const answer = new ModernAnswer({ response, accepted, id: classified.id, ticker, maxQueuedBytes });
  const call: Call = {
    message: body,
    id: classified.id,
    method: classified.method,
    name: rule?.nameMember === undefined ? undefined : classified.params.get(rule.nameMember)?.string(),
    meta: classified.meta,
    signal: answer.signal,
    notify: (notification) => answer.notify(notification),
    legacy: undefined,
  };
  handle({ server, call, headers: request.headers }).then(
    (outcome) => answer.finish(outcome),
    (thrown: unknown) => answer.finish(failedBy(thrown)),
  );
}

interface AnswerParts {
  readonly response: ServerResponse;
  readonly accepted: Accepted;
  readonly id: string;
  readonly ticker: Ticker;
  readonly maxQueuedBytes: number;
}

/** The answer to one request while it is being made. */
class ModernAnswer implements Timed {
  slot: number | undefined;
  readonly #parts: AnswerParts;
  readonly #response: ServerResponse;
  readonly #abort = new Abort();
  readonly #silentUntilMs: number;
  #stream: EventStream | undefined;
  /** Either the outcome is written or the client is gone. */
  #over = false;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
    this.#response = parts.response;
    this.#silentUntilMs = parts.ticker.now() + SILENCE_MS;
    parts.ticker.add(this);
    parts.response.on('close', () => this.#closed());
  }

  get signal(): Abortable {
    return this.#abort;
  }

  notify(notification: JsonText): Promise<void> | undefined {
    if (this.#over || !this.#parts.accepted.eventStream) return undefined;
    return this.#open().send(notification.bytes, MESSAGE);
  }

  finish(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.ticker.delete(this);
    const { id, accepted } = this.#parts;
    const failed = outcome.kind === 'error' ? outcome : undefined;
    const body = outcome.kind === 'error' ? writeError(id, outcome.error) : writeResult(id, outcome.result);
    const status = failed === undefined ? 200 : statusOf(failed);
    if (this.#stream === undefined && (accepted.json || status !== 200))
      this.#writeJson(status, body, failed);
    else this.#writeLast(body);
  }

  tick(nowMs: number): void {
    if (this.#stream !== undefined) this.#stream.tick(nowMs);
    else if (this.#parts.accepted.eventStream && nowMs >= this.#silentUntilMs) this.#open().comment(nowMs);
  }

  #open(): EventStream {
    this.#stream ??= new EventStream(this.#response, {
      maxQueuedBytes: this.#parts.maxQueuedBytes,
      nowMs: this.#parts.ticker.now(),
    });
    return this.#stream;
  }

  #writeJson(status: number, body: Buffer, failed: Failed | undefined): void {
    const head: Record<string, string | number> = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
    };
    if (failed !== undefined) tellFailure(head, failed);
    this.#response.writeHead(status, head);
    // As latin1 text, node:http joins head and body into one buffer and one system call.
    if (body.length <= JOINED_BYTES) this.#response.end(body.toString('latin1'), 'latin1');
    else this.#endSlowly(body);
  }

  #writeLast(body: Buffer): void {
    const stream = this.#open();
    void stream.send(body, MESSAGE);
    this.#endSlowly(undefined);
  }

  /** Ends the response, and the connection too if its reader takes nothing of what waits for it. */
  #endSlowly(body: Buffer | undefined): void {
    this.#response.end(body);
    this.#response.setTimeout(STALLED_MS);
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.ticker.delete(this);
    this.#abort.abort(new GatewardError('UPSTREAM_LOST', { cause: 'the client closed the response' }));
  }
}

/** Above this, copying costs more than a second buffer in the write. */
const JOINED_BYTES = 64 * 1024;
