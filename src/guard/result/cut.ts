/** A part of a text that a rule takes out, in UTF-16 units; `end` is exclusive. */
export interface Cut {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
}

/** What stands in the place of what was taken out. */
export function removedBy(rule: string): string {
  return `[removed: ${rule}]`;
}

/** The text with every cut replaced. The cuts are in its order and do not overlap. */
export function applyCuts(text: string, cuts: readonly Cut[]): string {
  let written = '';
  let at = 0;
  for (const { rule, start, end } of cuts) {
    written += text.slice(at, start) + removedBy(rule);
    at = end;
  }
  return written + text.slice(at);
}

/** The parts of cuts that lie in the text from `from` to `to`, counted from `from`. */
export function cutsWithin(cuts: readonly Cut[], from: number, to: number): Cut[] {
  return cuts
    .filter(({ start, end }) => start < to && end > from)
    .map(({ rule, start, end }) => ({
      rule,
      start: Math.max(start, from) - from,
      end: Math.min(end, to) - from,
    }));
}
