import type { Entry } from './list-entries.ts';

const SPACE = 0x20;
/** A gap inside a phrase: wider ones are layout, not one phrase. */
const MAX_GAP = 8;

/** What a UTF-16 unit is to the reader of concepts, one bit each. */
export const UNIT = {
  /** Letters and digits; beyond ASCII all but blanks and general punctuation. */
  word: 1,
  /** Han and kana are written without blanks, so a phrase may start and end at any character. */
  unspaced: 2,
  /** May stand between the words of a phrase. */
  gap: 4,
  underscore: 8,
  at: 16,
  /** May end a sentence. */
  end: 32,
  /** No word, but a phrase may begin with it. */
  opener: 64,
  quote: 128,
} as const;

const SIGNS: readonly (readonly [string, number])[] = [
  [' \n\t-_', UNIT.gap],
  ['_', UNIT.underscore],
  ['@', UNIT.at],
  ['.!?\n\u3002\uff01\uff1f', UNIT.end],
  ['./<[#', UNIT.opener],
  ['"\'`“‘«「', UNIT.quote],
];

/** The {@link UNIT} bits of every UTF-16 unit. */
export const UNITS: Uint8Array = makeUnits();

/**
 * Every phrase of the lexicon as one automaton. Its edges lie in flat tables, a hash of the node and the unit leading to
 * the next node: reading a text makes no objects, and most words leave at the first or second letter.
 */
export class PhraseTrie {
  /** What the phrase that ends at a node means; it ends with the word, or anywhere for a stem. */
  readonly #exact: Int32Array;
  readonly #stem: Int32Array;
  readonly #root = new Int32Array(0x10000);
  readonly #keys: Float64Array;
  readonly #next: Int32Array;
  readonly #slots: number;
  /** What the phrase means that {@link match} found last. */
  mask = 0;

  constructor(entries: readonly Entry[]) {
    const edges = new Map<number, number>();
    const exact: number[] = [0];
    const stem: number[] = [0];
    for (const { phrase, mask, isStem } of entries) {
      let node = 0;
      for (let at = 0; at < phrase.length; at += 1) {
        const key = keyOf(node, phrase.charCodeAt(at));
        node = edges.get(key) ?? exact.push(0) - 1;
        if (!edges.has(key)) stem.push(0);
        edges.set(key, node);
      }
      if (isStem) stem[node] = (stem[node] ?? 0) | mask;
      exact[node] = (exact[node] ?? 0) | mask;
    }
    this.#exact = Int32Array.from(exact);
    this.#stem = Int32Array.from(stem);
    this.#slots = 2 ** Math.ceil(Math.log2(edges.size * 4));
    this.#keys = new Float64Array(this.#slots).fill(-1);
    this.#next = new Int32Array(this.#slots);
    for (const [key, node] of edges) this.#put(key, node);
  }

  /** Where the longest phrase ends that starts at a place of a text, or -1. */
  match(text: string, at: number): number {
    let node = this.#root[text.charCodeAt(at)] ?? 0;
    let end = -1;
    for (let next = at + 1; node !== 0; ) {
      if ((this.#exact[node] ?? 0) !== 0 && !continuesWord(text, next)) {
        this.mask = this.#exact[node] ?? 0;
        end = next;
      } else if ((this.#stem[node] ?? 0) !== 0) {
        this.mask = this.#stem[node] ?? 0;
        end = wordEnd(text, next);
      }
      if (next >= text.length) break;
      const code = text.charCodeAt(next);
      const behindGap = ((UNITS[code] ?? 0) & UNIT.gap) === 0 ? 0 : this.#follow(node, SPACE);
      node = behindGap === 0 ? this.#follow(node, code) : behindGap;
      next = behindGap === 0 ? next + 1 : skipGap(text, next);
    }
    return end;
  }

  #follow(node: number, code: number): number {
    const key = keyOf(node, code);
    for (let slot = slotOf(node, code) & (this.#slots - 1); ; slot = (slot + 1) & (this.#slots - 1)) {
      const found = this.#keys[slot];
      if (found === key) return this.#next[slot] ?? 0;
      if (found === -1) return 0;
    }
  }

  #put(key: number, node: number): void {
    const code = key % 0x10000;
    const from = (key - code) / 0x10000;
    if (from === 0) this.#root[code] = node;
    let slot = slotOf(from, code) & (this.#slots - 1);
    while (this.#keys[slot] !== -1) slot = (slot + 1) & (this.#slots - 1);
    this.#keys[slot] = key;
    this.#next[slot] = node;
  }
}

function keyOf(node: number, code: number): number {
  return node * 0x10000 + code;
}

function slotOf(node: number, code: number): number {
  const mixed = Math.imul(node ^ Math.imul(code, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function skipGap(text: string, at: number): number {
  let end = at;
  while (end - at < MAX_GAP && ((UNITS[text.charCodeAt(end)] ?? 0) & UNIT.gap) !== 0) end += 1;
  return end;
}

function continuesWord(text: string, at: number): boolean {
  if (at >= text.length || ((UNITS[text.charCodeAt(at - 1)] ?? 0) & UNIT.unspaced) !== 0) return false;
  const kind = UNITS[text.charCodeAt(at)] ?? 0;
  return (kind & (UNIT.word | UNIT.unspaced)) === UNIT.word || (kind & UNIT.underscore) !== 0;
}

function wordEnd(text: string, at: number): number {
  let end = at;
  while (
    end < text.length &&
    ((UNITS[text.charCodeAt(end)] ?? 0) & (UNIT.word | UNIT.unspaced)) === UNIT.word
  )
    end += 1;
  return end;
}

function makeUnits(): Uint8Array {
  const units = new Uint8Array(0x10000);
  const add = (code: number, kind: number): void => {
    units[code] = (units[code] ?? 0) | kind;
  };
  for (let code = 0; code < 0x10000; code += 1) {
    if (isWordCode(code)) add(code, UNIT.word);
    if ((code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff)) add(code, UNIT.unspaced);
  }
  for (const [chars, kind] of SIGNS) for (const char of chars) add(char.charCodeAt(0), kind);
  return units;
}

function isWordCode(code: number): boolean {
  if (code < 0x80)
    return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a);
  return (
    code > 0xbf &&
    !(code >= 0x2000 && code <= 0x206f) &&
    !(code >= 0x3000 && code <= 0x303f) &&
    !(code >= 0xff00 && code <= 0xff20)
  );
}
