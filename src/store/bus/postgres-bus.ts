import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { backoffMs } from '../../lib/backoff.ts';
import type { Log } from '../../lib/log.ts';
import { waitAtMost } from '../../lib/wait-at-most.ts';
import { describeFault } from '../describe-fault.ts';
import { type Address, readAddress } from '../postgres/connection.ts';
import type { Bus } from '../store.ts';
import { readPayload, writePayloads } from './notifications.ts';
import { Outgoing } from './outgoing.ts';
import { isCarried, Topics, type Wakeup } from './topics.ts';

const CHANNEL = 'gateward';
/** Milliseconds that the start waits for the first connection, and an end for what is under way. */
const START_MS = 3_000;
const CLOSE_MS = 1_000;
/** Milliseconds for one statement. */
const ANSWER_MS = 2_000;
/** Milliseconds between signs of life; a connection that is cut without a word gives none. */
const PING_EVERY_MS = 5_000;
const RECONNECT = { firstMs: 50, maxMs: 1_000, random: Math.random };
/** Payloads of one statement. */
const MAX_PAYLOADS = 100;

/**
 * A bus by `LISTEN` and `NOTIFY`, over one connection of its own, which must not go through a pooler. While the database
 * is away, wake-ups are lost.
 *
 * @throws GatewardError CONFIG_INVALID
 */
export async function createPostgresBus(options: { readonly url: string; readonly log: Log }): Promise<Bus> {
  const bus = new PostgresBus(readAddress(options.url), options.log);
  await bus.start();
  return bus;
}

class PostgresBus implements Bus {
  readonly #address: Address;
  readonly #log: Log;
  readonly #sender = randomBytes(9).toString('base64url');
  readonly #topics = new Topics();
  readonly #outgoing = new Outgoing((wakeups) => this.#notify(wakeups));
  readonly #end = new AbortController();
  #number = 0;
  /** Undefined while there is no connection. `lose` gives it up. */
  #connected: { readonly client: Client; readonly lose: (error: unknown) => void } | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(address: Address, log: Log) {
    this.#address = address;
    this.#log = log;
  }

  /** Resolves once it listens, or when that takes too long: it goes on trying. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running = this.#stayConnected(resolve);
    await waitAtMost(promise, START_MS);
  }

  publish(topic: string, text: string): void {
    if (this.#end.signal.aborted || !isCarried([topic, text])) return;
    this.#topics.deliverSoon([topic, text]);
    if (this.#connected !== undefined) this.#outgoing.add([topic, text]);
  }

  subscribe(topic: string, run: (text: string) => void): () => void {
    return this.#topics.subscribe(topic, run);
  }

  async close(): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    await waitAtMost(this.#outgoing.flush(), CLOSE_MS);
    this.#topics.clear();
    if (this.#connected !== undefined) await waitAtMost(endClient(this.#connected.client), CLOSE_MS);
    await waitAtMost(this.#running, CLOSE_MS);
  }

  async #stayConnected(onListening: () => void): Promise<void> {
    let failures = 0;
    while (!this.#end.signal.aborted) {
      try {
        await this.#listenUntilLost(() => {
          if (failures > 0) this.#log.info('the notifications of the database are back');
          failures = 0;
          onListening();
        });
      } catch (error) {
        if (failures === 0 && !this.#end.signal.aborted) {
          const cause = describeFault(error, this.#address.password);
          this.#log.warn('the notifications of the database are away: replicas wake later', { error: cause });
        }
      }
      failures += 1;
      await pause(backoffMs(failures, RECONNECT), this.#end.signal);
    }
  }

  /** Rejects when the connection cannot be made or is lost. */
  async #listenUntilLost(onListening: () => void): Promise<void> {
    const client = new Client({ ...this.#address.config, query_timeout: ANSWER_MS });
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new TypeError('the connection has ended')));
    client.on('notification', ({ payload }) => this.#take(payload ?? ''));
    const ping = setInterval(() => client.query('SELECT 1').catch(lost.reject), PING_EVERY_MS).unref();
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (this.#end.signal.aborted) return;
      this.#connected = { client, lose: lost.reject };
      onListening();
      await lost.promise;
    } finally {
      clearInterval(ping);
      this.#connected = undefined;
      void endClient(client);
    }
  }

  #take(payload: string): void {
    const notification = readPayload(payload);
    // Who published has heard it from itself.
    if (notification === undefined || notification.sender === this.#sender) return;
    for (const wakeup of notification.wakeups) this.#topics.deliver(wakeup);
  }

  async #notify(wakeups: readonly Wakeup[]): Promise<void> {
    const payloads = writePayloads(this.#sender, () => ++this.#number, wakeups);
    for (let at = 0; at < payloads.length; at += MAX_PAYLOADS) {
      if (this.#connected === undefined) return;
      const { client, lose } = this.#connected;
      const values = [CHANNEL, payloads.slice(at, at + MAX_PAYLOADS)];
      const text = 'SELECT count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload';
      // What is lost with a connection only costs time.
      await client.query({ name: 'gateward_notify', text, values }).catch(lose);
    }
  }
}

async function endClient(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
