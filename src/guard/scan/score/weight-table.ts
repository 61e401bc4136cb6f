/** So many slots hold the weights of the features; half of them are taken. */
export const SLOTS = 65_536;
/** So far from its own slot a weight may stand. */
export const PROBES = 8;

/**
 * The weights of the features that the training has seen: in each slot eight bits that tell the feature from others and a
 * signed byte, 0 where there is nothing. One in some two hundred features that it has not seen is taken for another.
 */
export class WeightTable {
  readonly #slots: Uint16Array;

  /** Takes the slots in base64, the lower byte first. */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    this.#slots = Uint16Array.from({ length: SLOTS }, (_, slot) => bytes.readUInt16LE(2 * slot));
  }

  /** What the features weigh together. */
  sum(features: Uint32Array): number {
    const slots = this.#slots;
    let sum = 0;
    for (const feature of features) {
      const mark = markOf(feature);
      for (let slot = slotOf(feature), left = PROBES; left > 0; slot = (slot + 1) & (SLOTS - 1), left -= 1) {
        const entry = slots[slot] ?? 0;
        if (entry >>> 8 === mark) sum += (entry << 24) >> 24;
        if (entry === 0 || entry >>> 8 === mark) break;
      }
    }
    return sum;
  }
}

/** Where a feature stands, or not far behind that. */
export function slotOf(feature: number): number {
  return feature & (SLOTS - 1);
}

/** What tells a feature from others of its slot: never 0. */
export function markOf(feature: number): number {
  return feature >>> 24 || 1;
}
