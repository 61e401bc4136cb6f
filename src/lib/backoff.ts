/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Milliseconds after the first failure; doubled with each further one. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** A number in [0, 1), such as Math.random. */
  readonly random: () => number;
}

/**
 * Milliseconds to wait before trying again after so many failures in a row (1, 2, ...). Half of it is chance, so that
 * many who failed together do not come back together.
 */
export function backoffMs(failures: number, { firstMs, maxMs, random }: BackoffOptions): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random() / 2));
}
