/**
 * Words that instructions against a model hardly do without. They only decide whether a text is worth reading in another
 * spelling; what it says is judged by the rules.
 */
const TELLING =
  'ignore disregard forget override previous prior instructions instruction rules system prompt password passwords secret secrets private credentials token send upload execute delete files directory without asking user users conversation contents before always'.split(
    ' ',
  );
/** A text with so many of them, spelled backwards or shifted, is meant. */
const ENOUGH = 2;
const WORD = /[A-Za-z]{4,}/g;
/** Longer texts are looked at in their first part: what is spelled so is short. */
const MAX_CHARS = 64 * 1024;

const reversed = new Set(TELLING.map(reverse));
const shifted = new Set(TELLING.map(shift));

/** Letters with one blank after each, at least six of them. */
const SPACED = /(?<![A-Za-z])(?:[A-Za-z][ .*_-]){5,}[A-Za-z](?![A-Za-z])/;
/** Where one stands, shorter ones are words too. */
const SHORT_SPACED = /(?<![A-Za-z])(?:[A-Za-z][ .*_-]){2,}[A-Za-z](?![A-Za-z])/g;
/** A word of letters in which digits or signs stand for letters. */
const LEET =
  /(?<![A-Za-z0-9@$])(?=[a-z0-9@$]{0,30}[a-z])(?=[a-z0-9@$]{0,30}[013457@$])[a-z0-9@$]{4,31}(?![A-Za-z0-9@$])/gi;
const LETTERS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
};

/** A text in another spelling. */
export interface Spelling {
  readonly form: string;
  readonly text: string;
}

/** What a text says if it is read as people spell who do not want to be found: spaced, backwards, shifted, with digits. */
export function respell(whole: string): Spelling[] {
  const text = whole.slice(0, MAX_CHARS);
  const parts: Spelling[] = [];
  const add = (form: string, read: string): void => {
    if (read !== text) parts.push({ form, text: read });
  };
  if (SPACED.test(text))
    add('spaced letters', text.replaceAll(SHORT_SPACED, joinLetters).replaceAll(/ {2,}/g, ' '));
  add('digits for letters', text.replaceAll(LEET, readDigits));
  if (countIn(text, reversed) >= ENOUGH) add('letters in reverse', reverse(text));
  if (countIn(text, shifted) >= ENOUGH) add('shifted letters', shift(text));
  return parts;
}

function joinLetters(run: string): string {
  return run.replaceAll(/(?<=[A-Za-z])[ .*_-](?=[A-Za-z])/g, '');
}

function readDigits(word: string): string {
  return word.replaceAll(/[013457@$]/g, (sign) => LETTERS[sign] ?? sign);
}

function countIn(text: string, words: ReadonlySet<string>): number {
  let count = 0;
  for (const [word] of text.matchAll(WORD)) if (words.has(word.toLowerCase())) count += 1;
  return count;
}

function reverse(text: string): string {
  return [...text].reverse().join('');
}

/** ROT13. */
function shift(text: string): string {
  return text.replaceAll(/[A-Za-z]/g, (letter) => {
    const code = letter.charCodeAt(0);
    const base = code < 0x61 ? 0x41 : 0x61;
    return String.fromCharCode(((code - base + 13) % 26) + base);
  });
}
