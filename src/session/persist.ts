import { GatewardError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';

/** How long to wait for a store that is gone. */
export interface Patience {
  readonly clock: Clock;
  readonly giveUpMs: number;
}

const FIRST_MS = 25;
const MAX_MS = 250;

/**
 * Does something with the store, again and again while that cannot be reached: a restart of a database or a cut
 * connection is over in a moment. What is done must be safe to do twice.
 *
 * @throws GatewardError STORE_UNAVAILABLE after `giveUpMs`, and whatever else `attempt` throws at once
 */
export async function persist<T>(attempt: () => Promise<T>, { clock, giveUpMs }: Patience): Promise<T> {
  const until = clock.now() + giveUpMs;
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(delayMs * 2, MAX_MS)) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!isStoreGone(thrown) || clock.now() + delayMs > until) throw thrown;
    }
    await pause(clock, delayMs);
  }
}

/** Whether it was thrown because the store cannot be reached or written. */
export function isStoreGone(thrown: unknown): boolean {
  return thrown instanceof GatewardError && thrown.code === 'STORE_UNAVAILABLE';
}
