import { GatewardError } from '../../src/errors.ts';
import { createLocalBus } from '../../src/store/bus/local-bus.ts';
import type { Feed, Fleet, Membership, Post } from '../../src/store/fleet.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Bus, Store } from '../../src/store/store.ts';

const HOUR_MS = 3_600_000;

/** One replica of a test. */
export interface TestReplica extends Fleet {
  /** The others count it as dead; its own doors do not notice. */
  die(): void;
  /** False: the feed tells that it cannot hear of changes. */
  fresh: boolean;
  /** Drops what was remembered, as after a gap. */
  reset(): void;
}

/** Replicas of one process over one store, whose lives the test decides. */
export interface TestReplicas {
  readonly store: Store;
  /** Names of the store's methods that were called, such as `streams.open`. */
  readonly calls: string[];
  /** Until it is false again, every method of the store fails. */
  broken: boolean;
  /** Until it is false again, no wake-up arrives. */
  deaf: boolean;
  join(id: string): Promise<TestReplica>;
  close(): Promise<void>;
}

/** Opens a store for replicas, in memory unless a file is given. */
export async function openTestReplicas(file = ':memory:'): Promise<TestReplicas> {
  const real = await createSqliteStore({ file });
  const bus = createLocalBus();
  const replicas = new Replicas(real, bus);
  return replicas;
}

class Replicas implements TestReplicas {
  readonly store: Store;
  readonly calls: string[] = [];
  broken = false;
  deaf = false;
  readonly #real: Store;
  readonly #bus: Bus;
  readonly members = new Map<string, Replica>();

  constructor(real: Store, bus: Bus) {
    this.#real = real;
    this.#bus = bus;
    this.store = { ...real };
    for (const [table, methods] of Object.entries(real)) {
      if (typeof methods === 'object') Object.assign(this.store, { [table]: this.#watched(table, methods) });
    }
  }

  async join(id: string): Promise<TestReplica> {
    await this.#real.replicas.renew(id, HOUR_MS);
    const replica = new Replica(id, this, {
      publish: (topic, text) => {
        if (!this.deaf) this.#bus.publish(topic, text);
      },
      subscribe: (topic, run) => this.#bus.subscribe(topic, run),
      close: async () => undefined,
    });
    this.members.set(id, replica);
    return replica;
  }

  leave(id: string): void {
    this.members.delete(id);
    void this.#real.replicas.leave(id);
    for (const other of this.members.values()) other.tellDeath(id);
  }

  async close(): Promise<void> {
    await this.#bus.close();
    await this.#real.close();
  }

  #watched(table: string, methods: object): object {
    return Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        async (...given: unknown[]): Promise<unknown> => {
          this.calls.push(`${table}.${name}`);
          if (this.broken) throw new GatewardError('STORE_UNAVAILABLE');
          return (method as (...given: unknown[]) => unknown).apply(methods, given);
        },
      ]),
    );
  }
}

class Replica implements TestReplica {
  readonly store: Store;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly post: Post;
  readonly feed: Feed;
  fresh = true;
  readonly takers = new Map<string, (body: Buffer, from: string) => void>();
  readonly #id: string;
  readonly #replicas: Replicas;
  readonly #onDeath = new Set<(replica: string) => void>();
  readonly #onReset = new Set<() => void>();

  constructor(id: string, replicas: Replicas, bus: Bus) {
    this.#id = id;
    this.#replicas = replicas;
    this.store = replicas.store;
    this.bus = bus;
    this.membership = {
      id,
      isAlive: (replica) => replica === id || replicas.members.has(replica),
      others: () => [...replicas.members.keys()].filter((other) => other !== id),
      onDeath: (run) => listen(this.#onDeath, run),
      onFenced: () => () => undefined,
    };
    this.post = {
      send: (to, subject, body) => this.#send(to, subject, body),
      receive: (subject, run) => {
        this.takers.set(subject, run);
        return () => this.takers.delete(subject);
      },
    };
    this.feed = {
      isFresh: () => this.fresh,
      onSession: (run) => bus.subscribe('session', run),
      onKey: (run) => bus.subscribe('key', run),
      onApproval: (run) => bus.subscribe('approval', run),
      onReset: (run) => listen(this.#onReset, run),
      announce: (kind, name) => bus.publish(kind, name),
    };
  }

  die(): void {
    this.#replicas.leave(this.#id);
  }

  reset(): void {
    for (const run of [...this.#onReset]) run();
  }

  tellDeath(replica: string): void {
    for (const run of [...this.#onDeath]) run(replica);
  }

  async #send(to: string, subject: string, body: Buffer): Promise<void> {
    this.#replicas.calls.push('post.send');
    if (this.#replicas.broken) throw new GatewardError('STORE_UNAVAILABLE');
    const receiver = this.#replicas.members.get(to);
    setImmediate(() => receiver?.takers.get(subject)?.(Buffer.from(body), this.#id));
  }
}

function listen<T>(listeners: Set<T>, run: T): () => void {
  listeners.add(run);
  return () => listeners.delete(run);
}
