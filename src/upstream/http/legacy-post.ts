/** One POST of a legacy session, and everything that comes back for it. */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort, type Abortable } from '../../lib/abort.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { Countdown } from '../../lib/countdown.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { exchangeHttp, type HttpEnd } from './http-exchange.ts';
import { failureOfStatus } from './http-failure.ts';
import { isJson, type ReplyHead } from './http-reply.ts';
import { type LegacyHttpSession, sessionLost } from './legacy-http-session.ts';
import { LegacyStream, parseMessage } from './legacy-stream.ts';

const POST_HEADERS = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
const GET_HEADERS = ['accept', 'text/event-stream'];
/** Attempts in a row to resume a stream that bring nothing. */
const MAX_RESUMES = 5;
const FIRST_RESUME_MS = 250;
const MAX_RESUME_MS = 10_000;
/** Milliseconds a server has to end what needs no response any more, so that the connection can serve again. */
const STREAM_END_MS = 1_000;

/** One message, or a request that another replica sent and whose stream goes on here. */
export type Posted =
  | { readonly message: JsonText; readonly requestId: string | undefined }
  | { readonly requestId: string; readonly lastEventId: string };

/** Sends one message. See LegacyTransport.send for what the promise of `run` tells. */
export class LegacyPost {
  readonly #session: LegacyHttpSession;
  readonly #posted: Posted;
  readonly #requestId: string | undefined;
  readonly #stream: LegacyStream;
  readonly #delivered = Promise.withResolvers<void>();
  readonly #abort = new Abort();
  readonly #initializes: boolean;
  readonly #timer: Countdown;
  #isDelivered = false;

  constructor(session: LegacyHttpSession, posted: Posted) {
    const { requestId } = posted;
    this.#session = session;
    this.#timer = new Countdown(session.options.clock);
    this.#posted = posted;
    this.#requestId = requestId;
    const from = 'message' in posted ? undefined : posted.lastEventId;
    this.#stream = new LegacyStream(session.events, requestId, from);
    this.#initializes = 'message' in posted && posted.message.get('method')?.text === '"initialize"';
  }

  /** The newest event on its stream. */
  get lastEventId(): string | undefined {
    return this.#stream.lastEventId;
  }

  /** `onOver` runs when nothing more comes. */
  async run(signal: Abortable | undefined, onOver: () => void): Promise<void> {
    const { ended } = this.#session;
    const onAbort = (): void => this.#abort.abort(signal?.reason);
    // What needs no response any more ends by itself in a moment, and its connection serves again.
    const onEnd = (): void => {
      if (this.#stream.answered) return;
      if (this.#requestId === undefined) this.#endSoon(() => ended.reason);
      else this.#abort.abort(ended.reason);
    };
    signal?.addEventListener('abort', onAbort);
    ended.addEventListener('abort', onEnd);
    if (signal?.aborted === true) onAbort();
    if (ended.aborted) onEnd();
    void this.#exchange().finally(() => {
      signal?.removeEventListener('abort', onAbort);
      ended.removeEventListener('abort', onEnd);
      this.#timer.stop();
      onOver();
    });
    await this.#delivered.promise;
  }

  /** Never rejects. */
  async #exchange(): Promise<void> {
    const posted = this.#posted;
    try {
      if (!('message' in posted)) {
        await this.#resume(await this.#resumeOnce(posted.lastEventId));
        return;
      }
      const end = await exchangeHttp({
        endpoint: this.#session.options.endpoint,
        method: 'POST',
        headers: [...POST_HEADERS, ...this.#session.headers()],
        body: posted.message.bytes,
        // What lets a call go on must not wait for calls to end.
        pool: this.#requestId === undefined ? 'streams' : 'calls',
        signal: this.#abort,
        onHead: (head, stream) => this.#takeHead(head, stream),
        onEvent: (event) => this.#takeEvent(() => this.#stream.take(event)),
      });
      if (end.kind === 'body') await this.#takeBody(end);
      else await this.#resume(end.error);
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeHead(head: ReplyHead, stream: boolean): void {
    const { status } = head;
    if (status < 200 || status > 299) return;
    if (this.#initializes) this.#session.takeId(head);
    if (stream && this.#requestId !== undefined) this.#session.events.onStream?.(this.#requestId);
    if (stream || status === 202 || isJson(head.headers['content-type'])) this.#deliver();
  }

  #takeEvent(take: () => Promise<void> | undefined): Promise<void> | undefined {
    const wait = take();
    if (this.#stream.answered) this.#endSoon(sessionLost);
    return wait;
  }

  #endSoon(reason: () => unknown): void {
    this.#timer.start(STREAM_END_MS, () => this.#abort.abort(reason()));
  }

  async #takeBody({ head, body }: HttpEnd & { kind: 'body' }): Promise<void> {
    const { status } = head;
    if (status > 299) await this.#takeRefusal(head, body);
    else if (this.#requestId !== undefined) {
      if (body.length === 0 || !isJson(head.headers['content-type'])) throw notAnswered(status);
      await this.#session.events.onMessage(parseMessage(body), this.#requestId);
    } else this.#deliver();
  }

  /** A status that is no success: the session's end, an error of JSON-RPC, or trouble. */
  #takeRefusal(head: ReplyHead, body: Buffer): Promise<void> | undefined {
    const { status, headers } = head;
    const failure = failureOfStatus(status, headers);
    if (failure.code === 'UPSTREAM_REFUSED' || failure.code === 'RATE_LIMITED') throw failure;
    const error = isJson(headers['content-type']) ? readError(body) : undefined;
    if (this.#session.id !== undefined && (status === 404 || (status === 400 && isForNobody(error)))) {
      const lost = sessionLost();
      this.#session.lose(lost);
      throw lost;
    }
    if (error === undefined || this.#requestId === undefined) throw failure;
    this.#deliver();
    const id = JsonText.written(this.#requestId);
    return this.#session.events.onMessage(isForNobody(error) ? error.with({ id }) : error, this.#requestId);
  }

  /** The stream ended, perhaps only for now: a server may hang up and wait to be asked again (2025-11-25). */
  async #resume(broken: GatewardError | undefined): Promise<void> {
    let failure = broken;
    for (let vain = 0; !this.#stream.answered; ) {
      const { lastEventId, retryMs, heard } = this.#stream;
      if (this.#requestId === undefined) return;
      if (lastEventId === undefined || failure?.code === 'UPSTREAM_INVALID' || vain >= MAX_RESUMES) {
        throw (
          failure ?? new GatewardError('UPSTREAM_LOST', { detail: 'Its stream ended without the response.' })
        );
      }
      if (failure === undefined && retryMs !== undefined)
        this.#session.events.onHungUp?.(this.#requestId, retryMs);
      await wait(this.#session.options.clock, retryMs ?? this.#pauseMs(vain + 1), this.#abort);
      this.#abort.throwIfAborted();
      failure = await this.#resumeOnce(lastEventId);
      vain = this.#stream.heard > heard ? 0 : vain + 1;
    }
  }

  #pauseMs(attempt: number): number {
    const { random } = this.#session.options;
    return backoffMs(attempt, { firstMs: FIRST_RESUME_MS, maxMs: MAX_RESUME_MS, random });
  }

  /** Gives what broke the stream this time; throws what makes it useless to go on. */
  async #resumeOnce(lastEventId: string): Promise<GatewardError | undefined> {
    const end = await exchangeHttp({
      endpoint: this.#session.options.endpoint,
      method: 'GET',
      headers: [...GET_HEADERS, ...this.#session.headers(lastEventId)],
      pool: 'streams',
      signal: this.#abort,
      onHead: (_, stream) => {
        if (stream) this.#deliver();
      },
      onEvent: (event) => this.#takeEvent(() => this.#stream.take(event)),
    }).catch((error: unknown) => {
      this.#abort.throwIfAborted();
      return toGatewardError(error);
    });
    if (end instanceof GatewardError) return end;
    if (end.kind === 'stream') return end.error;
    if (end.head.status >= 500)
      return new GatewardError('UPSTREAM_LOST', { detail: `It answered HTTP ${end.head.status}.` });
    // The server may not know yet that the connection on which it streamed before is gone.
    if (end.head.status === 409)
      return new GatewardError('UPSTREAM_LOST', { detail: 'It streams elsewhere.' });
    if (end.head.status === 404 && this.#session.id !== undefined) this.#session.lose(sessionLost());
    throw new GatewardError('UPSTREAM_LOST', { detail: 'Its stream cannot be resumed.' });
  }

  #deliver(): void {
    this.#isDelivered = true;
    this.#delivered.resolve();
  }

  #fail(error: unknown): void {
    if (!this.#isDelivered) {
      this.#delivered.reject(error);
      return;
    }
    if (this.#requestId === undefined || this.#stream.answered || this.#abort.aborted) return;
    // The server has taken the request: an UPSTREAM_UNAVAILABLE of resuming would say that nothing was run.
    const reason = toGatewardError(error);
    const lost =
      reason.code === 'UPSTREAM_UNAVAILABLE' ? new GatewardError('UPSTREAM_LOST', { cause: reason }) : reason;
    this.#session.events.onRequestFailed(this.#requestId, lost);
  }
}

/** The JSON-RPC error of a body, or undefined. */
function readError(body: Buffer): JsonText | undefined {
  try {
    const json = JsonText.parse(body);
    return json.get('error')?.kind === 'object' ? json : undefined;
  } catch {
    return undefined;
  }
}

/** True for an error that names no request: older servers refuse an unknown session so, with status 400. */
function isForNobody(error: JsonText | undefined): error is JsonText {
  if (error === undefined) return false;
  const id = error.get('id');
  return id === undefined || id.kind === 'null';
}

function notAnswered(status: number): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', {
    detail: `It answered a request with HTTP ${status} and no JSON.`,
  });
}
