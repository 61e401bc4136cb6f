import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasHidden } from '../lib/hidden-text.ts';
import { bare, joinShown, show } from './shown-text.ts';

describe('shown text', () => {
  it('never holds a hidden character or a line end of a stranger', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(hasHidden(show`${text}`.text)).toBe(false);
        expect(hasHidden(bare(text).text)).toBe(false);
      }),
    );
  });

  it('quotes plain texts and leaves shown ones as they are', () => {
    const name = bare('files');
    expect(show`${name} runs ${'a "b"\u202e'} ${2} times`.text).toBe(
      'files runs "a \\"b\\"<U+202E>" 2 times',
    );
    expect(joinShown([name, show`x`], ', ').text).toBe('files, x');
  });
});
