import type { Config } from '../config/types.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import { createLocalBus } from '../store/fleet/local-bus.ts';
import { type OpenFleet, openFleet } from '../store/fleet/open-fleet.ts';
import { createSqliteStore } from '../store/sqlite/sqlite-store.ts';

/** What opening takes beside the configuration. */
export interface SharedParts {
  readonly seal: Seal;
  readonly log: Log;
}

/**
 * Opens what this gateway shares with its other replicas. `close` leaves them and lets go of the store; it never
 * rejects.
 *
 * @throws GatewardError STORE_UNAVAILABLE, STORE_TOO_NEW, DATA_FOLDER_UNUSABLE
 */
export async function openShared({ store }: Config, { seal, log }: SharedParts): Promise<OpenFleet> {
  const file = store.kind === 'sqlite' ? store.file : ':memory:';
  const opened = await createSqliteStore({ file });
  const bus = createLocalBus();
  const closeBoth = async (): Promise<void> => {
    for (const one of [bus, opened]) {
      await one.close().catch((thrown: unknown) => log.warn('the store did not close cleanly', { thrown }));
    }
  };
  try {
    const parts = { store: opened, bus, seal, log, clock: systemClock, random: Math.random };
    const fleet = await openFleet(parts);
    return {
      ...fleet,
      async close() {
        await fleet.close();
        await closeBoth();
      },
    };
  } catch (thrown) {
    await closeBoth();
    throw thrown;
  }
}
