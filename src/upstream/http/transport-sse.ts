/** HTTP+SSE of 2024-11-05 (transports §HTTP with SSE): everything comes on one stream, requests go to another URL. */
import { GatewardError, toGatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { SseEvent } from '../../wire/sse.ts';
import type { LegacyTransport, SendOptions, TransportEvents } from '../legacy/legacy-transport.ts';
import { exchangeHttp } from './http-exchange.ts';
import { failureOfStatus } from './http-failure.ts';
import { type LegacyHttpOptions, LegacyHttpSession, sessionLost } from './legacy-http-session.ts';
import { LegacyStream } from './legacy-stream.ts';

/** A transport for one stream. The endpoint's dispatcher belongs to the caller. */
export function createSseTransport(options: LegacyHttpOptions): LegacyTransport {
  return new SseTransport(options);
}

class SseTransport implements LegacyTransport {
  readonly tellsRequests = false;
  readonly #options: LegacyHttpOptions;
  readonly #target = Promise.withResolvers<string>();
  #started: LegacyHttpSession | undefined;
  #path: string | undefined;

  constructor(options: LegacyHttpOptions) {
    this.#options = options;
  }

  async start(events: TransportEvents): Promise<void> {
    if (this.#started !== undefined) throw new TypeError('A transport starts once.');
    const session = new LegacyHttpSession(this.#options, events);
    this.#started = session;
    void this.#listen(session, new LegacyStream(events, undefined));
    this.#path = await this.#target.promise;
  }

  async send(message: JsonText, { signal, requestId }: SendOptions): Promise<void> {
    const session = this.#started;
    if (session === undefined || this.#path === undefined)
      throw new TypeError('The transport is not started.');
    if (session.ended.aborted)
      throw new GatewardError('UPSTREAM_UNAVAILABLE', { cause: session.ended.reason });
    const end = await exchangeHttp({
      endpoint: this.#options.endpoint,
      method: 'POST',
      path: this.#path,
      headers: ['content-type', 'application/json', ...session.headers()],
      body: message.bytes,
      pool: requestId === undefined ? 'streams' : 'calls',
      signal: session.ended,
      alsoSignal: signal,
    });
    const { status, headers } = end.head;
    if (status < 300) return;
    if (status !== 404) throw failureOfStatus(status, headers);
    const lost = sessionLost();
    session.lose(lost);
    throw lost;
  }

  useVersion(version: string): void {
    this.#started?.useVersion(version);
  }

  openStandalone(): void {
    // The one stream is open as long as the session lives.
  }

  closeStandalone(): void {
    // It carries the answers too.
  }

  async close(): Promise<void> {
    this.#started?.end(new GatewardError('UPSTREAM_LOST'));
  }

  /** Reads the stream to its end, which is the session's end. Never rejects. */
  async #listen(session: LegacyHttpSession, stream: LegacyStream): Promise<void> {
    try {
      const end = await exchangeHttp({
        endpoint: this.#options.endpoint,
        method: 'GET',
        headers: ['accept', 'text/event-stream'],
        pool: 'streams',
        signal: session.ended,
        onEvent: (event) => (event.event === 'endpoint' ? this.#takeEndpoint(event) : stream.take(event)),
      });
      const broken = end.kind === 'stream' ? end.error : failureOfStatus(end.head.status, end.head.headers);
      this.#end(session, broken ?? new GatewardError('UPSTREAM_LOST', { detail: 'Its stream ended.' }));
    } catch (error) {
      this.#end(session, toGatewardError(session.ended.aborted ? session.ended.reason : error));
    }
  }

  #end(session: LegacyHttpSession, error: GatewardError): void {
    this.#target.reject(error);
    if (this.#path === undefined) session.end(error);
    else session.lose(error);
  }

  /** The URI for requests has to share the stream's origin, or it could draw credentials elsewhere. */
  #takeEndpoint(event: SseEvent): undefined {
    const { endpoint } = this.#options;
    const { origin } = endpoint.dispatcher;
    const base = new URL(endpoint.path, origin).href;
    const text = event.data?.toString('utf8') ?? '';
    const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
    if (url?.origin !== origin) {
      throw new GatewardError('UPSTREAM_INVALID', { detail: 'Its endpoint event names another origin.' });
    }
    this.#target.resolve(url.pathname + url.search);
  }
}
