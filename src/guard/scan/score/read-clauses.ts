import type { Concepts } from '../read-concepts.ts';

/** Where in a definition a text stands: what is odd in a title is usual in a description. */
export type TextRole = 'description' | 'parameter' | 'title' | 'other';

/** A folded text as the rules read it, and where it stands. */
export interface Prose {
  readonly text: string;
  readonly concepts: Concepts;
  readonly role: TextRole;
}

/** Takes one clause: what stands in it, each as a hash of 32 bits, and where it is, in UTF-16 units. */
export type TakeClause = (features: Uint32Array, start: number, end: number) => void;

/** A clause without an end would water down what stands in it. */
const MAX_TOKENS = 60;
const STEM_CHARS = 8;
const MIN_STEM = 4;
const ENDINGS = ["'s", 'ing', 'ed', 'es', 's', 'ly'];
/** So many concepts before, and so many words away, are looked at together. */
const PAIR_REACH = 5;
const PAIR_WORDS = 14;
/** More than a clause of usual words has. */
const MAX_FEATURES = 4096;
/** Signs that say something: of tags, paths, commands, code. The others stand in honest texts as in all. */
const SIGNS = Array.from('<>`~|$!', (sign) => sign.charCodeAt(0));
const SEEDS = { role: 11, word: 12, next: 13, skip: 14, concept: 15, pair: 16, triple: 17 } as const;

/**
 * Cuts a folded text into clauses, with words, neighbours and the order of what they mean. Linear in the text. The
 * features are good until `take` returns: the next clause stands in the same place.
 */
export function readClauses({ text, concepts, role }: Prose, take: TakeClause): void {
  const { starts } = concepts;
  const words = new Words(text.toLowerCase());
  const features = new Features();
  const asked = mix(SEEDS.role, hashOf(role));
  for (let [at, from] = [0, 0]; !words.isAtEnd(); from = at) {
    const start = words.at;
    const count = words.nextClause();
    while (at < starts.length && (starts[at] ?? 0) < words.at) at += 1;
    if (count === 0) continue;
    features.count = 0;
    features.add(asked);
    addWords(features, words.found, count);
    addConcepts(features, concepts, { from, to: at });
    take(features.all(), start, words.at);
  }
}

/** What stands in one clause, in one piece of memory for all clauses. */
class Features {
  count = 0;
  readonly #numbers = new Uint32Array(MAX_FEATURES);

  add(feature: number): void {
    if (this.count < MAX_FEATURES) this.#numbers[this.count] = feature;
    this.count += 1;
  }

  all(): Uint32Array {
    return this.#numbers.subarray(0, Math.min(this.count, MAX_FEATURES));
  }
}

function addWords(features: Features, words: Int32Array, count: number): void {
  let [one, two] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    const word = words[at] ?? 0;
    features.add(mix(SEEDS.word, word));
    features.add(mix(one, word + SEEDS.next));
    if (two !== 0) features.add(mix(two, word + SEEDS.skip));
    two = at === 0 ? 1 : one;
    one = word;
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function addConcepts(features: Features, concepts: Concepts, { from, to }: Span): void {
  const { masks, words } = concepts;
  for (let at = from; at < to; at += 1) {
    const mask = masks[at] ?? 0;
    if (mask === 0) continue;
    for (let rest = mask; rest !== 0; rest &= rest - 1) features.add(mix(SEEDS.concept, rest & -rest));
    const reach = (words[at] ?? 0) + PAIR_WORDS;
    for (let next = at + 1; next < to && next <= at + PAIR_REACH && (words[next] ?? 0) <= reach; next += 1) {
      const other = masks[next] ?? 0;
      if (other !== 0) addPairs(features, mask, other);
    }
    if (at + 2 < to) features.add(mix(mix3(mask, masks[at + 1] ?? 0), (masks[at + 2] ?? 0) + SEEDS.triple));
  }
}

function addPairs(features: Features, mask: number, other: number): void {
  for (let one = mask; one !== 0; one &= one - 1) {
    const left = mix3(SEEDS.pair, one & -one);
    for (let two = other; two !== 0; two &= two - 1) features.add(mix(left, two & -two));
  }
}

/** The words of a text as hashes of their stems; signs and numbers are words too. */
class Words {
  at = 0;
  /** The words of the clause that was read last. */
  readonly found = new Int32Array(MAX_TOKENS);
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** Reads up to the end of the clause, and says how many words there are. */
  nextClause(): number {
    const text = this.#text;
    let count = 0;
    let isOver = false;
    while (!isOver && this.at < text.length && count < MAX_TOKENS) {
      const code = text.charCodeAt(this.at);
      let word = 0;
      if (isLetter(code)) word = this.#word();
      else {
        this.at += 1;
        if (isDigit(code)) word = this.#number();
        else if (SIGNS.includes(code)) word = mix3(3, code);
        else if (isUnspaced(code)) word = mix3(1, code);
        isOver = code === 0x0a || (isEnd(code) && !(text.charCodeAt(this.at) > 0x20)) || isWideEnd(code);
      }
      if (word === 0) continue;
      this.found[count] = word;
      count += 1;
    }
    return count;
  }

  #number(): number {
    while (isDigit(this.#text.charCodeAt(this.at))) this.at += 1;
    return 2;
  }

  #word(): number {
    const text = this.#text;
    const start = this.at;
    let code = text.charCodeAt(this.at);
    while (isLetter(code) || (code === 0x27 && isLetter(text.charCodeAt(this.at + 1)))) {
      this.at += 1;
      code = text.charCodeAt(this.at);
    }
    const length = this.at - start;
    const ending = ENDINGS.find((end) => length - end.length >= MIN_STEM && text.endsWith(end, this.at));
    const stem = Math.min(STEM_CHARS, length - (ending?.length ?? 0));
    let hash = 0x811c9dc5;
    for (let at = start; at < start + stem; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
    return hash | 4;
  }
}

function isWideEnd(code: number): boolean {
  return code === 0x3002 || code === 0xff01 || code === 0xff1f;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0xaa && !isUnspaced(code) && !isSign(code));
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isEnd(code: number): boolean {
  return code === 0x2e || code === 0x21 || code === 0x3f || code === 0x3b;
}

/** Han, kana and Hangul, with their punctuation: each character is a word. */
function isUnspaced(code: number): boolean {
  return (
    (code >= 0x3000 && code <= 0x9fff) ||
    (code >= 0xac00 && code <= 0xd7af) ||
    (code >= 0xff00 && code <= 0xffef)
  );
}

/** General punctuation, arrows, symbols, emoji. */
function isSign(code: number): boolean {
  return (
    (code >= 0x2000 && code <= 0x2bff) || code === 0xab || code === 0xbb || (code >= 0xd800 && code <= 0xf8ff)
  );
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
  return hash;
}

function mix3(a: number, b: number): number {
  const hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function mix(a: number, b: number): number {
  const hash = Math.imul(mix3(a, b), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
