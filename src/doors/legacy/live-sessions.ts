import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { remember } from '../../lib/remember.ts';
import { persist } from '../../session/persist.ts';
import type { QuestionIds } from '../../session/question-ids.ts';
import type { SessionFacts, SessionIds } from '../../session/session-id.ts';
import type { SessionRows, SessionState, SessionWatcher } from '../../session/sessions.ts';
import type { Membership } from '../../store/fleet.ts';
import { capabilitiesToModern } from '../../wire/rev2025-11-25/to-modern.ts';
import type { Ticker, Timed } from '../ticker.ts';
import { LiveSession, type SessionHost } from './live-session.ts';
import type { ListenCall, Opened } from './session-listen.ts';
import type { SessionHolder, SessionMail } from './session-mail.ts';

/** What the sessions of one door are made of. */
export interface LiveSessionsOptions {
  readonly ids: SessionIds;
  readonly rows: SessionRows;
  readonly questionIds: QuestionIds;
  readonly mail: SessionMail;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly ticker: Ticker;
  /** Sessions that this process may hold something of at a time. */
  readonly maxSessions: number;
  readonly listen: (session: LiveSession, call: ListenCall) => Promise<Outcome>;
}

/** A request for a session. */
export interface Presented {
  /** Value of `Mcp-Session-Id`. */
  readonly id: string;
  readonly server: string;
  /** `Principal.key` of who presents it. */
  readonly principal: string;
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
const WRITES_AT_ONCE = 16;
/** Milliseconds for which a session's stream is made known while the store is gone. */
const HOLDER_PATIENCE_MS = 30_000;

/** The sessions of which this process holds something, the least recently used first. */
export class LiveSessions implements Timed, SessionWatcher, SessionHolder {
  readonly #options: LiveSessionsOptions;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #host: SessionHost;
  readonly #endings: readonly (() => void)[];
  #sweepAtMs: number;
  #isDraining = false;
  #wasAlone = true;

  constructor(options: LiveSessionsOptions) {
    this.#options = options;
    const { rows, mail, membership, questionIds, clock, ticker } = options;
    // Clients are of few kinds, so sessions share what they declare.
    const modern = remember((text) => capabilitiesToModern(JsonText.written(text)), SHARED);
    this.#host = {
      clock,
      modern: ({ text }) => modern(text),
      listen: options.listen,
      logLevel: (session) => this.logLevel(session),
      questionId: (session, name, stream) =>
        questionIds.write({ session, name, stream, holder: membership.id }),
      mail,
      onUnheard: (session) => this.#onUnheard(session),
    };
    this.#sweepAtMs = ticker.now() + SWEEP_MS;
    this.#endings = [
      rows.watch(this),
      mail.join(this),
      membership.onDeath((replica) => this.#onDeath(replica)),
    ];
    ticker.add(this);
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(key: string): LiveSession | undefined {
    return this.#sessions.get(key);
  }

  /**
   * The session of an id, or undefined if it is unknown, over, another server's or another principal's. Throws
   * STORE_UNAVAILABLE.
   */
  async find({ id, server, principal }: Presented): Promise<LiveSession | undefined> {
    const { ids, rows } = this.#options;
    const facts = await ids.open(id);
    if (facts === undefined || facts.server !== server || facts.principal !== principal) return undefined;
    const { ended, streamHolder } = await rows.read(facts.key);
    if (ended) return undefined;
    const session = this.hold(facts);
    session.streamHolder = streamHolder;
    return session;
  }

  /** The session of these facts, which has not ended. */
  hold(facts: SessionFacts): LiveSession {
    return this.#use(this.#sessions.get(facts.key) ?? this.open(facts));
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

  /** Opens the session's listen with what it is subscribed to, unless it is open. */
  startListening(session: LiveSession): Promise<Opened | undefined> {
    return session.inTurn(async () => {
      if (session.changes.running) return undefined;
      const { subscriptions } = await this.#options.rows.read(session.key);
      return session.changes.open(subscriptions);
    });
  }

  /** Makes known that this replica holds the session's newest stream, as soon as there is another one. */
  takeStream(session: LiveSession): void {
    const { membership } = this.#options;
    if (session.streamHolder === membership.id || this.#isAlone()) return;
    session.streamHolder = membership.id;
    this.#setHolder(session, membership.id);
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

  changed(key: string, state: SessionState): void {
    const session = this.#sessions.get(key);
    if (state.ended) this.#forget(key);
    else if (session !== undefined) this.#follow(session, state).catch(() => undefined);
  }

  async heed(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    if (session?.unrelated.open === true) await this.#follow(session, await this.#options.rows.refresh(key));
  }

  /** Closes what waits for changes, so that connections end; calls in flight go on. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions.values()) session.unrelated.end();
  }

  /** Ends what is left; calls in flight are answered STOPPING. The sessions themselves live on in their ids. */
  close(): void {
    this.#isDraining = true;
    this.#options.ticker.delete(this);
    for (const end of this.#endings) end();
    for (const session of [...this.#sessions.values()]) session.stop(new GatewardError('STOPPING'));
    this.#sessions.clear();
  }

  tick(): void {
    const wasAlone = this.#wasAlone;
    this.#wasAlone = this.#isAlone();
    if (wasAlone && !this.#wasAlone) void this.#takeAllStreams();
    const now = this.#options.ticker.now();
    if (now < this.#sweepAtMs) return;
    this.#sweepAtMs = now + SWEEP_MS;
    const wallNow = this.#options.clock.now();
    for (const [key, session] of this.#sessions) {
      if (session.facts.expiresAtMs <= wallNow) this.#forget(key);
      else if (session.lastUsedMs <= wallNow - IDLE_MS && session.idle) this.#sessions.delete(key);
    }
  }

  #isAlone(): boolean {
    return this.#options.membership.others().length === 0;
  }

  /** Another replica has come. Not for all sessions at once, since there may be many. */
  async #takeAllStreams(): Promise<void> {
    let count = 0;
    for (const session of [...this.#sessions.values()]) {
      if (!session.unrelated.open) continue;
      this.takeStream(session);
      if (++count % WRITES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
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
    this.#sessions.delete(key);
    session?.end();
  }

  /**
   * Brings what is open here in step with the session's row. Only the newest stream hears of changes; when that is
   * gone, an older one that still is open does (2025-11-25 basic/transports §Multiple Connections).
   */
  async #follow(session: LiveSession, { streamHolder, subscriptions }: SessionState): Promise<void> {
    session.streamHolder = streamHolder;
    const { changes, unrelated } = session;
    if (!unrelated.open) return;
    if (session.own.elsewhere !== undefined) {
      session.isMuted ||= changes.running;
      changes.stop();
      return;
    }
    this.takeStream(session);
    if (session.isMuted) {
      session.isMuted = false;
      await this.startListening(session);
      changes.makeUp();
    }
    if (isSame(changes.uris, subscriptions)) return;
    await session.inTurn(async () => {
      // The row is read again: what it said may be older than what was subscribed to meanwhile.
      const now = await this.#options.rows.read(session.key);
      const isOld = unrelated.open && changes.running && !isSame(changes.uris, now.subscriptions);
      if (isOld) await changes.open(now.subscriptions);
    });
  }

  #onUnheard(session: LiveSession): void {
    const { membership } = this.#options;
    if (session.streamHolder !== membership.id || session.ended.aborted) return;
    session.streamHolder = undefined;
    // Who leaves counts as dead anyway.
    if (!this.#isDraining && !this.#isAlone()) this.#setHolder(session, undefined);
  }

  #onDeath(replica: string): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.streamHolder !== replica || !session.unrelated.open) continue;
      const looked = this.#options.rows.read(session.key).then((state) => this.#follow(session, state));
      looked.catch(() => undefined);
    }
  }

  #setHolder({ facts }: LiveSession, replica: string | undefined): void {
    const { rows, clock } = this.#options;
    const patience = { clock, giveUpMs: HOLDER_PATIENCE_MS };
    persist(() => rows.setStreamHolder(facts, replica), patience).catch(() => undefined);
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(some);
  return known.size === others.length && others.every((one) => known.has(one));
}
