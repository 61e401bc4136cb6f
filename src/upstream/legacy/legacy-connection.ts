import { randomInt } from 'node:crypto';
import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort, type Abortable } from '../../lib/abort.ts';
import { JsonText } from '../../lib/json-text.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { SparseMap } from '../../lib/sparse-map.ts';
import { readMessage, writeNotification, writeRequest } from '../../wire/message.ts';
import { tellsOfListChanges } from '../../wire/rev2025-11-25/server-changes.ts';
import { mayBeAsked, withProgressToken } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { LegacyServer } from '../../wire/rev2025-11-25/upstream-result.ts';
import { methodRuleOf } from '../../wire/rev2026-07-28/registry.ts';
import { lostBy } from '../needs-somebody.ts';
import type { AdoptedSession } from './adopted-session.ts';
import { CallsInFlight } from './attribute-message.ts';
import type { AdoptionOptions, ConnectionOptions } from './connection-options.ts';
import {
  type Exchange,
  type ExchangeOwner,
  Flight,
  type Reply,
  type ResumedExchange,
  type ResumedRequest,
} from './legacy-exchange.ts';
import { initialize } from './legacy-handshake.ts';
import type { TransportEvents } from './legacy-transport.ts';
import { ResourceSubscriptions } from './resource-subscriptions.ts';
import type { ReverseRequest } from './reverse-request.ts';
import { type ChangeListener, type Question, ServerMessages } from './server-messages.ts';
import { SessionLogLevel } from './session-log-level.ts';
import { StandaloneUse } from './standalone-use.ts';

/** A request that a call makes. */
export interface ConnectionRequest {
  readonly method: string;
  readonly params: JsonText | undefined;
  readonly wantsProgress: boolean;
  readonly owner: ExchangeOwner;
}

/** Request ids of a replica that adopts a session begin above those of the one that opened it, and anywhere. */
const ADOPTED_IDS = [1_000_000, 2_000_000_000] as const;
/** Milliseconds for the small requests that the gateway makes of its own, such as `logging/setLevel`. */
const OWN_TIMEOUT_MS = 10_000;

/**
 * One session of a legacy server: correlates requests and replies under ids of its own, and gives what the server
 * sends to the call that it belongs to. Ends once; a new session is a new connection.
 */
export class LegacyConnection {
  readonly #options: ConnectionOptions;
  readonly #calls: CallsInFlight<Flight>;
  readonly #flights = new SparseMap<string, Flight>();
  readonly #messages: ServerMessages;
  readonly #closed = new Abort();
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
      screen: options.screen,
      clock: options.clock,
      log: options.log,
      version: () => this.#server?.version,
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
      throw error.code === 'UPSTREAM_LOST' || error.code === 'UPSTREAM_FAILED'
        ? new GatewardError('UPSTREAM_UNAVAILABLE', { cause: error })
        : error;
    } finally {
      stopTimer();
      options.signal.removeEventListener('abort', giveUp);
    }
  }

  /**
   * Goes on with an open session: nothing is sent for it. Throws UPSTREAM_LOST where sessions are tied to a process or a
   * connection. A session that the server has forgotten shows with its first request.
   */
  static adopt({ adopted, ...options }: AdoptionOptions): LegacyConnection {
    const { transport } = options;
    if (transport.handOver === undefined) throw new GatewardError('UPSTREAM_LOST');
    const connection = new LegacyConnection({ ...options, capabilities: adopted.capabilities });
    connection.#nextId = randomInt(...ADOPTED_IDS);
    connection.#server = adopted.server;
    transport.handOver.adopt(connection.#events(), adopted);
    transport.useVersion(adopted.server.version);
    connection.#messages.firstCall();
    return connection;
  }

  /** What `initialize` agreed on. */
  get server(): LegacyServer {
    if (this.#server === undefined) throw new TypeError('The connection is not open.');
    return this.#server;
  }

  /** Aborts when the session is gone, however it ended; its reason is a GatewardError. */
  get closed(): Abortable {
    return this.#closed;
  }

  /** Sends the request of a call. */
  request({ method, params, wantsProgress, owner }: ConnectionRequest): Exchange {
    const flight = new Flight(String(this.#nextId++), owner);
    const sent = wantsProgress ? withProgressToken(params, JsonText.written(flight.id)) : params;
    this.#take(flight);
    this.#send(flight, method, sent);
    this.#messages.firstCall();
    return this.#exchange(flight);
  }

  /** Goes on with the request of a call that another replica sent on this session. */
  resumeRequest({ requestId, lastEventId, owner }: ResumedRequest): ResumedExchange {
    const { handOver } = this.#options.transport;
    const flight = new Flight(requestId, owner);
    this.#take(flight);
    const resumed = this.#launch(flight, (signal) => {
      if (handOver === undefined) return Promise.reject(new GatewardError('UPSTREAM_LOST'));
      return handOver.resume({ requestId, lastEventId, signal });
    });
    return { ...this.#exchange(flight), resumed };
  }

  /** A question of the server to another replica, to be answered here; undefined if too many wait already. */
  restoreQuestion(question: Question): ReverseRequest | undefined {
    return this.#messages.restore(question);
  }

  /** What another replica needs to go on with the session; undefined where none can. */
  snapshot(): AdoptedSession | undefined {
    const held = this.#options.transport.handOver?.snapshot();
    if (held === undefined || this.#server === undefined || this.#closed.aborted) return undefined;
    return { ...held, server: this.#server, capabilities: this.#options.capabilities };
  }

  /** Another replica has gone on with the session: its end here says nothing to the server. */
  leave(): void {
    this.#options.transport.handOver?.leave();
  }

  /** Sends a notification; whether it arrives is not known. */
  notify(method: string, params: JsonText | undefined): void {
    void this.#post(writeNotification(method, params));
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
    if (!this.#closed.aborted) this.#end(new GatewardError('UPSTREAM_LOST'));
    this.#closing ??= this.#options.transport.close().catch((thrown: unknown) => {
      this.#options.log.debug('a session did not end cleanly', { thrown });
    });
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { transport, capabilities } = this.#options;
    await this.#unlessClosed(transport.start(this.#events()));
    this.#server = await initialize((method, params) => this.#ask(method, params).reply, this.#options);
    transport.useVersion(this.#server.version);
    this.#messages.opened();
    const initialized = writeNotification('notifications/initialized', undefined);
    await this.#unlessClosed(transport.send(initialized, NO_REQUEST));
    // What the server asks right after `initialized` needs the stream before the first call does.
    if (mayBeAsked(capabilities)) this.#standalone.hold()();
  }

  #events(): TransportEvents {
    return {
      onMessage: (message, requestId) => this.#receive(message, requestId),
      onStream: (requestId) => this.#flights.get(requestId)?.owner?.stream?.opened(),
      onHungUp: (requestId, retryMs) => this.#flights.get(requestId)?.owner?.stream?.hungUp(retryMs),
      onRequestFailed: (requestId, error) => this.#finish(requestId, (flight) => flight.fail(error)),
      onClosed: (error) => {
        this.#end(error);
        void this.close();
      },
    };
  }

  /** Waits for what a transport does, but no longer than the session lives. */
  async #unlessClosed(done: Promise<void>): Promise<void> {
    await raceAbort(done, this.closed);
    this.closed.throwIfAborted();
  }

  /** A request of the gateway's own. */
  #ask(method: string, params: JsonText): Flight {
    const flight = new Flight(String(this.#nextId++), undefined);
    this.#send(flight, method, params);
    return flight;
  }

  #send(flight: Flight, method: string, params: JsonText | undefined): void {
    const message = writeRequest(flight.id, method, params);
    // In a list, such as the gateway makes for itself, nothing is asked.
    const atOnce = methodRuleOf(method)?.mayAskForInput === false;
    void this.#launch(flight, (signal) =>
      this.#options.transport.send(message, { requestId: flight.id, signal, atOnce }),
    );
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

  /** A call is in flight: what the server asks may be for it, and what it changes be for its session alone. */
  #take(flight: Flight): void {
    const { capabilities, session } = this.#options;
    this.#calls.add(flight);
    const changes = session !== undefined && tellsOfListChanges(this.server.capabilities);
    if (!changes && !mayBeAsked(capabilities)) return;
    const release = this.#standalone.hold();
    flight.reply.then(release, release);
  }

  #exchange(flight: Flight): Exchange {
    return {
      id: flight.id,
      reply: flight.reply,
      lastEventId: () => this.#options.transport.handOver?.lastEventId(flight.id),
      cancel: (reason) => this.#cancel(flight, reason),
      abandon: () => this.#giveUp(flight),
    };
  }

  /** Resolves once the server has it; rejects, as its reply does, if it does not get it. */
  #launch(flight: Flight, send: (signal: Abortable) => Promise<void>): Promise<void> {
    const fail = (error: GatewardError): Promise<void> => {
      this.#finish(flight.id, () => undefined);
      flight.fail(error);
      return flight.reply.then(() => undefined);
    };
    const signal = this.#closed;
    const launched = signal.aborted
      ? fail(new GatewardError('UPSTREAM_UNAVAILABLE', { cause: signal.reason }))
      : this.#flying(flight, send).catch((thrown: unknown) => fail(toGatewardError(thrown)));
    launched.catch(() => undefined);
    return launched;
  }

  async #flying(flight: Flight, send: (signal: Abortable) => Promise<void>): Promise<void> {
    this.#flights.set(flight.id, flight);
    await send(flight.aborted);
    this.#delivered(flight);
  }

  /** The server has the request: if the session ended meanwhile, nobody knows what became of it. */
  #delivered(flight: Flight): void {
    flight.sent = true;
    if (this.#closed.aborted) this.#finish(flight.id, () => flight.fail(lostBy(this.#closed.reason)));
  }

  #finish(id: string, settle: (flight: Flight) => void): void {
    const flight = this.#flights.get(id);
    this.#flights.delete(id);
    this.#calls.end(id);
    if (flight !== undefined) settle(flight);
  }

  #cancel(flight: Flight, reason: string): void {
    if (!this.#flights.has(flight.id)) return;
    const params = JsonText.of({ reason }).with({ requestId: JsonText.written(flight.id) });
    this.notify('notifications/cancelled', params);
    this.#giveUp(flight);
  }

  #giveUp(flight: Flight): void {
    if (!this.#flights.delete(flight.id)) return;
    this.#calls.cancel(flight.id);
    flight.aborted.abort(GIVEN_UP);
    flight.fail(new GatewardError('UPSTREAM_LOST', { cause: 'given up' }));
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

  /** Sends what has no reply. Resolves with whether the server has it. Never rejects. */
  async #post(message: JsonText): Promise<boolean> {
    if (this.#closed.aborted) return false;
    try {
      await this.#options.transport.send(message, NO_REQUEST);
      return true;
    } catch (thrown) {
      this.#options.log.debug('a message did not reach the server', { thrown });
      return false;
    }
  }

  #end(error: GatewardError): void {
    if (this.#closed.aborted) return;
    this.#closed.abort(error);
    this.#standalone.end();
    this.#messages.close();
    for (const flight of this.#flights.values()) {
      // One that is still being sent ends as its sending ends: only that tells whether the server got it.
      if (flight.sent) this.#finish(flight.id, () => flight.fail(lostBy(error)));
    }
  }
}

const GIVEN_UP = 'given up';
const NO_REQUEST = { requestId: undefined, signal: undefined };

function resultReply(result: JsonText): Reply | undefined {
  return result.kind === 'object' ? { kind: 'result', result } : undefined;
}
