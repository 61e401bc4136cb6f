import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Row } from '../row.ts';
import { isBusy, toStoreError, unavailable } from './faults.ts';
import type { Values } from './row.ts';

/** How long a write waits for other processes, before it says that the store cannot be written. */
const MAX_WAIT_MS = 5000;
/** Writes that may wait at a time. */
const MAX_WAITING = 10_000;
/** Pauses between tries, picked at random in between so that processes do not keep step. */
const PAUSE_MS = { min: 1, max: 8 };
/** Work on the event loop at a stretch, when many writes waited. */
const STRETCH_MS = 5;

/** What a database is told. */
export interface DatabaseOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that a write waits for other processes; 5,000 unless given. */
  readonly maxWaitMs?: number;
  /** Runs after each transaction that may have written. */
  readonly onWrite?: () => void;
}

interface Waiting {
  /** Does the work, or throws. */
  readonly run: () => void;
  readonly reject: (error: unknown) => void;
  readonly until: number;
}

/**
 * One connection to an SQLite file. SQLite works on the event loop, some microseconds for each transaction; what may
 * take long is waiting for another process, so nothing waits inside SQLite: what finds the file locked is tried again
 * from a timer, in its order.
 *
 * Every method throws STORE_UNAVAILABLE when the file cannot be used.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;

  readonly #options: DatabaseOptions;

  constructor(connection: DatabaseSync, options: DatabaseOptions) {
    this.#connection = connection;
    this.#options = options;
    this.now = options.now;
  }

  /** Several reads of one state of the file. */
  read<T>(body: () => T): Promise<T> {
    return this.attempt(() => this.#transact('BEGIN', body));
  }

  /** One transaction that survives the end of this process once it has resolved. */
  write<T>(body: () => T): Promise<T> {
    return this.#inOrder(() => this.#writeNow(body));
  }

  /** One transaction that survives a power cut once it has resolved. */
  writeDurably<T>(body: () => T): Promise<T> {
    return this.#inOrder(() => {
      this.exec('PRAGMA synchronous = FULL');
      try {
        return this.#writeNow(body);
      } finally {
        this.exec('PRAGMA synchronous = NORMAL');
      }
    });
  }

  /**
   * Runs now, or, should the file be locked, later: readers hardly ever wait for a writer. `body` is one statement, or
   * changes nothing when it throws.
   */
  attempt<T>(body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => resolve(body());
      if (!this.#try({ run, reject })) this.#wait({ run, reject });
    });
  }

  /** The only row, or the first. Inside `read` or `write` alone, as the next three. */
  get(sql: string, values: Values = []): Row | undefined {
    const statement = this.#prepare(sql);
    return isList(values) ? statement.get(...values) : statement.get(values);
  }

  all(sql: string, values: Values = []): readonly Row[] {
    const statement = this.#prepare(sql);
    return isList(values) ? statement.all(...values) : statement.all(values);
  }

  /** Rows one by one, so that a reader may stop early. */
  iterate(sql: string, values: Values = []): Iterable<Row> {
    const statement = this.#prepare(sql);
    return isList(values) ? statement.iterate(...values) : statement.iterate(values);
  }

  /** Gives the number of rows that it changed. */
  run(sql: string, values: Values = []): number {
    const statement = this.#prepare(sql);
    return Number((isList(values) ? statement.run(...values) : statement.run(values)).changes);
  }

  /** Runs statements that give nothing. */
  exec(sql: string): void {
    this.#expectOpen();
    this.#connection.exec(sql);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable('the store was closed'));
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #writeNow<T>(body: () => T): T {
    const result = this.#transact('BEGIN IMMEDIATE', body);
    this.#options.onWrite?.();
    return result;
  }

  #transact<T>(begin: string, body: () => T): T {
    this.#run(begin);
    try {
      const result = body();
      this.#run('COMMIT');
      return result;
    } catch (error) {
      // SQLite itself rolls back after some errors, such as a full disk.
      if (this.#connection.isTransaction) this.#run('ROLLBACK');
      throw error;
    }
  }

  #run(sql: string): void {
    this.#prepare(sql).run();
  }

  #prepare(sql: string): StatementSync {
    this.#expectOpen();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    // The texts are constants of this folder, so their number is bounded.
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Runs now, or, while the file is locked, later, after what has waited longer. */
  #inOrder<T>(body: () => T): Promise<T> {
    if (this.#waiting.length === 0) return this.attempt(body);
    return new Promise((resolve, reject) => this.#wait({ run: () => resolve(body()), reject }));
  }

  #wait({ run, reject }: Pick<Waiting, 'run' | 'reject'>): void {
    if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push({
        run,
        reject,
        until: performance.now() + (this.#options.maxWaitMs ?? MAX_WAIT_MS),
      });
      this.#tryLater();
    } else {
      reject(unavailable('too many writes wait for the file'));
    }
  }

  #expectOpen(): void {
    if (!this.#connection.isOpen) throw unavailable('the store is closed');
  }

  /** False if the file is locked. */
  #try({ run, reject }: Pick<Waiting, 'run' | 'reject'>): boolean {
    try {
      run();
    } catch (error) {
      if (isBusy(error)) return false;
      reject(toStoreError(error));
    }
    return true;
  }

  #tryLater(): void {
    if (this.#timer !== undefined) return;
    const pauseMs = PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min);
    this.#timer = setTimeout(() => this.#goOn(), pauseMs);
  }

  #goOn(): void {
    this.#timer = undefined;
    const start = performance.now();
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const locked = !this.#try(head);
      if (locked && start < head.until) break;
      if (locked) head.reject(unavailable('another process keeps the file locked'));
      this.#waiting.shift();
      if (performance.now() - start > STRETCH_MS) break;
    }
    if (this.#waiting.length > 0) this.#tryLater();
  }
}

function isList(values: Values): values is Extract<Values, readonly unknown[]> {
  return Array.isArray(values);
}
