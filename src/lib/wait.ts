import type { Abortable } from './abort.ts';
import type { Clock } from './clock.ts';

/** Resolves after `delayMs`, or as soon as the signal aborts: look at the signal afterwards. Never rejects. */
export function wait(clock: Clock, delayMs: number, signal: Abortable): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      callOff();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const callOff = clock.after(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
