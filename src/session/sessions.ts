import type { Clock } from '../lib/clock.ts';
import type { Feed } from '../store/fleet.ts';
import type { SessionChanges, SessionRow, SessionTable } from '../store/store.ts';

/** What tells a session's rows apart, and until when they are needed. */
export interface SessionRef {
  readonly key: string;
  readonly expiresAtMs: number;
}

/** What may change in a session after `initialize`. */
export interface SessionState {
  readonly ended: boolean;
  /** As `logging/setLevel` set it. */
  readonly logLevel: string | undefined;
  /** The URIs of `resources/subscribe`. */
  readonly subscriptions: readonly string[];
  /** The replica that holds the stream for messages that belong to no call, as far as anybody knows. */
  readonly streamHolder: string | undefined;
}

/** Who holds something of sessions, and wants to hear of changes at once. */
export interface SessionWatcher {
  holds(key: string): boolean;
  /** The keys of all sessions that it holds. */
  keys(): readonly string[];
  /** A session that it holds may have changed. */
  changed(key: string, state: SessionState): void;
}

/** What sessions must remember beside their ids. Every method throws STORE_UNAVAILABLE. */
export interface SessionRows {
  read(key: string): Promise<SessionState>;
  /** The same, but never as it was remembered. */
  refresh(key: string): Promise<SessionState>;
  /** Notes a session that was made just now, so that nothing of it need be read. */
  begin(key: string): void;
  setLogLevel(session: SessionRef, level: string): Promise<void>;
  addSubscription(session: SessionRef, uri: string): Promise<void>;
  removeSubscription(session: SessionRef, uri: string): Promise<void>;
  /** Undefined for nobody. */
  setStreamHolder(session: SessionRef, replica: string | undefined): Promise<void>;
  /** Ends a session for good, here and at every replica. */
  end(session: SessionRef): Promise<void>;
  /** Tells of changes, whoever made them. The function that comes back ends that. */
  watch(watcher: SessionWatcher): () => void;
  /** Keeps what does not fit into the session's id. */
  keepExtra(session: SessionRef, bytes: Buffer): Promise<void>;
  readExtra(key: string): Promise<Buffer | undefined>;
}

/** What the rows of this process are made of. */
export interface SessionRowOptions {
  readonly sessions: SessionTable;
  readonly feed: Feed;
  readonly clock: Clock;
  /** Sessions whose state is remembered without asking the store. */
  readonly maxCached: number;
}

const UNCHANGED: SessionState = {
  ended: false,
  logLevel: undefined,
  subscriptions: [],
  streamHolder: undefined,
};
const ENDED: SessionState = { ...UNCHANGED, ended: true };
/** Milliseconds until a change is looked at again that could not be read. */
const RETRY_MS = 1000;
/** Sessions that are read at a time after a reset. */
const READS_AT_ONCE = 8;

/**
 * Keeps the rows in the store, and what it read of them in this process: for as long as the feed tells of changes
 * within a second. While it cannot, the store itself is asked.
 */
export function createSessionRows(options: SessionRowOptions): SessionRows {
  return new StoredRows(options);
}

class StoredRows implements SessionRows {
  readonly #options: SessionRowOptions;
  readonly #known = new Map<string, SessionState>();
  /** Reads under way whose answer still is the newest. */
  readonly #reading = new Map<string, Promise<SessionState>>();
  readonly #watchers = new Set<SessionWatcher>();
  readonly #retrying = new Set<string>();

  constructor(options: SessionRowOptions) {
    this.#options = options;
    options.feed.onSession((key) => this.#changed(key));
    options.feed.onReset(() => this.#reset());
  }

  async read(key: string): Promise<SessionState> {
    const known = this.#known.get(key);
    if (known !== undefined && this.#options.feed.isFresh()) return known;
    return this.#reading.get(key) ?? this.#read(key);
  }

  refresh(key: string): Promise<SessionState> {
    this.#forget(key);
    return this.#read(key);
  }

  begin(key: string): void {
    this.#remember(key, UNCHANGED);
  }

  setLogLevel(session: SessionRef, level: string): Promise<void> {
    return this.#change(session, { logLevel: level });
  }

  addSubscription(session: SessionRef, uri: string): Promise<void> {
    return this.#change(session, { subscribe: uri });
  }

  removeSubscription(session: SessionRef, uri: string): Promise<void> {
    return this.#change(session, { unsubscribe: uri });
  }

  setStreamHolder(session: SessionRef, replica: string | undefined): Promise<void> {
    return this.#change(session, { streamHolder: replica ?? null });
  }

  keepExtra(session: SessionRef, extra: Buffer): Promise<void> {
    return this.#change(session, { extra });
  }

  async readExtra(key: string): Promise<Buffer | undefined> {
    return (await this.#options.sessions.read(key))?.extra;
  }

  async end(session: SessionRef): Promise<void> {
    const { sessions, feed } = this.#options;
    await sessions.end(session.key, this.#ttlMs(session));
    this.#forget(session.key);
    this.#remember(session.key, ENDED);
    this.#tell(session.key, ENDED);
    feed.announce('session', session.key);
  }

  watch(watcher: SessionWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  async #change(session: SessionRef, changes: SessionChanges): Promise<void> {
    const { sessions, feed } = this.#options;
    try {
      await sessions.change(session.key, changes, this.#ttlMs(session));
    } finally {
      // What failed may have been written all the same.
      this.#forget(session.key);
    }
    feed.announce('session', session.key);
  }

  #ttlMs({ expiresAtMs }: SessionRef): number {
    return Math.max(1, expiresAtMs - this.#options.clock.now());
  }

  #read(key: string): Promise<SessionState> {
    const reading = this.#readRow(key, () => this.#reading.get(key) === reading);
    this.#reading.set(key, reading);
    return reading;
  }

  async #readRow(key: string, isNewest: () => boolean): Promise<SessionState> {
    try {
      const state = stateOf(await this.#options.sessions.read(key));
      if (isNewest()) this.#remember(key, state);
      return state;
    } finally {
      if (isNewest()) this.#reading.delete(key);
    }
  }

  #remember(key: string, state: SessionState): void {
    this.#known.delete(key);
    this.#known.set(key, state);
    if (this.#known.size <= this.#options.maxCached) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** What is being read now may be old already. */
  #forget(key: string): void {
    this.#known.delete(key);
    this.#reading.delete(key);
  }

  #changed(key: string): void {
    // An end is for good: there is nothing to read again.
    if (this.#known.get(key) === ENDED) return;
    this.#forget(key);
    if (this.#isHeld(key)) void this.#look(key);
  }

  #isHeld(key: string): boolean {
    for (const watcher of this.#watchers) if (watcher.holds(key)) return true;
    return false;
  }

  #reset(): void {
    this.#known.clear();
    this.#reading.clear();
    const left = [...new Set([...this.#watchers].flatMap((watcher) => watcher.keys()))];
    const lookOn = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) await this.#look(key);
    };
    for (let count = 0; count < READS_AT_ONCE; count++) void lookOn();
  }

  /** Reads what changed for those who hold the session; later, if the store cannot be asked. */
  async #look(key: string): Promise<void> {
    try {
      this.#tell(key, await this.read(key));
    } catch {
      if (this.#retrying.has(key)) return;
      this.#retrying.add(key);
      this.#options.clock.after(RETRY_MS, () => {
        this.#retrying.delete(key);
        if (this.#isHeld(key)) void this.#look(key);
      });
    }
  }

  #tell(key: string, state: SessionState): void {
    for (const watcher of [...this.#watchers]) if (watcher.holds(key)) watcher.changed(key, state);
  }
}

function stateOf(row: SessionRow | undefined): SessionState {
  if (row === undefined) return UNCHANGED;
  if (row.ended) return ENDED;
  const { logLevel, subscriptions, streamHolder } = row;
  return { ended: false, logLevel, subscriptions, streamHolder };
}
