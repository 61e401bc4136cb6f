import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { decodeDeep } from './decode.ts';
import { foldText } from './skeleton.ts';
import { ALL_ESCAPINGS, ESCAPING, unescapeText } from './unescape.ts';

describe('unescapeText', () => {
  it.each([
    ['a\\x41\\u0042\\u{43}\\104 e', 'aABCD e', 'aABCD'],
    ['&#72;&#x69; &lt;b&gt; &none; &#0;', 'Hi <b> &none; &#0;', 'Hi\n<b>'],
    ['%C3%A9t%c3%a9 100% %zz', 'été 100% %zz', 'été'],
    ['%F0%9F%98%80 \\u{1F600}', '😀 😀', '😀\n😀'],
    ['%41&#66;\\x43', 'ABC', 'ABC'],
  ])('reads %s', (written, text, hidden) => {
    expect(unescapeText(written, ALL_ESCAPINGS)).toMatchObject({ text, hidden });
  });

  it('reads the wanted forms alone, and nothing where there are none', () => {
    expect(unescapeText('%41&#66;', ESCAPING.references)).toMatchObject({ text: '%41B' });
    expect(unescapeText('100 % of a & b \\ c', ALL_ESCAPINGS)).toBeUndefined();
  });

  it('reads percent signs as the platform does, where they are UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const written = [...Buffer.from(text)]
          .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
          .join('');
        expect(unescapeText(written, ESCAPING.percents)?.text).toBe(text);
      }),
    );
  });

  it('takes any bytes, and makes no text longer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('%', 'e8', 'ff', '41', '&#', '65', ';', '\\', 'x', 'u{')),
        (parts) => {
          const written = parts.join('');
          expect((unescapeText(written, ALL_ESCAPINGS)?.text ?? '').length).toBeLessThanOrEqual(
            written.length,
          );
        },
      ),
    );
  });
});

describe('encodings inside encodings', () => {
  it('are read three deep, each text once', () => {
    const texts = decodeDeep('%252541 &amp;amp;#66; \\x5cx5cx43', 3).filter(({ isNew }) => isNew);
    expect(texts.map(({ folded }) => folded)).toContain('A B C');
    expect(texts.length).toBeLessThan(8);
  });

  it('of one form are read beside another that is there to disturb', () => {
    const texts = decodeDeep('%72ead it &#46; now', 1).map(({ folded }) => folded);
    expect(new Set(texts)).toEqual(new Set(['read it . now', 'read it &#46; now', '%72ead it . now']));
  });
});

describe('marks without end', () => {
  it('are folded in time that grows with their number', () => {
    expect(growsInLine(300_000, (size) => void foldText(`a${'\u0323\u0301\u0327'.repeat(size / 3)}`))).toBe(
      true,
    );
  });
});
