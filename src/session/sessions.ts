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
}

/** The port to what sessions must remember beside their ids. */
export interface SessionRows {
  read(key: string): Promise<SessionState>;
  setLogLevel(session: SessionRef, level: string): Promise<void>;
  /** Replaces the session's URIs. */
  setSubscriptions(session: SessionRef, uris: readonly string[]): Promise<void>;
  /** Ends a session for good, here and at every replica. */
  end(session: SessionRef): Promise<void>;
  /** Calls back with the key of each session that ends, whoever ended it. */
  watchEnds(run: (key: string) => void): void;
  /** Keeps what does not fit into the session's id. */
  keepExtra(session: SessionRef, bytes: Buffer): Promise<void>;
  readExtra(key: string): Promise<Buffer | undefined>;
}

/** Bounds of the rows in this process. */
export interface SessionRowOptions {
  /** Sessions that may have rows at a time. The one whose row is oldest ends when there are more. */
  readonly maxSessions: number;
  readonly now: () => number;
}

interface Row {
  readonly expiresAtMs: number;
  logLevel: string | undefined;
  subscriptions: readonly string[];
  extra: Buffer | undefined;
}

const UNCHANGED: SessionState = { ended: false, logLevel: undefined, subscriptions: [] };
const ENDED: SessionState = { ended: true, logLevel: undefined, subscriptions: [] };
/** Ends are remembered for this many times more sessions than rows: each costs a key and a time. */
const ENDS_PER_ROW = 4;

/** Keeps the rows in this process. A session that changed nothing has none. */
export function createSessionRows({ maxSessions, now }: SessionRowOptions): SessionRows {
  const rows = new Map<string, Row>();
  const ends = new Map<string, number>();
  const watchers: ((key: string) => void)[] = [];

  function end(key: string, expiresAtMs: number): void {
    rows.delete(key);
    dropExpired(ends, (time) => time, now());
    ends.set(key, expiresAtMs);
    if (ends.size > maxSessions * ENDS_PER_ROW) dropFirst(ends);
    for (const run of watchers) run(key);
  }

  function rowOf({ key, expiresAtMs }: SessionRef): Row {
    const known = rows.get(key);
    if (known !== undefined) return known;
    dropExpired(rows, (row) => row.expiresAtMs, now());
    const [oldest] = rows;
    if (oldest !== undefined && rows.size >= maxSessions) end(oldest[0], oldest[1].expiresAtMs);
    const row: Row = { expiresAtMs, logLevel: undefined, subscriptions: [], extra: undefined };
    rows.set(key, row);
    return row;
  }

  return {
    async read(key) {
      if (ends.has(key)) return ENDED;
      const row = rows.get(key);
      if (row === undefined) return UNCHANGED;
      return { ended: false, logLevel: row.logLevel, subscriptions: row.subscriptions };
    },
    async setLogLevel(session, level) {
      if (!ends.has(session.key)) rowOf(session).logLevel = level;
    },
    async setSubscriptions(session, uris) {
      if (!ends.has(session.key)) rowOf(session).subscriptions = [...uris];
    },
    async end(session) {
      if (!ends.has(session.key)) end(session.key, session.expiresAtMs);
    },
    watchEnds(run) {
      watchers.push(run);
    },
    async keepExtra(session, bytes) {
      rowOf(session).extra = bytes;
    },
    async readExtra(key) {
      return rows.get(key)?.extra;
    },
  };
}

/** Drops expired entries from the oldest on. Lives are equally long, so the first that still lives ends the search. */
function dropExpired<T>(map: Map<string, T>, expiryOf: (value: T) => number, now: number): void {
  for (const [key, value] of map) {
    if (expiryOf(value) > now) return;
    map.delete(key);
  }
}

function dropFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
