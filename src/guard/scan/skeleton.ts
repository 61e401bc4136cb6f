import { CONFUSABLES } from './confusables-data.ts';
import { dropIgnorable, OTHER_SCRIPT, TRAIT, traitsOf } from './traits.ts';

const NOT_ASCII = /\P{ASCII}/u;
let known: Table | undefined;

/** The skeleton of a text (UTS #39 §4): two texts with one skeleton look alike. */
export function skeletonOf(text: string): string {
  const { prototypes } = readTable();
  let skeleton = '';
  for (const char of dropIgnorable(parted(text).normalize('NFD'))) {
    skeleton += prototypes.get(char.codePointAt(0) ?? 0) ?? char;
  }
  return skeleton.normalize('NFD');
}

/**
 * Text as a reader takes it: compatibility forms folded (NFKC), invisible characters gone, and each letter of another
 * script that looks like an ASCII letter as that letter, where the word has ASCII letters too.
 */
export function foldText(text: string): string {
  const traits = traitsOf(text);
  if ((traits & ~TRAIT.hidden) === 0) return text;
  const folded =
    (traits & TRAIT.foldable) === 0 ? text : cut(text.replace(WORD_OF_ONE, ' ')).normalize('NFKC');
  // What NFKC makes may be of any kind.
  const made = folded === text ? traits : traitsOf(folded);
  const plain = (made & TRAIT.ignorable) === 0 ? folded : dropIgnorable(folded);
  return (made & TRAIT.twin) !== 0 && MEETING.test(plain) ? plain.replace(WORD, foldWord) : plain;
}

/** Arabic phrases in one character, which folding makes eighteen times as long; they name God and bless the Prophet. */
const WORD_OF_ONE = /[\ufdfa\ufdfb]/g;

/** The text without the marks that stand behind so many others: they belong to no letter that anybody can read. */
function cut(text: string): string {
  return text.replace(SPARE_MARKS, '$1');
}

const SPARE_MARKS = /(\p{M}{30})\p{M}+/gu;

/**
 * The text in the stream-safe format (UAX #15 §13): sorting a long run of marks takes time by the square of its length,
 * so a joiner parts it, which is no visible character and is taken out again.
 */
function parted(text: string): string {
  return text.replace(MANY_MARKS, '$&\u034f');
}

const MANY_MARKS = /\p{M}{30}/gu;

/** Whether ASCII letters stand beside look-alikes of another script anywhere in a text. */
export function mixesScripts(text: string): boolean {
  return (traitsOf(text) & TRAIT.twin) !== 0 && MEETING.test(text);
}

/** The first look-alike of another script in a word that has ASCII letters too. */
export function findLookAlike(word: string): string | undefined {
  if (!NOT_ASCII.test(word) || !/[A-Za-z]/.test(word)) return undefined;
  return [...word].find((char) => OTHER_SCRIPT.test(char) && asciiOf(char) !== undefined);
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
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
  return readTable().ascii.get(char.codePointAt(0) ?? 0);
}

interface Table {
  readonly prototypes: ReadonlyMap<number, string>;
  /** Those that are ASCII letters and digits. */
  readonly ascii: ReadonlyMap<number, string>;
}

/** The table is read on first use: most texts are plain ASCII and never need it. */
function readTable(): Table {
  if (known !== undefined) return known;
  const table = new Map<number, string>();
  for (const group of CONFUSABLES.flatMap((row) => row.split(' '))) {
    const [target = '', sources = ''] = group.split('=');
    const prototype = target
      .split('.')
      .map((hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .join('');
    for (const hex of sources.split(',')) table.set(Number.parseInt(hex, 16), prototype);
  }
  const ascii = new Map([...table].filter(([, prototype]) => /^[A-Za-z0-9]+$/.test(prototype)));
  known = { prototypes: table, ascii };
  return known;
}
