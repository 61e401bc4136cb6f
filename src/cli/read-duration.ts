const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const FORM = /^(\d{1,6})([mhdwy])$/;
const MAX_MS = 10 * 31_536_000_000;

/** Milliseconds of `30m`, `12h`, `90d`, `2w` or `1y`, at most ten years. Undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = FORM.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? 0);
  return ms > 0 && ms <= MAX_MS ? ms : undefined;
}
