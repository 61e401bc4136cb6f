import { stringOf } from './fold-accents.ts';

/** What may have to be done about a text because of the characters in it, one bit each. */
export const TRAIT = {
  /** A character that people cannot see. */
  hidden: 1,
  /** A character that folding takes out. */
  ignorable: 2,
  /** A character that NFKC changes, or that may join the one before. */
  foldable: 4,
  /** A letter of a script whose letters pass for Latin ones. */
  twin: 8,
} as const;

/**
 * What people cannot see (facts of Unicode 15.1 and later): default-ignorable code points, format characters, controls
 * but for tab and line ends, private use, surrogates, and the blank Braille pattern.
 */
export const HIDDEN =
  /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u2800]|[^\P{Cc}\t\n]/u;
/** What is taken out of a text before its words are looked at. */
export const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;
/** Scripts whose letters pass for Latin ones. Han, kana and Hangul do not, and stand beside Latin words in honest text. */
export const OTHER_SCRIPT =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}\p{Script=Deseret}\p{Script=Georgian}\p{Script=Hebrew}\p{Script=Canadian_Aboriginal}]/u;

const NOT_ASCII = /\P{ASCII}/u;
const ALL = TRAIT.hidden | TRAIT.ignorable | TRAIT.foldable | TRAIT.twin;

let traits: Uint8Array | undefined;

/** The traits of a text, found in one pass; none for plain ASCII, where controls alone may be hidden. */
export function traitsOf(text: string): number {
  if (!NOT_ASCII.test(text)) return 0;
  traits ??= listTraits();
  let found = 0;
  for (let at = 0; at < text.length && found !== ALL; at += 1) found |= traits[text.charCodeAt(at)] ?? 0;
  return found;
}

/** The text without what {@link IGNORABLE} finds. */
export function dropIgnorable(text: string): string {
  traits ??= listTraits();
  const units = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isIgnorable = ((traits[code] ?? 0) & TRAIT.ignorable) !== 0;
    // What such a pair is, only both halves tell.
    if (isIgnorable && code >= 0xd800 && code < 0xe000) return text.replace(EACH_IGNORABLE, '');
    if (!isIgnorable) units[length++] = code;
  }
  return stringOf(units, length);
}

const EACH_IGNORABLE = new RegExp(IGNORABLE.source, 'gu');

/**
 * The table of the basic plane, made on first use. The first half of a pair stands for all that may follow it: nearly
 * everywhere that is anything, but most emoji are only to be looked at, since half a pair is nothing that people see.
 */
function listTraits(): Uint8Array {
  const table = new Uint8Array(0x10000);
  const plane = Array.from({ length: 0x10000 }, (_, code) =>
    code >= 0xd800 && code < 0xe000 ? 'a' : String.fromCharCode(code),
  ).join('');
  const mark = (pattern: RegExp, trait: number): void => {
    for (const { index } of plane.matchAll(new RegExp(pattern.source, 'gu')))
      table[index] = (table[index] ?? 0) | trait;
  };
  mark(HIDDEN, TRAIT.hidden);
  mark(IGNORABLE, TRAIT.ignorable);
  mark(OTHER_SCRIPT, TRAIT.twin);
  mark(/[\p{M}\u1100-\u11ff]/u, TRAIT.foldable);
  for (let code = 0x80; code < 0x10000; code += 1) {
    const isSurrogate = code >= 0xd800 && code < 0xe000;
    const char = plane.charAt(code);
    if (isSurrogate) table[code] = code < 0xdc00 ? ALL : TRAIT.hidden;
    else if (char.normalize('NFKC') !== char) table[code] = (table[code] ?? 0) | TRAIT.foldable;
  }
  for (const first of EMOJI) table[first] = TRAIT.hidden | traitsBehind(first);
  return table;
}

/** The first halves of emoji. */
const EMOJI = [0xd83c, 0xd83d, 0xd83e];

/** The traits of all characters of which this is the first half. */
function traitsBehind(first: number): number {
  const chars = Array.from({ length: 0x400 }, (_, second) =>
    String.fromCharCode(first, 0xdc00 + second),
  ).join('');
  const isChanged = chars.normalize('NFKC') !== chars || /\p{M}/u.test(chars);
  return (
    (isChanged ? TRAIT.foldable : 0) |
    (IGNORABLE.test(chars) ? TRAIT.ignorable : 0) |
    (OTHER_SCRIPT.test(chars) ? TRAIT.twin : 0)
  );
}
