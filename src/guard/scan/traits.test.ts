import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropIgnorable, IGNORABLE, OTHER_SCRIPT, TRAIT, traitsOf } from './traits.ts';

/** Texts with emoji, joiners, tags, marks and half pairs among the rest. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0x1f000, max: 0x1fbff }).map((point) => String.fromCodePoint(point)),
      fc.constantFrom(
        '\u200d',
        '\ufe0f',
        '\u{e0041}',
        '\u0301',
        '\ud83d',
        '\udc68',
        '\u{1d173}',
        'a',
        '\u0430',
      ),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

describe('traitsOf', () => {
  it('says of every text that folding changes that it does', () => {
    fc.assert(
      fc.property(text, (one) => {
        const traits = traitsOf(one);
        if (one.normalize('NFKC') !== one) expect(traits & TRAIT.foldable).not.toBe(0);
        if (IGNORABLE.test(one)) expect(traits & TRAIT.ignorable).not.toBe(0);
        if (OTHER_SCRIPT.test(one)) expect(traits & TRAIT.twin).not.toBe(0);
        if (/\p{M}/u.test(one)) expect(traits & TRAIT.foldable).not.toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('knows that usual emoji need no folding', () => {
    expect(traitsOf('\u{1F468} \u{1F600} \u{1F680}')).toBe(TRAIT.hidden);
  });
});

describe('dropIgnorable', () => {
  it('takes out what the pattern finds and nothing else', () => {
    const each = new RegExp(IGNORABLE.source, 'gu');
    fc.assert(
      fc.property(text, (one) => {
        expect(dropIgnorable(one)).toBe(one.replace(each, ''));
      }),
      { numRuns: 2000 },
    );
  });
});
