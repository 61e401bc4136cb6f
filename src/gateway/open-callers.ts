import { createKeys } from '../auth/keys.ts';
import { ANYBODY } from '../auth/local-caller.ts';
import type { Callers } from '../call.ts';
import type { AuthConfig } from '../config/types.ts';
import { systemClock } from '../lib/clock.ts';
import type { Fleet } from '../store/fleet.ts';

/** Who may call, until it is closed. */
export interface OpenCallers extends Callers {
  close(): void;
}

/** Asks for keys where the configuration says so; takes anybody where it does not, and then listens on loopback only. */
export function openCallers(auth: AuthConfig, { store, feed }: Fleet): OpenCallers {
  if (auth.keys) return createKeys({ table: store.keys, feed, clock: systemClock });
  return { ...ANYBODY, close: () => undefined };
}
