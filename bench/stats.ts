/** Median and range of a series; all zero when it is empty. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of `values`: with an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Median with the least and the greatest value. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { median: 0, min: 0, max: 0 };
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The value that `share` (0 to 1) of `sorted`, in rising order, does not exceed. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Where the mean of a population lies, by a sample of it. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile of the normal distribution for 95 %, both sides. */
const Z = 1.96;

/**
 * The mean of `values` with its 95 % confidence interval (Student's t; its quantile by the expansion of Cornish and
 * Fisher). Needs four values at least to say something.
 */
export function confidence(values: readonly number[]): Interval {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const free = count - 1;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / free;
  const t = Z + (Z ** 3 + Z) / (4 * free) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * free ** 2);
  const half = t * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half };
}
