/** The stream of a legacy session for what belongs to no request (2025-03-26 transports §Listening for Messages). */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort } from '../../lib/abort.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { wait } from '../../lib/wait.ts';
import type { SseEvent } from '../../wire/sse.ts';
import { exchangeHttp, type HttpEnd } from './http-exchange.ts';
import { failureOfStatus } from './http-failure.ts';
import { type LegacyHttpSession, sessionLost } from './legacy-http-session.ts';
import type { LegacyStream } from './legacy-stream.ts';

/** Failures to connect in a row after which the session counts as lost. */
const MAX_FAILURES = 10;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;

/** Why the stream is not open at the moment: it may be opened again, or never. */
type Pause = 'again' | 'failed' | 'never';

/** Keeps the stream open until the session ends or the server shows that it offers none. */
export class StandaloneStream {
  readonly #session: LegacyHttpSession;
  readonly #stream: LegacyStream;
  readonly #settled = Promise.withResolvers<void>();
  #closed = false;
  /** Aborts when the session ends, or this stream of it. */
  readonly #ended = new Abort();

  /** `stream` knows what came before, so that one that is opened again goes on where it was. */
  constructor(session: LegacyHttpSession, stream: LegacyStream) {
    this.#session = session;
    this.#stream = stream;
  }

  /** Ends this stream, not its session. */
  close(): void {
    this.#closed = true;
    this.#ended.abort(sessionLost());
  }

  /** Resolves when the server has answered the first attempt, whatever it answered. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Resolves when the stream is closed, or over for good. Never rejects. */
  async run(): Promise<void> {
    const { ended } = this.#session;
    const onEnd = (): void => this.#ended.abort(ended.reason);
    if (ended.aborted) onEnd();
    else ended.addEventListener('abort', onEnd);
    await this.#run();
    ended.removeEventListener('abort', onEnd);
  }

  async #run(): Promise<void> {
    const { options } = this.#session;
    const ended = this.#ended;
    let failures = 0;
    let vain = 0;
    while (!ended.aborted) {
      const { heard } = this.#stream;
      const pause = await this.#connect();
      this.#settled.resolve();
      if (pause === 'never' || ended.aborted) return;
      vain = this.#stream.heard > heard ? 0 : vain + 1;
      failures = pause === 'failed' ? failures + 1 : 0;
      if (failures >= MAX_FAILURES) {
        this.#session.lose(
          new GatewardError('UPSTREAM_LOST', { detail: 'Its stream cannot be opened any more.' }),
        );
        return;
      }
      await wait(options.clock, this.#waitMs(vain), ended);
    }
  }

  /** A server that asks for no pause gets one all the same when its streams bring nothing. */
  #waitMs(vain: number): number {
    const { random } = this.#session.options;
    const ownMs = backoffMs(Math.max(1, vain), { firstMs: FIRST_WAIT_MS, maxMs: MAX_WAIT_MS, random });
    const { retryMs } = this.#stream;
    if (retryMs === undefined) return ownMs;
    return vain === 0 ? retryMs : Math.max(retryMs, ownMs);
  }

  async #connect(): Promise<Pause> {
    const { options } = this.#session;
    try {
      const end = await exchangeHttp({
        endpoint: options.endpoint,
        method: 'GET',
        headers: ['accept', 'text/event-stream', ...this.#session.headers(this.#stream.lastEventId)],
        pool: 'streams',
        signal: this.#ended,
        onHead: () => this.#settled.resolve(),
        onEvent: (event) => this.#take(event),
      });
      return end.kind === 'stream' ? 'again' : this.#judge(end);
    } catch (error) {
      if (this.#closed) return 'never';
      options.log.debug('the standalone stream of a session failed', {
        reason: toGatewardError(error).message,
      });
      return 'failed';
    }
  }

  #take(event: SseEvent): Promise<void> | undefined {
    try {
      return this.#stream.take(event);
    } catch (error) {
      this.#session.options.log.warn('an invalid message on the standalone stream was left out', {
        reason: toGatewardError(error).message,
      });
      return undefined;
    }
  }

  #judge({ head }: HttpEnd & { kind: 'body' }): Pause {
    const { status } = head;
    if (status === 404 && this.#session.id !== undefined) {
      this.#session.lose(sessionLost());
      return 'never';
    }
    // One stream at a time is a limit of some servers, and the old one may not be known to be gone yet.
    if (status === 409 || status === 429) return 'again';
    if (status >= 500) return 'failed';
    if (status !== 405) {
      this.#session.options.log.debug('the server refused the standalone stream', {
        reason: failureOfStatus(status, head.headers).message,
      });
    }
    return 'never';
  }
}
