import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots, type Slotted } from './slots.ts';

describe('Slots', () => {
  it('holds what a set holds, whatever comes and goes', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 9 })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const things: Slotted[] = Array.from({ length: 10 }, () => ({}));
        const slots = new Slots<Slotted>();
        const set = new Set<Slotted>();
        for (const [comes, n] of all) {
          const thing = things[n] ?? {};
          if (comes) slots.add(thing);
          else slots.delete(thing);
          if (comes) set.add(thing);
          else set.delete(thing);
        }
        expect(new Set(slots)).toEqual(set);
        expect(slots.size).toBe(set.size);
        slots.clear();
        expect([...slots]).toEqual([]);
      }),
    );
  });

  it('does not take out of one what stands in another', () => {
    const [one, two] = [new Slots<Slotted>(), new Slots<Slotted>()];
    const thing = {};
    two.add(thing);
    one.add({});
    one.delete(thing);
    expect([one.size, two.size]).toEqual([1, 1]);
  });

  it('grows no larger than what was in at once', () => {
    const slots = new Slots<Slotted>();
    for (let n = 0; n < 1000; n++) {
      const thing: Slotted = {};
      slots.add(thing);
      expect(thing.slot).toBe(0);
      slots.delete(thing);
    }
  });
});
