/** Legacy Streamable HTTP: revisions 2025-03-26, 2025-06-18 and 2025-11-25 (transports §Streamable HTTP). */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort, type Abortable } from '../../lib/abort.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { SparseMap } from '../../lib/sparse-map.ts';
import { wait } from '../../lib/wait.ts';
import type {
  HandOver,
  HeldSession,
  LegacyTransport,
  ResumeOptions,
  SendOptions,
  TransportEvents,
} from '../legacy/legacy-transport.ts';
import { exchangeHttp, within } from './http-exchange.ts';
import { type LegacyHttpOptions, LegacyHttpSession } from './legacy-http-session.ts';
import { LegacyPost, type Posted } from './legacy-post.ts';
import { LegacyStream } from './legacy-stream.ts';
import { StandaloneStream } from './standalone-stream.ts';

/** Milliseconds that requests wait for the standalone stream to open, on which servers often ask back. */
const STANDALONE_MS = 500;
/** Milliseconds that the polite end of a session may take. */
const DELETE_MS = 2_000;

/** A transport for one session. The endpoint's dispatcher belongs to the caller. */
export function createHttpTransport(options: LegacyHttpOptions): LegacyTransport {
  return new HttpTransport(options);
}

class HttpTransport implements LegacyTransport, HandOver {
  readonly tellsRequests = true;
  readonly #options: LegacyHttpOptions;
  /** Requests under way, by their raw ids. */
  readonly #posts = new SparseMap<string, LegacyPost>();
  #started: LegacyHttpSession | undefined;
  #isLeft = false;
  #standalone: StandaloneStream | undefined;
  /** What came on the standalone stream, however often it was opened. */
  #standaloneStream: LegacyStream | undefined;
  #isRefused = false;
  #opening: Promise<void> | undefined;

  constructor(options: LegacyHttpOptions) {
    this.#options = options;
  }

  get handOver(): HandOver {
    return this;
  }

  async start(events: TransportEvents): Promise<void> {
    if (this.#started !== undefined) throw new TypeError('A transport starts once.');
    this.#started = new LegacyHttpSession(this.#options, events);
  }

  adopt(events: TransportEvents, { sessionId, lastEventId }: HeldSession): void {
    if (this.#started !== undefined) throw new TypeError('A transport starts once.');
    this.#started = new LegacyHttpSession(this.#options, events, sessionId);
    this.#standaloneStream = new LegacyStream(events, undefined, lastEventId);
  }

  snapshot(): HeldSession | undefined {
    if (this.#started === undefined) return undefined;
    return { sessionId: this.#started.id, lastEventId: this.#standaloneStream?.lastEventId };
  }

  lastEventId(requestId: string): string | undefined {
    return this.#posts.get(requestId)?.lastEventId;
  }

  async send(message: JsonText, { requestId, signal, atOnce }: SendOptions): Promise<void> {
    if (this.#opening !== undefined && requestId !== undefined && atOnce !== true) await this.#opening;
    await this.#post({ message, requestId }, signal);
  }

  async resume({ requestId, lastEventId, signal }: ResumeOptions): Promise<void> {
    if (this.#opening !== undefined) await this.#opening;
    await this.#post({ requestId, lastEventId }, signal);
  }

  leave(): void {
    this.#isLeft = true;
  }

  useVersion(version: string): void {
    this.#session().useVersion(version);
  }

  openStandalone(): void {
    const session = this.#session();
    if (this.#standalone !== undefined || this.#isRefused || session.ended.aborted) return;
    this.#standaloneStream ??= new LegacyStream(session.events, undefined);
    const standalone = new StandaloneStream(session, this.#standaloneStream);
    this.#standalone = standalone;
    void standalone.run().then(() => {
      // A server that refused it is not asked again for this session.
      if (this.#standalone === standalone) this.#isRefused = true;
    });
    this.#opening = this.#awaitOpen(standalone);
  }

  closeStandalone(): void {
    const standalone = this.#standalone;
    this.#standalone = undefined;
    standalone?.close();
  }

  async close(): Promise<void> {
    const session = this.#started;
    if (session === undefined || session.ended.aborted) return;
    session.end(new GatewardError('UPSTREAM_LOST'));
    if (session.id === undefined) return;
    if (this.#isLeft) return;
    const headers = session.headers();
    try {
      await within(DELETE_MS, new AbortController().signal, (signal) =>
        exchangeHttp({
          endpoint: this.#options.endpoint,
          method: 'DELETE',
          headers,
          pool: 'streams',
          signal,
        }),
      );
    } catch (error) {
      this.#options.log.debug('a session was not deleted', { reason: toGatewardError(error).message });
    }
  }

  async #awaitOpen({ settled }: StandaloneStream): Promise<void> {
    const opened = new Abort();
    void settled.then(() => opened.abort(undefined));
    await wait(this.#options.clock, STANDALONE_MS, opened);
    this.#opening = undefined;
  }

  async #post(posted: Posted, signal: Abortable | undefined): Promise<void> {
    const session = this.#session();
    const { requestId } = posted;
    if (session.ended.aborted) {
      throw new GatewardError('UPSTREAM_UNAVAILABLE', { cause: session.ended.reason });
    }
    const post = new LegacyPost(session, posted);
    if (requestId !== undefined) this.#posts.set(requestId, post);
    await post.run(signal, () => {
      if (requestId !== undefined) this.#posts.delete(requestId);
    });
  }

  #session(): LegacyHttpSession {
    if (this.#started === undefined) throw new TypeError('The transport is not started.');
    return this.#started;
  }
}
