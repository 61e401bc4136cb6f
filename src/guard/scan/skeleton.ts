import { CONFUSABLES } from './confusables-data.ts';

const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/gu;
const NOT_ASCII = /\P{ASCII}/u;
let prototypes: ReadonlyMap<number, string> | undefined;

/** The skeleton of a text (UTS #39 §4): two texts with one skeleton look alike. */
export function skeletonOf(text: string): string {
  const table = readTable();
  let skeleton = '';
  for (const char of text.normalize('NFD').replace(IGNORABLE, '')) {
    skeleton += table.get(char.codePointAt(0) ?? 0) ?? char;
  }
  return skeleton.normalize('NFD');
}

/**
 * Text as a reader takes it: compatibility forms folded (NFKC), invisible characters gone, and each letter of another
 * script that looks like an ASCII letter as that letter, where the word has ASCII letters too.
 */
export function foldText(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  const plain = text.normalize('NFKC').replace(IGNORABLE, '');
  return mixesScripts(plain) ? plain.replace(WORD, foldWord) : plain;
}

/** Whether ASCII letters stand beside look-alikes of another script anywhere in a text. */
export function mixesScripts(text: string): boolean {
  return NOT_ASCII.test(text) && MEETING.test(text);
}

/** Whether a word mixes ASCII letters with look-alikes of another script. */
export function isMixedScript(word: string): boolean {
  if (!NOT_ASCII.test(word) || !/[A-Za-z]/.test(word)) return false;
  return [...word].some((char) => OTHER_SCRIPT.test(char) && asciiOf(char) !== undefined);
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Scripts whose letters pass for Latin ones. Han, kana and Hangul do not, and stand beside Latin words in honest text. */
const OTHER_SCRIPT =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}\p{Script=Deseret}\p{Script=Georgian}\p{Script=Hebrew}\p{Script=Canadian_Aboriginal}]/u;
/** A Latin letter right beside a letter of such a script. */
const MEETING = new RegExp(`[A-Za-z]${OTHER_SCRIPT.source}|${OTHER_SCRIPT.source}[A-Za-z]`, 'u');

function foldWord(word: string): string {
  if (!NOT_ASCII.test(word) || !/[A-Za-z]/.test(word)) return word;
  let folded = '';
  for (const char of word) folded += char.charCodeAt(0) < 0x80 ? char : (asciiOf(char) ?? char);
  return folded;
}

/** The ASCII letter or digit that a character looks like. */
function asciiOf(char: string): string | undefined {
  const prototype = readTable().get(char.codePointAt(0) ?? 0);
  return prototype !== undefined && /^[A-Za-z0-9]+$/.test(prototype) ? prototype : undefined;
}

/** The table is read on first use: most texts are plain ASCII and never need it. */
function readTable(): ReadonlyMap<number, string> {
  if (prototypes !== undefined) return prototypes;
  const table = new Map<number, string>();
  for (const group of CONFUSABLES.flatMap((row) => row.split(' '))) {
    const [target = '', sources = ''] = group.split('=');
    const prototype = target
      .split('.')
      .map((hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .join('');
    for (const hex of sources.split(',')) table.set(Number.parseInt(hex, 16), prototype);
  }
  prototypes = table;
  return table;
}
