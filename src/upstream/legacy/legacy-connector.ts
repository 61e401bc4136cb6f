import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { type Abortable, toAbortSignal } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import type { Seal } from '../../lib/seal.ts';
import { failedBy } from '../../wire/failure.ts';
import { LIST_CHANGES } from '../../wire/rev2025-11-25/server-changes.ts';
import { offersMethod } from '../../wire/rev2025-11-25/upstream-request.ts';
import {
  type CacheHints,
  discoverResult,
  type LegacyServer,
} from '../../wire/rev2025-11-25/upstream-result.ts';
import { methodRuleOf } from '../../wire/rev2026-07-28/registry.ts';
import type { Connector } from '../connector.ts';
import { Owners } from '../remote/owners.ts';
import type { Replicas } from '../remote/replicas.ts';
import type { AdoptedSession } from './adopted-session.ts';
import { ConnectionPool, type Lease } from './connection-pool.ts';
import {
  adoptingBucketOf,
  bucketOf,
  type LegacyBucket,
  listenBucketOf,
  type Owned,
  type Sharing,
  sharedBucketOf,
} from './legacy-bucket.ts';
import { LegacyConnection } from './legacy-connection.ts';
import type { Reply } from './legacy-exchange.ts';
import { listenToLegacy } from './legacy-listen.ts';
import { declinesUrls, outcomeOfReply } from './legacy-outcome.ts';
import { isTaskMethod, LegacyTasks } from './legacy-tasks.ts';
import type { LegacyTransport } from './legacy-transport.ts';
import { OwnedSessions } from './owned-sessions.ts';
import { createParkedStore, ParkedCalls, type ParkedStore } from './parked-calls.ts';
import type { Seat, SessionToAdopt } from './seat.ts';
import type { Screen } from './server-messages.ts';

/** What a connector to a legacy server is made of. */
export interface LegacyConnectorOptions {
  /** Name of the upstream in the configuration. */
  readonly upstream: string;
  /** Makes the transport of a new session. */
  readonly createTransport: (context: AuthorizationContext) => LegacyTransport;
  /** `everyone` shares one session, on which the server cannot ask back; `callers` get sessions of their own. */
  readonly sharing: Sharing;
  /** What of it one replica owns, where there are others. */
  readonly owned?: Owned | undefined;
  /** Sessions that may be open at a time. */
  readonly maxConnections: number;
  /** Whether a session is made ready for the next call while the server waits for answers to one. */
  readonly keepsSpare?: boolean;
  /** Milliseconds until a session must be open. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that a call waits for the client's answers when the server asks back. */
  readonly inputTimeoutMs: number;
  /** What `initialize` says of the gateway: `name` and `version`. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs before a session is opened; throws to refuse it. */
  readonly admit?: () => Promise<void>;
  readonly parked?: ParkedStore;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs?: number;
  /** A number in [0, 1); spreads reconnections. */
  readonly random?: () => number;
  /** The other replicas; undefined where there are none. */
  readonly replicas?: Replicas | undefined;
  /** Whether it is safe to make a call again that may have run. */
  readonly repeatable?: (call: Call) => boolean;
  /** What a client's session is told that belongs to no call goes through it. */
  readonly screen?: Screen | undefined;
}

/** Makes 30 ms: timers are up to one late. */
const COLLECT_MS = 29;
/** A list may be kept so long while the server tells of its changes. */
const WATCHED_TTL_MS = 60_000;
const LISTEN = 'subscriptions/listen';
const DISCOVER = 'server/discover';
const ROOTS_CHANGED = 'notifications/roots/list_changed';

/** Speaks modern to the inside and legacy (2024-11-05 to 2025-11-25) to one server. */
export function createLegacyConnector(options: LegacyConnectorOptions): Connector {
  const connector = new LegacyConnector(options);
  return {
    call: (call, context) => connector.call(call, context),
    close: () => connector.close(),
  };
}

class LegacyConnector {
  readonly #options: LegacyConnectorOptions;
  /** One text for all sessions: there are many. */
  readonly #clientInfo: JsonText;
  readonly #pool: ConnectionPool<LegacyConnection, LegacyBucket>;
  readonly #parked: ParkedCalls;
  readonly #tasks: LegacyTasks;
  /** Undefined where there are no other replicas. */
  readonly #owned: OwnedSessions | undefined;
  /** Listens that get changes, by the key of their bucket. */
  readonly #watched = new Map<string, number>();
  readonly #stopped = new AbortController();

  constructor(options: LegacyConnectorOptions) {
    this.#options = options;
    this.#clientInfo = JsonText.of(options.clientInfo);
    const { upstream, seal, clock, inputTimeoutMs, maxConnections } = options;
    this.#pool = new ConnectionPool({
      open: (bucket, signal) => this.#open(bucket, signal),
      maxConnections,
      clock,
    });
    this.#owned = ownedSessionsOf(options);
    this.#parked = new ParkedCalls({
      upstream,
      seal,
      clock,
      inputTimeoutMs,
      collectMs: options.collectMs ?? COLLECT_MS,
      store: options.parked ?? createParkedStore(),
      log: options.log,
      replicas: options.replicas,
      seats: {
        open: async (call, context) => {
          const bucket = bucketOf(call, context, options);
          return this.#seat({ call, bucket, lease: await this.#pool.lease(bucket, call.signal) });
        },
        adopt: (call, context, session) => this.#adopt(call, context, session),
        repeatable: options.repeatable ?? (() => false),
      },
    });
    this.#tasks = new LegacyTasks({
      upstream,
      seal,
      clock,
      idleMs: inputTimeoutMs,
      collectMs: options.collectMs ?? COLLECT_MS,
      replicas: options.replicas,
      adopt: (call, context, session) =>
        this.#pool.lease(adoptingBucketOf(bucketOf(call, context, options), session), call.signal),
      open: async (call, context) => {
        const bucket = bucketOf(call, context, options);
        return { lease: await this.#pool.lease(bucket, call.signal), exclusive: bucket.exclusive };
      },
    });
  }

  async call(call: Call, context: AuthorizationContext): Promise<Outcome> {
    try {
      if (isTaskMethod(call.method)) return await this.#tasks.serve(call, context);
      const bucket = this.#bucketOf(call, context);
      // A parked call is where its session is, so its retry goes there too.
      const outcome = bucket.isOwned ? await this.#owned?.callElsewhere(call, bucket) : undefined;
      return outcome ?? (await this.#serve(call, bucket));
    } catch (thrown) {
      if (thrown instanceof GatewardError && ANSWERS.has(thrown.code)) return failedBy(thrown);
      throw thrown;
    }
  }

  #bucketOf(call: Call, context: AuthorizationContext): LegacyBucket {
    const own = bucketOf(call, context, this.#options);
    if (call.method === LISTEN) return listenBucketOf(own);
    // Clients that connect ask this first: it takes no session of their own, unless that is a process of their own.
    const isAnybodys = call.method === DISCOVER && this.#options.owned === 'sessions';
    return isAnybodys ? sharedBucketOf(own) : own;
  }

  #serve(call: Call, bucket: LegacyBucket): Promise<Outcome> {
    const requestState = call.message.at('params', 'requestState');
    if (requestState !== undefined) {
      return this.#parked.resume(call, bucket.context, requestState.string() ?? '');
    }
    call.signal.throwIfAborted();
    if (call.method === DISCOVER) return this.#discover(call, bucket);
    if (call.method === LISTEN) return this.#listen(call, bucket);
    if (declinesUrls(call)) throw new GatewardError('INPUT_NOT_GIVEN');
    return this.#forward(call, bucket);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    this.#owned?.stop();
    this.#parked.close();
    this.#tasks.close();
    await this.#pool.close();
  }

  #open(bucket: LegacyBucket, signal: Abortable): Promise<LegacyConnection> {
    if (this.#owned === undefined || bucket.adopted !== undefined) {
      return this.#connect(bucket, signal, bucket.adopted);
    }
    return this.#owned.open(bucket, (left) => this.#connect(bucket, signal, left));
  }

  async #connect(
    bucket: LegacyBucket,
    signal: Abortable,
    adopted: AdoptedSession | undefined,
  ): Promise<LegacyConnection> {
    const { createTransport, connectTimeoutMs, clock, log, admit } = this.#options;
    await admit?.();
    const opening = {
      transport: createTransport(bucket.context),
      session: bucket.session,
      screen: this.#options.screen,
      clientInfo: this.#clientInfo,
      connectTimeoutMs,
      signal,
      clock,
      log,
    };
    const { capabilities } = bucket;
    const connection =
      adopted === undefined
        ? await LegacyConnection.open({ ...opening, capabilities })
        : LegacyConnection.adopt({ ...opening, adopted });
    const tellRootsChanged = () => connection.notify(ROOTS_CHANGED, undefined);
    bucket.session?.onRootsChanged?.(tellRootsChanged, toAbortSignal(connection.closed));
    return connection;
  }

  async #discover(call: Call, bucket: LegacyBucket): Promise<Outcome> {
    const isAnybodys = bucket.session === undefined && this.#options.sharing === 'callers';
    const open = this.#pool.peek(({ key, context }) =>
      isAnybodys ? context === bucket.context : key === bucket.key,
    );
    if (open !== undefined) return discovered(open.server);
    const lease = await this.#pool.lease(bucket, call.signal);
    lease.release();
    return discovered(lease.connection.server);
  }

  #listen(call: Call, bucket: LegacyBucket): Promise<Outcome> {
    return listenToLegacy({
      call,
      lease: () => this.#pool.lease(bucket, call.signal),
      stopped: this.#stopped.signal,
      clock: this.#options.clock,
      random: this.#options.random ?? Math.random,
      watching: (on) => this.#watch(bucket.key, on ? 1 : -1),
    });
  }

  #watch(key: string, change: 1 | -1): void {
    const count = (this.#watched.get(key) ?? 0) + change;
    if (count > 0) this.#watched.set(key, count);
    else this.#watched.delete(key);
  }

  /** A call that no server got, since its session had ended, is sent once more on a new one. */
  async #forward(call: Call, bucket: LegacyBucket): Promise<Outcome> {
    const lease = await this.#pool.lease(bucket, call.signal);
    try {
      return await this.#send({ call, bucket, lease });
    } catch (thrown) {
      const neverSent = thrown instanceof GatewardError && thrown.code === 'UPSTREAM_UNAVAILABLE';
      if (!neverSent || !lease.connection.closed.aborted || call.signal.aborted) throw thrown;
    }
    return await this.#send({ call, bucket, lease: await this.#pool.lease(bucket, call.signal) });
  }

  async #send(sending: Sending): Promise<Outcome> {
    const { call, bucket, lease } = sending;
    const { server } = lease.connection;
    if (this.#tasks.wantsTask(call, server)) return this.#sendAsTask(sending);
    const outcome = await this.#parked.start(call, bucket.context, await this.#seat(sending));
    this.#tasks.learn(call, server, outcome);
    if (!this.#tasks.refusedPlain(call, server, outcome)) return outcome;
    return this.#sendAsTask({ call, bucket, lease: await this.#pool.lease(bucket, call.signal) });
  }

  #sendAsTask({ call, bucket, lease }: Sending): Promise<Outcome> {
    const { context, exclusive } = bucket;
    const { server } = lease.connection;
    const toOutcome = (reply: Reply) =>
      outcomeOfReply(reply, { call, server, missing: undefined, hints: undefined });
    return this.#tasks.start({ call, context, lease, exclusive, toOutcome });
  }

  /** Throws METHOD_NOT_FOUND for what the server does not offer. */
  async #seat({ call, bucket, lease, shared }: Sending): Promise<Seat> {
    const { connection } = lease;
    const { server } = connection;
    if (!offersMethod(server, call.method)) {
      lease.release();
      throw new GatewardError('METHOD_NOT_FOUND');
    }
    const levelDone = await this.#wantLogLevel(call, lease);
    return {
      connection,
      shared: shared ?? !bucket.exclusive,
      toOutcome: (reply, last, missing) =>
        outcomeOfReply(reply, { call: last, server, missing, hints: this.#hintsFor(last, bucket, server) }),
      asked: () => this.#prepareNext(bucket),
      leave: (trace) => {
        levelDone();
        if (trace === 'replica') connection.leave();
        if (trace === 'none' || !bucket.exclusive) lease.release();
        // The outcome comes first: ending a session takes longer than all that is left of the call.
        else setImmediate(() => lease.release('dispose'));
      },
    };
  }

  /**
   * Makes a session ready for the next call, since this one's serves nobody else. Not where a server may ask for the
   * roots as soon as a session is open: that is to be answered by the caller who gets it.
   */
  #prepareNext(bucket: LegacyBucket): void {
    const { exclusive, adopted, capabilities } = bucket;
    if (this.#options.keepsSpare !== true || !exclusive || adopted !== undefined) return;
    if (capabilities.get('roots') === undefined) this.#pool.prepare(bucket);
  }

  /** The session of a replica that died, for one call. */
  async #adopt(call: Call, context: AuthorizationContext, session: SessionToAdopt): Promise<Seat> {
    const own = bucketOf(call, context, this.#options);
    const bucket = own.session === undefined ? adoptingBucketOf(own, session) : own;
    const lease = await this.#pool.lease(bucket, call.signal);
    if (lease.connection.snapshot()?.sessionId !== session.sessionId) {
      lease.release();
      throw new GatewardError('UPSTREAM_LOST');
    }
    // Its end here must not end it for the other calls that it has.
    if (session.shared === true) lease.connection.leave();
    return this.#seat({ call, bucket, lease, shared: session.shared });
  }

  async #wantLogLevel(call: Call, lease: Lease<LegacyConnection>): Promise<() => void> {
    const { logLevel } = call.meta;
    const { connection } = lease;
    if (logLevel === undefined || connection.server.capabilities.get('logging') === undefined) return noop;
    const wanted = connection.logLevel.want(logLevel);
    try {
      return await raceAbort(wanted, call.signal);
    } catch (thrown) {
      void wanted.then((done) => done());
      lease.release();
      throw thrown;
    }
  }

  #hintsFor(call: Call, bucket: LegacyBucket, server: LegacyServer): CacheHints | undefined {
    if (methodRuleOf(call.method)?.cacheHints !== true) return undefined;
    const list = LIST_CHANGES.find(({ capability }) => call.method.startsWith(`${capability}/`));
    const { key } = listenBucketOf(bucket);
    const isList = call.method.endsWith('/list');
    const tells =
      list !== undefined && server.capabilities.at(list.capability, 'listChanged')?.value() === true;
    return { ttlMs: isList && tells && this.#watched.has(key) ? WATCHED_TTL_MS : 0 };
  }
}

/** A call on its way, and the session that it was given. */
interface Sending {
  readonly call: Call;
  readonly bucket: LegacyBucket;
  readonly lease: Lease<LegacyConnection>;
  /** Whether other calls have the session, where the bucket does not say so. */
  readonly shared?: boolean | undefined;
}

/** Errors that are the answer to the call, not a failure of the upstream. */
const ANSWERS = new Set([
  'STATE_INVALID',
  'INVALID_PARAMS',
  'INPUT_NOT_GIVEN',
  'METHOD_NOT_FOUND',
  'TASK_NOT_FOUND',
]);

function discovered(server: LegacyServer): Outcome {
  return { kind: 'complete', result: discoverResult(server, { ttlMs: WATCHED_TTL_MS }) };
}

function noop(): void {}

function ownedSessionsOf(options: LegacyConnectorOptions): OwnedSessions | undefined {
  const { upstream, seal, clock, log, replicas, repeatable = () => false } = options;
  if (replicas === undefined) return undefined;
  return new OwnedSessions({ upstream, seal, repeatable, owners: new Owners({ replicas, clock, log }) });
}
