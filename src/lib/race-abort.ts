import type { Abortable } from './abort.ts';

/**
 * What the promise gives, or a rejection with the signal's reason as soon as that aborts. The promise itself goes on;
 * what becomes of it then is not looked at.
 */
export async function raceAbort<T>(promise: Promise<T>, signal: Abortable): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([aborted.promise, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
