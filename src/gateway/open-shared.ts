import type { Config } from '../config/types.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import type { WorkerPort } from '../store/bus/worker-bus.ts';
import { type OpenFleet, openFleet } from '../store/fleet/open-fleet.ts';
import { openBus, openStore } from '../store/open-store.ts';

/** What opening takes beside the configuration. */
export interface SharedParts {
  readonly seal: Seal;
  readonly log: Log;
  /** The way to the other processes on this port; undefined in a process that is alone. */
  readonly workers: WorkerPort | undefined;
  /** The time of an embedded store; the machine's unless given. */
  readonly clock: Clock | undefined;
}

/**
 * Opens what this gateway shares with its other replicas. `close` leaves them and lets go of the store; it never
 * rejects.
 *
 * @throws GatewardError STORE_UNAVAILABLE, STORE_TOO_NEW, DATA_FOLDER_UNUSABLE, CONFIG_INVALID
 */
export async function openShared(
  config: Config,
  { seal, log, workers, clock }: SharedParts,
): Promise<OpenFleet> {
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.unshift(one);
    return one;
  };
  const closeAll = async (): Promise<void> => {
    for (const one of opened) {
      await one.close().catch((thrown: unknown) => log.warn('the store did not close cleanly', { thrown }));
    }
  };
  try {
    const store = keep(await openStore({ store: config.store, log, now: clock && (() => clock.now()) }));
    const bus = keep(await openBus({ store: config.store, bus: config.bus, workers, log }));
    const maxEventBytes = config.limits.eventLogBytes;
    const parts = { store, bus, seal, log, clock: systemClock, random: Math.random, maxEventBytes };
    const fleet = keep(await openFleet(parts));
    return { ...fleet, close: closeAll };
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}
