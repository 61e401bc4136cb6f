/**
 * What the promise gives if it comes within `maxMs`, otherwise undefined. The promise itself goes on, and must not
 * reject once nobody waits for it.
 */
export async function waitAtMost<T>(promise: Promise<T>, maxMs: number): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, maxMs, undefined);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
