import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanDefinition } from './scan-definition.ts';

/** Every code point of a class of Unicode. */
function pointsOf(pattern: RegExp): number[] {
  const points: number[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1)
    if (pattern.test(String.fromCodePoint(code))) points.push(code);
  return points;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  'default-ignorable': /^\p{Default_Ignorable_Code_Point}$/u,
  format: /^\p{Cf}$/u,
  bidirectional: /^\p{Bidi_Control}$/u,
  'control but for tab and line end': /^[^\P{Cc}\t\n]$/u,
  'private use': /^[\ue000-\uf8ff\u{f0000}-\u{f00ff}\u{10ff00}-\u{10fffd}]$/u,
  'lone surrogate': /^\p{Cs}$/u,
  'variation selector': /^\p{Variation_Selector}$/u,
  tag: /^[\u{E0000}-\u{E007F}]$/u,
};
const BEFORE = 'Reads one';
const AFTER = 'file.';

const blocks = (tool: object): boolean =>
  scanDefinition(tool, 0).some(({ severity }) => severity === 'block');

describe('what people cannot see', () => {
  it.each(Object.entries(CLASSES))('each %s code point is blocked inside a description', (_, pattern) => {
    const missed = pointsOf(pattern).filter(
      (code) => !blocks({ name: 't', description: `${BEFORE}${String.fromCodePoint(code)}${AFTER}` }),
    );
    expect(missed).toEqual([]);
  });

  it('each is found wherever it stands in a definition', () => {
    const points = [...pointsOf(/^[\p{Default_Ignorable_Code_Point}\p{Cf}]$/u), 0x1b, 0x08, 0x9b, 0x2800];
    const places: readonly ((text: string) => object)[] = [
      (text) => ({ name: text }),
      (text) => ({ name: 't', title: text }),
      (text) => ({ name: 't', inputSchema: { properties: { [text]: { type: 'string' } } } }),
      (text) => ({ name: 't', inputSchema: { properties: { a: { enum: ['x', text] } } } }),
      (text) => ({ name: 't', inputSchema: { $comment: text } }),
      (text) => ({ name: 't', inputSchema: { properties: { a: { default: { deep: [text] } } } } }),
      (text) => ({ name: 't', outputSchema: { properties: { a: { examples: [text], pattern: 'x' } } } }),
      (text) => ({ name: 't', outputSchema: { properties: { a: { pattern: text } } } }),
      (text) => ({ name: 't', annotations: { title: text } }),
      (text) => ({ name: 't', _meta: { 'example/key': text } }),
      (text) => ({ name: 't', icons: [{ src: text }] }),
    ];
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(
        fc.constantFrom(...points),
        fc.constantFrom(...places),
        word,
        word,
        (code, place, before, after) => {
          expect(blocks(place(`${before}${String.fromCodePoint(code)}${after}`))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('lets honest text of many scripts pass', () => {
    const honest = [
      'Warning \u26a0\ufe0f: deletes data',
      'Keys 1\ufe0f\u20e3 and #\ufe0f\u20e3',
      'A family \u{1F468}\u200d\u{1F469}\u200d\u{1F467} and a coder \u{1F469}\u{1F3FD}\u200d\u{1F4BB}',
      'The flag of Scotland \u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}',
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      '\u0915\u094d\u200d\u0937',
      'caf\u00e9, \u6771\u4eac, \u0394T, \u03b1 and \u03b2, \u041c\u043e\u0441\u043a\u0432\u0430',
      'two\r\nlines',
      'tab\tand\nline',
    ];
    expect(honest.filter((description) => blocks({ name: 't', description }))).toEqual([]);
  });

  it('names what it found', () => {
    const findings = scanDefinition(
      { name: 't', description: 'a\u200bb\u200b \u202ec \u{E0041} \u001b[8m x\u2028' },
      3,
    );
    expect(findings.map(({ index, rule, path }) => `${index} ${rule} ${path}`)).toEqual([
      '3 invisible-character /description',
      '3 bidi-control /description',
      '3 tag-character /description',
      '3 terminal-escape /description',
    ]);
    expect(findings[0]?.reason).toBe('U+200B and 1 more such characters');
  });
});
