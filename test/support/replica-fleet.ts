/** Several connectors to one fake legacy server, as the replicas of a fleet have them, over one store in memory. */
import { GatewardError } from '../../src/errors.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { ParkedTable, Store } from '../../src/store/store.ts';
import type { Connector } from '../../src/upstream/connector.ts';
import type { LegacyConnectorOptions } from '../../src/upstream/legacy/legacy-connector.ts';
import type { Replicas } from '../../src/upstream/remote/replicas.ts';
import { FakeLegacyServer, type FakeServerOptions } from './fake-legacy-server.ts';
import { connectTo } from './legacy-upstream.ts';
import { ManualClock } from './manual-clock.ts';

export interface Replica {
  readonly id: string;
  readonly connector: Connector;
  /** False once the others hold it for dead. */
  alive: boolean;
  /** Whether it reaches the store. */
  connected: boolean;
  /** The write with which it dies: the store has it, and the replica never hears so. */
  diesWith: string | undefined;
  /** Who wants to hear that the others held it for dead. */
  readonly onFenced: Set<() => void>;
}

export class ReplicaFleet {
  readonly server: FakeLegacyServer;
  readonly clock = new ManualClock();
  readonly replicas: Replica[] = [];
  readonly store: Store;
  /** What was done to rows so far. */
  readonly writes: string[] = [];
  /** Ids of rows, oldest first. */
  readonly rows: string[] = [];
  readonly #options: Partial<LegacyConnectorOptions>;

  private constructor(server: FakeServerOptions, options: Partial<LegacyConnectorOptions>, store: Store) {
    this.server = new FakeLegacyServer({ resumable: true, ...server });
    this.#options = options;
    this.store = store;
  }

  static async start(
    server: FakeServerOptions,
    options: Partial<LegacyConnectorOptions> = {},
  ): Promise<ReplicaFleet> {
    const times: { now: () => number } = { now: () => 0 };
    const store = await createSqliteStore({ file: ':memory:', now: () => times.now() });
    const fleet = new ReplicaFleet(server, options, store);
    times.now = () => fleet.clock.now();
    for (const id of ['a', 'b', 'c']) fleet.#add(id);
    return fleet;
  }

  replica(id: string): Replica {
    const found = this.replicas.find((replica) => replica.id === id);
    if (found === undefined) throw new TypeError(`There is no replica ${id}.`);
    return found;
  }

  /** The others hold it for dead. It does not know. */
  fence(id: string): void {
    this.replica(id).alive = false;
  }

  /** Back from a pause, in which others held it for dead: it hears so. */
  comeBack(id: string): void {
    const replica = this.replica(id);
    replica.alive = true;
    for (const run of [...replica.onFenced]) run();
  }

  /** As `kill -9`: nothing of it is heard again, and it hears nothing. */
  kill(id: string): void {
    this.fence(id);
    this.replica(id).connected = false;
    for (const session of this.server.sessions) session.cut();
  }

  async stop(): Promise<void> {
    for (const { connector } of this.replicas) await connector.close();
    await this.store.close();
  }

  #add(id: string): void {
    const onFenced = new Set<() => void>();
    const replica: Replica = {
      id,
      alive: true,
      connected: true,
      diesWith: undefined,
      onFenced,
      connector: connectTo(this.server, this.clock, {
        replicas: this.#replicasOf(id, onFenced),
        ...this.#options,
      }),
    };
    this.replicas.push(replica);
  }

  #replicasOf(self: string, onFenced: Set<() => void>): Replicas {
    return {
      self,
      isAlive: (id) => this.replicas.some((replica) => replica.id === id && replica.alive),
      onDeath: () => () => undefined,
      onFenced: (run) => {
        onFenced.add(run);
        return () => onFenced.delete(run);
      },
      callAt: async (id, { call, context }) => {
        const { alive, connector } = this.replica(id);
        if (!alive) throw new GatewardError('UPSTREAM_UNAVAILABLE');
        return connector.call({ ...call, forwarded: true }, context);
      },
      owners: this.store.owners,
      parked: this.#parkedOf(self),
    };
  }

  #parkedOf(self: string): ParkedTable {
    const { parked } = this.store;
    const reach = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
      const replica = this.replica(self);
      if (!replica.connected) throw new GatewardError('STORE_UNAVAILABLE');
      this.writes.push(what);
      const done = await run();
      if (replica.diesWith === what) {
        this.kill(self);
        await new Promise(() => undefined);
      }
      return done;
    };
    return {
      put: (row, ...more) => {
        this.rows.push(row.id);
        return reach('put', () => parked.put(row, ...more));
      },
      read: (id) => reach('read', () => parked.read(id)),
      save: (id, by, changes) =>
        reach(`save ${changes.answers ?? ''}`.trim(), () => parked.save(id, by, changes)),
      claim: (...claim) => reach('claim', () => parked.claim(...claim)),
      delete: (...gone) => reach('delete', () => parked.delete(...gone)),
    };
  }
}
