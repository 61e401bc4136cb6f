import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Store, SweepBounds } from '../store.ts';

/** What sweeping takes. */
export interface SweepingParts {
  readonly store: Pick<Store, 'sweep'>;
  readonly bounds: SweepBounds;
  readonly clock: Clock;
  /** A number in [0, 1); keeps replicas from sweeping at once. */
  readonly random: () => number;
  readonly log: Log;
}

const SWEEP_EVERY_MS = 15_000;

/** Deletes what has expired from time to time, until it is closed. */
export function startSweeping({ store, bounds, clock, random, log }: SweepingParts): {
  close(): Promise<void>;
} {
  let closed = false;
  let running: Promise<void> | undefined;
  let callOff: () => void = () => undefined;
  const sweep = async (): Promise<void> => {
    try {
      await store.sweep(bounds);
    } catch (thrown) {
      log.debug('the store could not be swept', { thrown });
    }
    running = undefined;
    schedule();
  };
  const schedule = (): void => {
    if (closed) return;
    callOff = clock.after(SWEEP_EVERY_MS * (0.5 + random()), () => {
      running = sweep();
    });
  };
  schedule();
  return {
    async close() {
      closed = true;
      callOff();
      await running;
    },
  };
}
