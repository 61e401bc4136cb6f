import type { Entry } from '../scan/list-entries.ts';
import { SECRET_RULES } from './secret-rules.ts';

/** So many letters of a stem are compared. Shorter stems are looked for by themselves. */
export const STEM_CHARS = 5;
const WORDS = 3;
/** A power of two, some ten times as many as there are phrases. */
const SLOTS = 65_536;
/** Bits that say where there is nothing: small enough to stay in the nearest cache. */
const BITS = 131_072;
const BEGUN_BITS = 32_768;
/** Tells the hash of a stem from that of a word. */
const STEM = 0x5bd1e995;
const RADIX = 37;
const EVERY = Array.from({ length: RADIX }, (_, digit) => digit);
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 36);
  return Number.isNaN(digit) ? 0 : digit + 1;
});

const WORD = /[a-z0-9\u00c0-\uffff]/;

/** The beginning of a phrase, with which a text is compared where its first characters stand in it. */
interface Start {
  readonly head: string;
  readonly mask: number;
}

/**
 * The beginnings of all phrases of the lexicon by the first letters of their first one, two and three words, each with
 * what the phrases mean. Open addressing over hashes of 32 bits: a chance hit is one in a million words, and harmless.
 */
export class PhraseTable {
  readonly #keys = new Int32Array(SLOTS);
  readonly #masks = new Int32Array(SLOTS);
  readonly #known = new Int32Array(BITS / 32);
  readonly #begun = new Int32Array(BEGUN_BITS / 32);
  /** Stems that are shorter than what is hashed and alone in their phrase, by their first letters. */
  readonly #stems = new LetterTable<Start>();

  constructor(entries: readonly Entry[]) {
    for (const { phrase, mask, isStem } of entries) this.#add(phrase, mask, isStem);
  }

  /** What phrases with this hash mean; 0 where there is none. */
  get(hash: number): number {
    return hasBit(this.#known, hash) ? this.#find(hash) : 0;
  }

  /** Whether a phrase may go on behind words with this hash. */
  isBegun(hash: number): boolean {
    return hasBit(this.#begun, hash);
  }

  #find(hash: number): number {
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const key = this.#keys[slot];
      if (key === hash) return this.#masks[slot] ?? 0;
      if (key === 0) return 0;
    }
  }

  /** What short stems mean that a word begins with; for its letters see {@link lettersAt}. */
  stemmed(text: string, at: number, letters: number): number {
    const starts = this.#stems.get(letters);
    if (starts === undefined) return 0;
    let meant = 0;
    for (const { head, mask } of starts) if (standsAt(text, at, head)) meant |= mask;
    return meant;
  }

  #add(phrase: string, mask: number, isStem: boolean): void {
    const words = wordsOf(phrase).slice(0, WORDS);
    const last = words.at(-1) ?? '';
    const isStemAt = isStem && phrase.endsWith(last) ? words.length - 1 : -1;
    let hash = 0;
    let kept = 0;
    for (const [at, word] of words.entries()) {
      if (kept > 0) setBit(this.#begun, hash);
      if (at !== isStemAt) hash = joinHashes(hash, hashOf(word));
      else if (word.length >= STEM_CHARS)
        hash = joinHashes(hash, stemHash(hashOf(word.slice(0, STEM_CHARS))));
      else break;
      kept += 1;
    }
    // A short stem behind other words is left to those.
    if (kept > 0) this.#put(hash, mask);
    // Phrases of marks alone have no word: see listOpeners.
    else if (last !== '') this.#addStem(last, mask);
  }

  /** Short stems are few: every word that begins so is looked up by these letters too. */
  #addStem(stem: string, mask: number): void {
    this.#stems.add(stem, { head: stem, mask });
  }

  #put(hash: number, mask: number): void {
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const key = this.#keys[slot] ?? 0;
      if (key !== 0 && key !== hash) continue;
      this.#keys[slot] = hash;
      setBit(this.#known, hash);
      this.#masks[slot] = (this.#masks[slot] ?? 0) | mask;
      return;
    }
  }
}

/** Whether the bit of a hash is set; the bits are a power of two. */
function hasBit(bits: Int32Array, hash: number): boolean {
  return ((bits[(hash >>> 5) & (bits.length - 1)] ?? 0) & (1 << (hash & 31))) !== 0;
}

function setBit(bits: Int32Array, hash: number): void {
  const at = (hash >>> 5) & (bits.length - 1);
  bits[at] = (bits[at] ?? 0) | (1 << (hash & 31));
}

/** Runs of letters and digits, as the sieve reads them. */
function wordsOf(phrase: string): string[] {
  const words: string[] = [];
  let word = '';
  for (const char of `${phrase} `) {
    if (WORD.test(char)) word += char;
    else if (word !== '') {
      words.push(word);
      word = '';
    }
  }
  return words;
}

/** The offset basis of FNV-1a. */
export const HASH_START = 0x811c9dc5 | 0;
/** FNV-1a, one step. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

function hashOf(word: string): number {
  let hash = HASH_START;
  for (let at = 0; at < word.length; at += 1) hash = hashStep(hash, word.charCodeAt(at));
  return hash;
}

/** The hash of the first letters of a word, where they may be a stem. */
export function stemHash(hash: number): number {
  return hash ^ STEM;
}

/** The hash of words in a row; `before` is 0 where a phrase begins. Never 0. */
export function joinHashes(before: number, word: number): number {
  const mixed = Math.imul(before ^ (before >>> 15), 0x2c1b3c6d) + word;
  return (mixed ^ (mixed >>> 13)) | 1;
}

/** Phrases that begin with a mark (`<system`, `.env`), by that mark and what follows it: see {@link pairOf}. */
export function listOpeners(entries: readonly Entry[]): ReadonlyMap<number, readonly Start[]> {
  const openers = new Map<number, Start[]>();
  for (const { phrase, mask } of entries) {
    if (WORD.test(phrase.charAt(0))) continue;
    const head = /^\S[^ ]*/.exec(phrase)?.[0] ?? phrase;
    const pair = pairOf(head, 0);
    openers.set(pair, [...(openers.get(pair) ?? []), { head, mask }]);
  }
  return openers;
}

/** A mark and the character after it, in lower case, as one number. */
export function pairOf(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | foldCode(text.charCodeAt(at + 1));
}

/** What secrets begin with, by their first letters. */
export class SecretStarts {
  readonly #starts = new LetterTable<string>();

  constructor() {
    for (const start of [...SECRET_RULES.flatMap(({ starts }) => starts), 'begin '])
      this.#starts.add(start, start);
  }

  /** Whether a secret may begin at a place before which no letter or digit stands. */
  isAt(text: string, at: number, letters: number): boolean {
    const starts = this.#starts.get(letters);
    return starts?.some((start) => standsAt(text, at, start)) === true;
  }
}

/** Values by the first three letters or digits of words, whatever their case: nearly every word is told from them at once. */
class LetterTable<Value> {
  readonly #lists: (Value[] | undefined)[] = [];
  /** The place of the list of a key, plus one. */
  readonly #places = new Uint16Array(RADIX ** 3);

  /** Where a word has less than three letters, any others may follow. */
  add(word: string, value: Value): void {
    const [first = 0, second = 0, third = 0] = [0, 1, 2].map((at) => digitOf(word.charCodeAt(at)));
    if (first === 0) {
      this.#put(otherAt(word, 0), value);
      return;
    }
    for (const two of second === 0 ? EVERY : [second])
      for (const three of second === 0 || third === 0 ? EVERY : [third])
        this.#put((first * RADIX + two) * RADIX + three, value);
  }

  /** What may begin with these letters (see {@link lettersAt}); undefined where nothing does. */
  get(letters: number): readonly Value[] | undefined {
    const place = this.#places[letters] ?? 0;
    return place === 0 ? undefined : this.#lists[place - 1];
  }

  #put(key: number, value: Value): void {
    const place = this.#places[key] ?? 0;
    if (place === 0) this.#places[key] = this.#lists.push([value]);
    else this.#lists[place - 1]?.push(value);
  }
}

/** Whether a text goes on at a place with a lower-case one, whatever its case. */
export function standsAt(text: string, at: number, lower: string): boolean {
  for (let n = 0; n < lower.length; n += 1) {
    if (foldCode(text.charCodeAt(at + n)) !== lower.charCodeAt(n)) return false;
  }
  return true;
}

/** An ASCII letter in lower case; any other character as it is. */
export function foldCode(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

/** The first three letters or digits at a place of a text as one number, whatever their case; beyond ASCII the first one. */
export function lettersAt(text: string, at: number): number {
  // Not beyond the end: a code there is NaN, and all would be reckoned in floating point.
  const left = text.length - at;
  let letters = digitOf(text.charCodeAt(at)) * RADIX ** 2;
  if (letters === 0) return otherAt(text, at);
  if (left > 1) letters += digitOf(text.charCodeAt(at + 1)) * RADIX;
  if (left > 2) letters += digitOf(text.charCodeAt(at + 2));
  return letters;
}

/** Any other character as one of the numbers that no three letters have. */
function otherAt(text: string, at: number): number {
  return text.charCodeAt(at) % RADIX ** 2;
}

/** 1 to 36 for a letter, whatever its case, or a digit; 0 for all else. */
function digitOf(code: number): number {
  return code < 128 ? (DIGITS[code] ?? 0) : 0;
}
