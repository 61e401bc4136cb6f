import { setTimeout as sleep } from 'node:timers/promises';
import { GatewardError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Log } from '../../lib/log.ts';
import { waitAtMost } from '../../lib/wait-at-most.ts';
import { describeFault } from '../describe-fault.ts';
import type { Bus } from '../store.ts';
import {
  loadNatsClient,
  type NatsConnection,
  type NatsOptions,
  type NatsSubscription,
} from './nats-client.ts';
import { isCarried, Topics } from './topics.ts';

/** Milliseconds that the start waits for the first connection, and an end for what is under way. */
const START_MS = 3_000;
const CLOSE_MS = 1_000;
const CONNECT_MS = 2_000;
const RECONNECT = { firstMs: 50, maxMs: 2_000, random: Math.random };
/** Milliseconds between signs of life, of which two may be missing. */
const PING_EVERY_MS = 5_000;

/** What a bus over NATS is made of. */
export interface NatsBusOptions {
  /** `nats://` or `tls://`, with a user and password or a token where the server wants them. */
  readonly url: string;
  /** Begins every subject, so that several fleets may use one server. */
  readonly prefix: string;
  readonly log: Log;
}

/**
 * A bus over a NATS server: each topic is a subject, so that a wake-up only travels to those who listen for it. While
 * the server is away, wake-ups are lost.
 *
 * @throws GatewardError CONFIG_INVALID
 */
export async function createNatsBus(options: NatsBusOptions): Promise<Bus> {
  const bus = new NatsBus(options);
  await bus.start();
  return bus;
}

class NatsBus implements Bus {
  readonly #options: NatsBusOptions;
  readonly #address: NatsOptions;
  readonly #topics = new Topics();
  readonly #subscriptions = new Map<string, NatsSubscription>();
  readonly #end = new AbortController();
  #connection: NatsConnection | undefined;
  #isAway = false;
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#address = readAddress(options.url);
  }

  /** Resolves once it is connected, or when that takes too long: it goes on trying. */
  async start(): Promise<void> {
    this.#connecting = this.#connect();
    await waitAtMost(this.#connecting, START_MS);
  }

  publish(topic: string, text: string): void {
    if (this.#end.signal.aborted || !isCarried([topic, text])) return;
    this.#topics.deliverSoon([topic, text]);
    const connection = this.#connection;
    if (connection !== undefined && !this.#isAway) connection.publish(this.#subjectOf(topic), text);
  }

  subscribe(topic: string, run: (text: string) => void): () => void {
    return this.#topics.subscribe(topic, run, {
      onFirst: () => this.#listen(topic),
      onLast: () => {
        this.#subscriptions.get(topic)?.unsubscribe();
        this.#subscriptions.delete(topic);
      },
    });
  }

  async close(): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#topics.clear();
    this.#subscriptions.clear();
    await waitAtMost(this.#connecting, CONNECT_MS + CLOSE_MS);
    const connection = this.#connection;
    if (connection === undefined) return;
    if (!this.#isAway) await waitAtMost(connection.flush().catch(ignore), CLOSE_MS);
    await waitAtMost(connection.close().catch(ignore), CLOSE_MS);
  }

  #subjectOf(topic: string): string {
    return `${this.#options.prefix}.${Buffer.from(topic).toString('base64url')}`;
  }

  #listen(topic: string): void {
    const connection = this.#connection;
    if (connection === undefined || this.#end.signal.aborted) return;
    const subscription = connection.subscribe(this.#subjectOf(topic), {
      callback: (error, message) => {
        if (error === null) this.#topics.deliver([topic, message.string()]);
      },
    });
    this.#subscriptions.set(topic, subscription);
  }

  /** The first connection; NATS's own client keeps it from then on. */
  async #connect(): Promise<void> {
    const { connect: open } = await loadNatsClient();
    for (let failures = 1; !this.#end.signal.aborted; failures += 1) {
      try {
        const connection = await open(this.#address);
        this.#connection = connection;
        for (const topic of this.#topics.names()) this.#listen(topic);
        if (this.#isAway) this.#noteBack();
        void this.#watch(connection);
        return;
      } catch (error) {
        this.#noteAway(error);
        const delayMs = backoffMs(failures, RECONNECT);
        await sleep(delayMs, undefined, { signal: this.#end.signal }).catch(ignore);
      }
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#noteAway(new TypeError('the connection was lost'));
      if (status.type === 'reconnect') this.#noteBack();
      if (status.type === 'error') this.#noteFault(status.error);
    }
  }

  #noteAway(error: unknown): void {
    if (!this.#isAway && !this.#end.signal.aborted) {
      const cause = this.#describe(error);
      this.#options.log.warn('the NATS server is away: replicas wake later', { error: cause });
    }
    this.#isAway = true;
  }

  #noteBack(): void {
    this.#isAway = false;
    this.#options.log.info('the NATS server is back');
  }

  #noteFault(error: unknown): void {
    this.#options.log.warn('the NATS server reports a fault', { error: this.#describe(error) });
  }

  #describe(error: unknown): Error {
    return describeFault(error, this.#address.pass ?? this.#address.token ?? '');
  }
}

function readAddress(url: string): NatsOptions {
  const read = URL.canParse(url) ? new URL(url) : undefined;
  if (read === undefined || !['nats:', 'tls:'].includes(read.protocol)) {
    throw new GatewardError('CONFIG_INVALID', { detail: 'The bus is not a URL that begins with nats://.' });
  }
  return {
    servers: `${read.hostname}:${read.port || '4222'}`,
    ...signInOf(read),
    ...(read.protocol === 'tls:' ? { tls: {} } : {}),
    name: 'gateward',
    // Who publishes has heard it from itself.
    noEcho: true,
    timeout: CONNECT_MS,
    pingInterval: PING_EVERY_MS,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => backoffMs(3, RECONNECT),
  };
}

/** A name without a password is a token. */
function signInOf({ username, password }: URL): Pick<NatsOptions, 'user' | 'pass' | 'token'> {
  if (username === '') return {};
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}

function ignore(): void {}
