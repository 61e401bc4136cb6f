import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasHidden, showHidden } from './hidden-text.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Every class of characters that nobody sees, in whole. */
const HIDDEN: Readonly<Record<string, readonly number[]>> = {
  'C0 controls and DEL': [...range(0x00, 0x1f), 0x7f],
  'C1 controls': range(0x80, 0x9f),
  'tag characters': range(0xe0000, 0xe007f),
  'zero width': [0x200b, 0x200c, 0x200d, 0x2060, 0xfeff],
  'bidirectional marks': [0x061c, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)],
  'variation selectors': [...range(0xfe00, 0xfe0f), ...range(0xe0100, 0xe01ef)],
  fillers: [0x115f, 0x1160, 0x3164, 0xffa0, 0x034f, 0x2800, 0x00ad, 0x180e],
  'annotations and separators': [0xfff9, 0xfffa, 0xfffb, 0x2028, 0x2029],
  'lone surrogates': [0xd800, 0xdbff, 0xdc00, 0xdfff],
};

describe('hidden text', () => {
  it.each(Object.entries(HIDDEN))('is found and shown: %s', (_, codes) => {
    for (const code of codes) {
      const text = `a${String.fromCodePoint(code)}b`;
      expect(hasHidden(text)).toBe(true);
      expect(showHidden(text)).toBe(`"a<U+${code.toString(16).toUpperCase().padStart(4, '0')}>b"`);
    }
  });

  it('is not what people can read in any script', () => {
    for (const text of ['--flag=a b', 'é ü ñ', '日本語', 'привет', '😀', ''])
      expect(hasHidden(text)).toBe(false);
  });

  it('never passes what is shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(hasHidden(showHidden(text))).toBe(false);
      }),
    );
  });
});
