import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type QueryConfig } from 'pg';
import { GatewardError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Log } from '../../lib/log.ts';
import { waitAtMost } from '../../lib/wait-at-most.ts';
import { describeFault } from '../describe-fault.ts';
import type { Row } from '../row.ts';
import { type Address, readAddress } from './connection.ts';
import { type Fault, judge, unavailable } from './faults.ts';
import { NOW, type Statement } from './statement.ts';
import { Turns } from './turns.ts';

/** What a database is opened with. */
export interface DatabaseOptions {
  readonly url: string;
  readonly log: Log;
  /** Milliseconds since 1970; for tests, instead of the database's clock. */
  readonly now?: (() => number) | undefined;
  /** Connections at a time. */
  readonly maxConnections?: number | undefined;
}

/** What a statement takes. `again` tells that the same may have been done before, by an attempt that nobody heard of. */
export type Values = readonly unknown[] | ((again: boolean) => readonly unknown[]);

interface Failure {
  readonly error: unknown;
  readonly kind: Fault;
}
type Outcome = { readonly rows: readonly Row[] } | Failure;

/** Milliseconds until a caller is told that the store is unavailable. */
const PATIENCE_MS = 3_000;
/** Milliseconds for one attempt, a new connection included, and for the statement on the server. */
const ATTEMPT_MS = 1_500;
const CLOSE_MS = 1_000;
const MAX_CONNECTIONS = 10;
const IDLE_MS = 30_000;
const LIFETIME_SECONDS = 1_800;
/** Statements that may wait for a connection. */
const MAX_WAITING = 10_000;

/**
 * The connections to one database. Every statement that it is given may run twice: an answer may be lost on the way,
 * so what fails with a connection is tried again, for three seconds in all.
 */
export class Database {
  readonly #options: DatabaseOptions;
  readonly #address: Address;
  /** Statements under way: what waits for a connection must not count as an attempt, nor be left in a queue. */
  readonly #turns: Turns;
  #pool: Pool;
  #goodAt = 0;
  #isAway = false;
  #closed = false;

  /** @throws GatewardError CONFIG_INVALID */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#address = readAddress(options.url);
    this.#turns = new Turns({ atATime: this.#maxConnections(), maxWaiting: MAX_WAITING });
    this.#pool = this.#makePool();
  }

  /**
   * The rows of a statement.
   *
   * @throws GatewardError STORE_UNAVAILABLE, INTERNAL_ERROR
   */
  async rows(statement: Statement, values: Values = []): Promise<readonly Row[]> {
    const until = performance.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#takeTurn(
        statement,
        () => this.#queryOf(statement, values, attempt > 1),
        until,
      );
      if ('rows' in outcome) return outcome.rows;
      const pauseMs = backoffMs(attempt, { firstMs: 20, maxMs: 400, random: Math.random });
      if (outcome.kind !== 'passing' || performance.now() + pauseMs >= until) throw this.#failure(outcome);
      await sleep(pauseMs);
    }
  }

  /** The only row of a statement, or the first. */
  async row(statement: Statement, values: Values = []): Promise<Row | undefined> {
    return (await this.rows(statement, values))[0];
  }

  /**
   * Runs statements on one connection, each by itself and for as long as it takes.
   *
   * @throws GatewardError STORE_UNAVAILABLE, INTERNAL_ERROR
   */
  async runLong(texts: readonly string[]): Promise<void> {
    const client = new Client(this.#address.config);
    // What fails says so by itself; without a listener it would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      for (const text of texts) await client.query(text);
    } catch (error) {
      throw this.#failure({ error, kind: judge(error) });
    } finally {
      await waitAtMost(
        client.end().catch(() => undefined),
        CLOSE_MS,
      );
    }
  }

  /** Lets go of all connections. Never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A connection that is cut without a word never says that it has ended.
    await waitAtMost(
      this.#pool.end().catch(() => undefined),
      CLOSE_MS,
    );
  }

  #queryOf({ name, text }: Statement, values: Values, again: boolean): QueryConfig {
    const given = [...(typeof values === 'function' ? values(again) : values)];
    const { now } = this.#options;
    if (now === undefined) return { name, text, values: given };
    return { text: text.replaceAll(NOW, String(now())), values: given };
  }

  async #takeTurn({ isUrgent }: Statement, query: () => QueryConfig, until: number): Promise<Outcome> {
    if (this.#closed) return { error: new Error('The store was closed.'), kind: 'refused' };
    if (!(await this.#turns.take(until - performance.now(), isUrgent))) {
      return { error: new Error('All connections are busy.'), kind: 'refused' };
    }
    try {
      return await this.#attempt(query(), until);
    } finally {
      this.#turns.end();
    }
  }

  async #attempt(query: QueryConfig, until: number): Promise<Outcome> {
    const pool = this.#pool;
    const start = performance.now();
    const answer = pool.query<Row>(query).then(
      ({ rows }) => ({ rows }),
      (error: unknown) => ({ error, kind: judge(error) }),
    );
    const limitMs = Math.max(1, Math.min(ATTEMPT_MS, until - start));
    const found = await waitAtMost(answer, limitMs);
    if (found !== undefined && 'rows' in found) this.#noteAnswer();
    if (found === undefined && this.#goodAt < start) this.#replacePool(pool);
    return found ?? { error: new Error(`No answer within ${Math.round(limitMs)} ms.`), kind: 'passing' };
  }

  #noteAnswer(): void {
    this.#goodAt = performance.now();
    if (this.#isAway) this.#options.log.info('the store is back');
    this.#isAway = false;
  }

  #failure({ error, kind }: Failure): GatewardError {
    const cause = describeFault(error, this.#address.password);
    if (kind === 'other') return new GatewardError('INTERNAL_ERROR', { cause });
    if (!this.#isAway && !this.#closed) {
      this.#options.log.warn('the store cannot be reached', { error: cause });
    }
    this.#isAway = true;
    return unavailable(cause);
  }

  /** Connections that say nothing at all may all be cut, without a word from the network: new ones tell. */
  #replacePool(silent: Pool): void {
    if (silent !== this.#pool || this.#closed) return;
    this.#pool = this.#makePool();
    silent.end().catch(() => undefined);
  }

  #maxConnections(): number {
    return this.#options.maxConnections ?? MAX_CONNECTIONS;
  }

  #makePool(): Pool {
    const pool = new Pool({
      ...this.#address.config,
      max: this.#maxConnections(),
      idleTimeoutMillis: IDLE_MS,
      maxLifetimeSeconds: LIFETIME_SECONDS,
      statement_timeout: ATTEMPT_MS,
      // Above the statement's own time: it clears away what the network swallowed.
      query_timeout: 2 * ATTEMPT_MS,
    });
    // A connection that ends while nobody uses it is no news: the next statement takes another.
    pool.on('error', () => undefined);
    return pool;
  }
}
