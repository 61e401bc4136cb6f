import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { remember } from '../../lib/remember.ts';
import type { EventLog } from '../../session/event-log.ts';
import type { SessionFacts, SessionIds } from '../../session/session-id.ts';
import type { SessionRows, SessionState, SessionWatcher } from '../../session/sessions.ts';
import { capabilitiesToModern } from '../../wire/rev2025-11-25/to-modern.ts';
import type { Ticker, Timed } from '../ticker.ts';
import { LiveSession, type SessionHost } from './live-session.ts';
import type { ListenCall } from './session-listen.ts';

/** What the sessions of one door are made of. */
export interface LiveSessionsOptions {
  readonly ids: SessionIds;
  readonly rows: SessionRows;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly ticker: Ticker;
  /** Sessions that this process may hold something of at a time. */
  readonly maxSessions: number;
  readonly listen: (session: LiveSession, call: ListenCall) => Promise<Outcome>;
}

/** Log level of a session that set none. */
export const DEFAULT_LOG_LEVEL = 'info';
/** Milliseconds between looks at which sessions are over or idle. */
const SWEEP_MS = 30_000;
/** Milliseconds without use after which nothing is held of a session that has nothing open. */
const IDLE_MS = 60_000;
const SHARED = { maxEntries: 1000, maxLength: 4096 };
/** How far to look for an idle session when one has to go. */
const MAX_LOOKED_AT = 1000;

/** The sessions of which this process holds something, the least recently used first. */
export class LiveSessions implements Timed, SessionWatcher {
  readonly #options: LiveSessionsOptions;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #host: SessionHost;
  readonly #unwatch: () => void;
  #sweepAtMs: number;

  constructor(options: LiveSessionsOptions) {
    this.#options = options;
    // Clients are of few kinds, so sessions share what they declare.
    const modern = remember((text) => capabilitiesToModern(JsonText.written(text)), SHARED);
    this.#host = {
      clock: options.clock,
      modern: ({ text }) => modern(text),
      listen: options.listen,
      logLevel: (session) => this.logLevel(session),
    };
    this.#sweepAtMs = options.ticker.now() + SWEEP_MS;
    this.#unwatch = options.rows.watch(this);
    options.ticker.add(this);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The session of an id, or undefined if it is unknown, over, or another server's. */
  async find(id: string, server: string): Promise<LiveSession | undefined> {
    const { ids, rows } = this.#options;
    const facts = await ids.open(id);
    if (facts === undefined || facts.server !== server) return undefined;
    const { ended } = await rows.read(facts.key);
    return ended ? undefined : this.#use(this.#sessions.get(facts.key) ?? this.open(facts));
  }

  /** Holds a new session. */
  open(facts: SessionFacts): LiveSession {
    if (this.#sessions.size >= this.#options.maxSessions) this.#makeRoom();
    return this.#use(new LiveSession(facts, this.#host));
  }

  /** The level from which on the session's client wants log messages. */
  async logLevel({ key }: LiveSession): Promise<string> {
    return (await this.#options.rows.read(key)).logLevel ?? DEFAULT_LOG_LEVEL;
  }

  /** Ends a session for good. */
  async end({ facts }: LiveSession): Promise<void> {
    await this.#options.rows.end(facts);
  }

  holds(key: string): boolean {
    return this.#sessions.has(key);
  }

  keys(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  changed(key: string, { ended }: SessionState): void {
    if (ended) this.#forget(key);
  }

  /** Closes what waits for changes, so that connections end; calls in flight go on. */
  drain(): void {
    for (const session of this.#sessions.values()) session.unrelated.end();
  }

  /** Ends what is left; calls in flight are answered STOPPING. The sessions themselves live on in their ids. */
  close(): void {
    this.#options.ticker.delete(this);
    this.#unwatch();
    for (const session of [...this.#sessions.values()]) session.end(new GatewardError('STOPPING'));
    this.#sessions.clear();
  }

  tick(): void {
    const now = this.#options.ticker.now();
    if (now < this.#sweepAtMs) return;
    this.#sweepAtMs = now + SWEEP_MS;
    this.#options.log.sweep();
    const wallNow = this.#options.clock.now();
    for (const [key, session] of this.#sessions) {
      if (session.facts.expiresAtMs <= wallNow) this.#forget(key);
      else if (session.lastUsedMs <= wallNow - IDLE_MS && session.idle) this.#sessions.delete(key);
    }
  }

  #use(session: LiveSession): LiveSession {
    session.lastUsedMs = this.#options.clock.now();
    this.#sessions.delete(session.key);
    this.#sessions.set(session.key, session);
    return session;
  }

  /** Lets go of the session that was not used for longest, if possible one of which nothing is open. */
  #makeRoom(): void {
    let oldest: LiveSession | undefined;
    let looked = 0;
    for (const session of this.#sessions.values()) {
      oldest ??= session;
      if (session.idle) {
        this.#sessions.delete(session.key);
        return;
      }
      if (++looked >= MAX_LOOKED_AT) break;
    }
    if (oldest === undefined) return;
    this.#forget(oldest.key);
    this.end(oldest).catch(() => undefined);
  }

  #forget(key: string): void {
    const session = this.#sessions.get(key);
    this.#options.log.drop(key);
    this.#sessions.delete(key);
    session?.end();
  }
}
