import { systemClock } from '../../src/lib/clock.ts';
import { createSeal } from '../../src/lib/seal.ts';
import { createLocalBus } from '../../src/store/bus/local-bus.ts';
import { type OpenFleet, openFleet } from '../../src/store/fleet/open-fleet.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Bus, Store } from '../../src/store/store.ts';
import { silentLog } from './legacy-upstream.ts';

/** Replicas in one process, over one store. */
export interface TestFleet {
  readonly store: Store;
  readonly bus: Bus;
  /** Another replica. */
  join(): Promise<OpenFleet>;
  /** Ends all replicas, and the store. */
  close(): Promise<void>;
}

/** Opens a store for replicas: one in memory unless another is given. */
export async function startTestFleet(given?: Store): Promise<TestFleet> {
  const store = given ?? (await createSqliteStore({ file: ':memory:' }));
  const bus = createLocalBus();
  const seal = createSeal(Buffer.alloc(32, 3));
  const fleets: OpenFleet[] = [];
  return {
    store,
    bus,
    async join() {
      const parts = { store, bus, seal, clock: systemClock, random: Math.random, log: silentLog };
      const fleet = await openFleet(parts);
      fleets.push(fleet);
      return fleet;
    },
    async close() {
      await Promise.all(fleets.map((fleet) => fleet.close()));
      await bus.close();
      await store.close();
    },
  };
}
