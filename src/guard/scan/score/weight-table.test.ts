import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markOf, SLOTS, slotOf, WeightTable } from './weight-table.ts';

/** A table with entries at the given slots: the mark of a feature and a signed byte. */
function tableOf(
  entries: readonly (readonly [slot: number, feature: number, weight: number])[],
): WeightTable {
  const bytes = Buffer.alloc(2 * SLOTS);
  for (const [slot, feature, weight] of entries)
    bytes.writeUInt16LE((markOf(feature) << 8) | (weight & 0xff), 2 * (slot % SLOTS));
  return new WeightTable(bytes.toString('base64'));
}

const FEATURE = 0x8001_2345;

describe('WeightTable', () => {
  it('sums the weights of features, positive and negative', () => {
    const [one, two] = [FEATURE, 0x1200_0007];
    const table = tableOf([
      [slotOf(one), one, 127],
      [slotOf(two), two, -128],
    ]);
    expect(table.sum(Uint32Array.of(one))).toBe(127);
    expect(table.sum(Uint32Array.of(one, two, one))).toBe(126);
  });

  it('finds a weight that had to stand in one of the slots behind, also beyond the last', () => {
    const last = 0x3300_ffff;
    const table = tableOf([
      [slotOf(last), 0x4400_ffff, 1],
      [0, last, 5],
    ]);
    expect(table.sum(Uint32Array.of(last))).toBe(5);
  });

  it('has no weight for what it does not hold', () => {
    const table = tableOf([[slotOf(FEATURE), FEATURE, 9]]);
    expect(table.sum(Uint32Array.of(FEATURE + 1, (FEATURE ^ 0x0100_0000) >>> 0))).toBe(0);
    expect(table.sum(Uint32Array.of())).toBe(0);
  });

  it('gives every feature a slot and a mark that is not empty', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (feature) => {
        expect(slotOf(feature)).toBeGreaterThanOrEqual(0);
        expect(slotOf(feature)).toBeLessThan(SLOTS);
        expect(markOf(feature)).toBeGreaterThan(0);
        expect(markOf(feature)).toBeLessThan(256);
      }),
    );
  });
});
