import type { LegacySession } from '../../call.ts';
import { GatewardError, toGatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { readMessage, writeNotification, writeRequest } from '../../wire/message.ts';
import { mayBeAsked, withProgressToken } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { LegacyServer } from '../../wire/rev2025-11-25/upstream-result.ts';
import { CallsInFlight } from './attribute-message.ts';
import { type Exchange, type ExchangeOwner, Flight, type Reply } from './legacy-exchange.ts';
import { type Introduction, initialize } from './legacy-handshake.ts';
import type { LegacyTransport } from './legacy-transport.ts';
import { ResourceSubscriptions } from './resource-subscriptions.ts';
import { type ChangeListener, ServerMessages } from './server-messages.ts';
import { SessionLogLevel } from './session-log-level.ts';
import { StandaloneUse } from './standalone-use.ts';

/** What one session of a legacy server is opened with. */
export interface ConnectionOptions extends Introduction {
  readonly transport: LegacyTransport;
  /** The client's session that this one belongs to alone, if any. */
  readonly session: LegacySession | undefined;
  /** Milliseconds until the server must have answered `initialize`. */
  readonly connectTimeoutMs: number;
  /** Gives the opening up. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request that a call makes. */
export interface ConnectionRequest {
  readonly method: string;
  readonly params: JsonText | undefined;
  readonly wantsProgress: boolean;
  readonly owner: ExchangeOwner;
}

/** Milliseconds for the small requests that the gateway makes of its own, such as `logging/setLevel`. */
const OWN_TIMEOUT_MS = 10_000;

/**
 * One session of a legacy server: correlates requests and replies under ids of its own, and gives what the server
 * sends to the call that it belongs to. Ends once; a new session is a new connection.
 */
export class LegacyConnection {
  readonly #options: ConnectionOptions;
  readonly #calls: CallsInFlight<Flight>;
  readonly #flights = new Map<string, Flight>();
  readonly #messages: ServerMessages;
  readonly #closed = new AbortController();
  readonly #standalone: StandaloneUse;
  #nextId = 1;
  #closing: Promise<void> | undefined;
  #server: LegacyServer | undefined;
  /** The session's log level; changed as calls need it. */
  readonly logLevel = new SessionLogLevel((level) => this.#accepts('logging/setLevel', { level }));
  readonly resources = new ResourceSubscriptions((method, uri) => this.#accepts(method, { uri }));

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#calls = new CallsInFlight<Flight>(options.clock);
    this.#standalone = new StandaloneUse(options.transport, options.clock);
    this.#messages = new ServerMessages({
      calls: this.#calls,
      session: options.session,
      clock: options.clock,
      log: options.log,
      respond: (response) => this.#post(response),
    });
  }

  /** Connects and initializes. Throws UPSTREAM_UNAVAILABLE, UPSTREAM_REFUSED, UPSTREAM_INVALID or LAUNCH_FAILED. */
  static async open(options: ConnectionOptions): Promise<LegacyConnection> {
    const connection = new LegacyConnection(options);
    const giveUp = () => void connection.close();
    const stopTimer = options.clock.after(options.connectTimeoutMs, giveUp);
    options.signal.addEventListener('abort', giveUp, { once: true });
    try {
      if (options.signal.aborted) throw new GatewardError('UPSTREAM_UNAVAILABLE');
      await connection.#open();
      return connection;
    } catch (thrown) {
      await connection.close();
      const error = toGatewardError(thrown);
      // Nothing of a call was run: the session was not even open.
      throw error.code === 'UPSTREAM_LOST'
        ? new GatewardError('UPSTREAM_UNAVAILABLE', { cause: error })
        : error;
    } finally {
      stopTimer();
      options.signal.removeEventListener('abort', giveUp);
    }
  }

  /** What `initialize` agreed on. */
  get server(): LegacyServer {
    if (this.#server === undefined) throw new TypeError('The connection is not open.');
    return this.#server;
  }

  /** Aborts when the session is gone, however it ended; its reason is a GatewardError. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Sends the request of a call. */
  request({ method, params, wantsProgress, owner }: ConnectionRequest): Exchange {
    const flight = new Flight(String(this.#nextId++), owner);
    const sent = wantsProgress ? withProgressToken(params, JsonText.written(flight.id)) : params;
    this.#calls.add(flight);
    if (mayBeAsked(this.#options.capabilities)) {
      const release = this.#standalone.hold();
      flight.reply.then(release, release);
    }
    this.#launch(flight, writeRequest(flight.id, method, sent));
    this.#messages.firstCall();
    return { id: flight.id, reply: flight.reply, cancel: (reason) => this.#cancel(flight, reason) };
  }

  /** Sends a notification; whether it arrives is not known. */
  notify(method: string, params: JsonText | undefined): void {
    this.#post(writeNotification(method, params));
  }

  /** Opens the stream for what belongs to no request, where the transport has one, until the function is called. */
  holdStandalone(): () => void {
    return this.#standalone.hold();
  }

  /** Takes part in what the server tells of changes, until the function that comes back is called. */
  onChange(listener: ChangeListener): () => void {
    return this.#messages.onChange(listener);
  }

  /** Ends the session; what is in flight ends in UPSTREAM_LOST. Resolves when nothing is left. Never rejects. */
  close(): Promise<void> {
    this.#end(new GatewardError('UPSTREAM_LOST'));
    this.#closing ??= this.#options.transport.close().catch((thrown: unknown) => {
      this.#options.log.debug('a session did not end cleanly', { thrown });
    });
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { transport, capabilities } = this.#options;
    await this.#unlessClosed(
      transport.start({
        onMessage: (message, requestId) => this.#receive(message, requestId),
        onStream: (requestId) => this.#flights.get(requestId)?.owner?.stream?.opened(),
        onHungUp: (requestId, retryMs) => this.#flights.get(requestId)?.owner?.stream?.hungUp(retryMs),
        onRequestFailed: (requestId, error) => this.#finish(requestId, (flight) => flight.fail(error)),
        onClosed: (error) => {
          this.#end(error);
          void this.close();
        },
      }),
    );
    this.#server = await initialize((method, params) => this.#ask(method, params).reply, this.#options);
    transport.useVersion(this.#server.version);
    this.#messages.opened();
    const initialized = writeNotification('notifications/initialized', undefined);
    await this.#unlessClosed(transport.send(initialized, NO_REQUEST));
    // What the server asks right after `initialized` needs the stream before the first call does.
    if (mayBeAsked(capabilities)) this.#standalone.hold()();
  }

  /** Waits for what a transport does, but no longer than the session lives. */
  async #unlessClosed(done: Promise<void>): Promise<void> {
    await raceAbort(done, this.closed);
    this.closed.throwIfAborted();
  }

  /** A request of the gateway's own. */
  #ask(method: string, params: JsonText): Flight {
    const flight = new Flight(String(this.#nextId++), undefined);
    this.#launch(flight, writeRequest(flight.id, method, params));
    return flight;
  }

  /** Whether the server takes a small request of the gateway's own. Never rejects. */
  async #accepts(method: string, params: Readonly<Record<string, string>>): Promise<boolean> {
    const flight = this.#ask(method, JsonText.of(params));
    const stopTimer = this.#options.clock.after(OWN_TIMEOUT_MS, () =>
      this.#cancel(flight, 'No answer in time.'),
    );
    const reply = await flight.reply.catch(() => undefined);
    stopTimer();
    if (reply?.kind !== 'result') this.#options.log.debug('the server refused a request', { method });
    return reply?.kind === 'result';
  }

  #launch(flight: Flight, message: JsonText): void {
    if (this.#closed.signal.aborted) {
      this.#calls.end(flight.id);
      flight.fail(new GatewardError('UPSTREAM_UNAVAILABLE', { cause: this.#closed.signal.reason }));
      return;
    }
    this.#flights.set(flight.id, flight);
    this.#options.transport.send(message, { requestId: flight.id, signal: flight.aborted.signal }).then(
      () => this.#delivered(flight),
      (thrown: unknown) => this.#finish(flight.id, () => flight.fail(toGatewardError(thrown))),
    );
  }

  /** The server has the request: if the session ended meanwhile, nobody knows what became of it. */
  #delivered(flight: Flight): void {
    flight.sent = true;
    if (this.#closed.signal.aborted)
      this.#finish(flight.id, () => flight.fail(new GatewardError('UPSTREAM_LOST')));
  }

  #finish(id: string, settle: (flight: Flight) => void): void {
    const flight = this.#flights.get(id);
    this.#flights.delete(id);
    this.#calls.end(id);
    if (flight !== undefined) settle(flight);
  }

  #cancel(flight: Flight, reason: string): void {
    if (!this.#flights.delete(flight.id)) return;
    this.#calls.cancel(flight.id);
    const params = JsonText.of({ reason }).with({ requestId: JsonText.written(flight.id) });
    this.notify('notifications/cancelled', params);
    flight.aborted.abort();
    flight.fail(new GatewardError('UPSTREAM_LOST', { cause: 'cancelled' }));
  }

  #receive(json: JsonText, streamId: string | undefined): Promise<void> | undefined {
    if (json.kind === 'array') return this.#receiveBatch(json.items(), streamId);
    const message = readMessage(json);
    switch (message.kind) {
      case 'request':
        this.#messages.request(message, streamId);
        return undefined;
      case 'notification':
        return this.#messages.notification(message, streamId);
      case 'result':
        return this.#reply(message.id, resultReply(message.result));
      case 'error':
        return this.#reply(message.id, { kind: 'error', error: message.error });
      case 'invalid':
        this.#options.log.warn('the server sent an invalid message', { detail: message.detail });
        return this.#reply(message.id, undefined);
    }
  }

  /** Batches of 2025-03-26. */
  async #receiveBatch(items: readonly JsonText[], streamId: string | undefined): Promise<void> {
    for (const item of items) await this.#receive(item, streamId);
  }

  #reply(id: string | undefined, reply: Reply | undefined): undefined {
    if (id === undefined) return undefined;
    this.#finish(id, (flight) => {
      if (reply === undefined) flight.fail(new GatewardError('UPSTREAM_INVALID'));
      else flight.settle(reply);
    });
    return undefined;
  }

  /** Sends what has no reply. */
  #post(message: JsonText): void {
    if (this.#closed.signal.aborted) return;
    this.#options.transport.send(message, NO_REQUEST).catch((thrown: unknown) => {
      this.#options.log.debug('a message did not reach the server', { thrown });
    });
  }

  #end(error: GatewardError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(error);
    this.#standalone.end();
    this.#messages.close();
    for (const flight of [...this.#flights.values()]) {
      // One that is still being sent ends as its sending ends: only that tells whether the server got it.
      if (flight.sent)
        this.#finish(flight.id, () => flight.fail(new GatewardError('UPSTREAM_LOST', { cause: error })));
    }
  }
}

const NO_REQUEST = { requestId: undefined, signal: undefined };

function resultReply(result: JsonText): Reply | undefined {
  return result.kind === 'object' ? { kind: 'result', result } : undefined;
}
