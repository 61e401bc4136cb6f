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

/** The table of the basic plane; half of a pair may be anything. It is made on first use. */
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
    if (isSurrogate) table[code] = ALL;
    else if (char.normalize('NFKC') !== char) table[code] = (table[code] ?? 0) | TRAIT.foldable;
  }
  return table;
}
