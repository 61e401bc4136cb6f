import type { Clock } from './clock.ts';

/** Resolves after `delayMs`. What may be given up before that takes `wait`. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
