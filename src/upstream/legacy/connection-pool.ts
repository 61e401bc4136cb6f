import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort, type Abortable } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { raceAbort } from '../../lib/race-abort.ts';

/** What a pool keeps: a session or a process. */
export interface Pooled {
  /** Aborts when it is gone. */
  readonly closed: Abortable;
  /** Never rejects. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** Which connections serve a call: those of one key serve each other's calls. */
export interface Bucket {
  readonly key: string;
  /** One call at a time, several connections side by side; otherwise one connection for any number of calls. */
  readonly exclusive: boolean;
  /** Milliseconds that a connection may be idle; Infinity for one that stays. */
  readonly idleMs: number;
  /** Ends the connections of this bucket, such as the end of the client's session. */
  readonly until: AbortSignal | undefined;
}

/** A connection that serves a call until it is released. */
export interface Lease<T> {
  readonly connection: T;
  /** Gives it back, once; `dispose` ends a connection that must not serve anybody else. */
  release(dispose?: 'dispose'): void;
}

/** What a pool is made of. */
export interface PoolOptions<T extends Pooled, B extends Bucket> {
  /** Opens a connection; the signal gives it up. */
  readonly open: (bucket: B, signal: Abortable) => Promise<T>;
  /** Connections that may be open at a time. Above it idle ones make room, or calls wait. */
  readonly maxConnections: number;
  readonly clock: Clock;
}

interface Entry<T, B> {
  readonly bucket: B;
  readonly opening: Promise<T>;
  readonly gaveUp: Abort;
  connection: T | undefined;
  leases: number;
  idleSince: number;
  stopIdleTimer: () => void;
}

const MAX_WAITING = 1000;
/** Why a connection is given up. An abort without a reason makes an error with a stack. */
const GONE = 'gone';

/** Connections to one upstream, opened as calls need them and closed when nobody does. */
export class ConnectionPool<T extends Pooled, B extends Bucket> {
  readonly #options: PoolOptions<T, B>;
  readonly #entries = new Set<Entry<T, B>>();
  readonly #waiting: (() => void)[] = [];
  readonly #leaving = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  constructor(options: PoolOptions<T, B>) {
    this.#options = options;
  }

  /**
   * A connection of the bucket. Rejects with the signal's reason, with what opening throws, or with
   * UPSTREAM_UNAVAILABLE if there are too many calls or the pool is closed.
   */
  async lease(bucket: B, signal: Abortable): Promise<Lease<T>> {
    for (;;) {
      signal.throwIfAborted();
      const ended = this.#closed.signal.aborted || bucket.until?.aborted === true;
      if (ended) throw new GatewardError('UPSTREAM_UNAVAILABLE');
      const entry = this.#find(bucket) ?? this.#tryOpen(bucket);
      const lease = entry === undefined ? await this.#wait(signal) : await this.#use(entry, signal);
      if (lease !== undefined) return lease;
    }
  }

  /** Sees to it that a call of the bucket finds a connection soon, unless that would cost another its own. */
  prepare(bucket: B): void {
    const ended = this.#closed.signal.aborted || bucket.until?.aborted === true;
    if (ended || this.#entries.size >= this.#options.maxConnections || this.#find(bucket) !== undefined)
      return;
    this.#tryOpen(bucket);
  }

  /** An open connection that fits, without leasing it. */
  peek(fits: (bucket: B) => boolean): T | undefined {
    for (const { bucket, connection } of this.#entries)
      if (connection !== undefined && fits(bucket)) return connection;
    return undefined;
  }

  /** Ends every connection. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const entry of [...this.#entries]) this.#remove(entry);
    this.#wakeAll();
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  #find(bucket: B): Entry<T, B> | undefined {
    for (const entry of this.#entries)
      if (entry.bucket.key === bucket.key && (!bucket.exclusive || entry.leases === 0)) return entry;
    return undefined;
  }

  #tryOpen(bucket: B): Entry<T, B> | undefined {
    if (this.#entries.size >= this.#options.maxConnections && !this.#makeRoom()) return undefined;
    const gaveUp = new Abort();
    const entry: Entry<T, B> = {
      bucket,
      opening: this.#options.open(bucket, gaveUp),
      gaveUp,
      connection: undefined,
      leases: 0,
      idleSince: this.#options.clock.now(),
      stopIdleTimer: () => undefined,
    };
    const remove = () => this.#remove(entry);
    this.#entries.add(entry);
    bucket.until?.addEventListener('abort', remove, { once: true });
    const opened = (connection: T) => {
      entry.connection = connection;
      if (connection.closed.aborted || gaveUp.aborted) return remove();
      connection.closed.addEventListener('abort', remove, { once: true });
      if (entry.leases === 0) this.#becomeIdle(entry);
    };
    const settled = entry.opening.then(opened, remove);
    gaveUp.addEventListener('abort', () => bucket.until?.removeEventListener('abort', remove));
    this.#track(settled);
    return entry;
  }

  /** Ends the connection that has been idle longest; those of a client's session last, since they hold its state. */
  #makeRoom(): boolean {
    const idle = [...this.#entries].filter((entry) => entry.leases === 0 && entry.connection !== undefined);
    const rank = (entry: Entry<T, B>) => (entry.bucket.until === undefined ? 0 : 1);
    idle.sort((a, b) => rank(a) - rank(b) || a.idleSince - b.idleSince);
    const [oldest] = idle;
    if (oldest !== undefined) this.#remove(oldest);
    return oldest !== undefined;
  }

  async #use(entry: Entry<T, B>, signal: Abortable): Promise<Lease<T> | undefined> {
    entry.leases++;
    entry.stopIdleTimer();
    try {
      const connection = await raceAbort(entry.opening, signal);
      if (!connection.closed.aborted && this.#entries.has(entry)) return this.#leaseOf(entry, connection);
    } catch (thrown) {
      this.#release(entry);
      throw signal.aborted ? signal.reason : toGatewardError(thrown);
    }
    this.#release(entry);
    return undefined;
  }

  #leaseOf(entry: Entry<T, B>, connection: T): Lease<T> {
    let released = false;
    return {
      connection,
      release: (dispose) => {
        if (released) return;
        released = true;
        if (dispose !== undefined) this.#remove(entry);
        this.#release(entry);
      },
    };
  }

  #release(entry: Entry<T, B>): void {
    entry.leases--;
    if (entry.leases === 0 && this.#entries.has(entry)) this.#becomeIdle(entry);
    this.#waiting.shift()?.();
  }

  #becomeIdle(entry: Entry<T, B>): void {
    entry.stopIdleTimer();
    entry.idleSince = this.#options.clock.now();
    if (entry.bucket.idleMs === Number.POSITIVE_INFINITY) return;
    entry.stopIdleTimer = this.#options.clock.after(entry.bucket.idleMs, () => {
      if (entry.leases === 0) this.#remove(entry);
    });
  }

  #remove(entry: Entry<T, B>): void {
    if (!this.#entries.delete(entry)) {
      // It was given up while it was being opened.
      if (entry.connection !== undefined) this.#track(entry.connection.close());
      return;
    }
    entry.stopIdleTimer();
    entry.gaveUp.abort(GONE);
    if (entry.connection !== undefined) this.#track(entry.connection.close());
    this.#waiting.shift()?.();
  }

  #track(leaving: Promise<void>): void {
    const tracked = leaving.finally(() => this.#leaving.delete(tracked));
    this.#leaving.add(tracked);
  }

  async #wait(signal: Abortable): Promise<undefined> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'Too many calls wait for it.' });
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    try {
      await raceAbort(turn.promise, signal);
    } catch (thrown) {
      const at = this.#waiting.indexOf(turn.resolve);
      // Its turn came and nobody takes it: the next one in line does.
      if (at === -1) this.#waiting.shift()?.();
      else this.#waiting.splice(at, 1);
      throw thrown;
    }
    return undefined;
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
