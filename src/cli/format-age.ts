const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
];

/** A time that has passed, in its largest unit: `45s`, `12m`, `3h`, `9d`. One in the future has passed for 0s. */
export function formatAge(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= length);
  if (unit !== undefined) return `${Math.floor(ms / unit[1])}${unit[0]}`;
  return `${Math.max(0, Math.floor(ms / 1000))}s`;
}
