import { CONCEPT, STOP } from './concept.ts';
import { type Entry, listEntries } from './list-entries.ts';

/** A text as the rules see it: what its words mean, in order. Entry `n` of each list belongs together. */
export interface Concepts {
  /** Masks of {@link CONCEPT}. */
  readonly masks: readonly number[];
  /** Which word of the text it is, counted from 0. */
  readonly words: readonly number[];
  /** Where in the text it starts, in UTF-16 units. */
  readonly starts: readonly number[];
  /** Entries right behind a quotation mark. */
  readonly quoted: ReadonlySet<number>;
  /** All masks together, to see fast what cannot be found. */
  readonly union: number;
}

/** Identifiers that are the tool's own: its name and its properties, in lower case. */
export type OwnNames = ReadonlySet<string>;

interface Node {
  readonly next: Map<number, Node>;
  /** What the phrase that ends here means; it ends with the word, or anywhere for a stem. */
  exact: number;
  stem: number;
}

interface Reading {
  readonly text: string;
  readonly own: OwnNames;
  readonly masks: number[];
  readonly words: number[];
  readonly starts: number[];
  readonly quoted: Set<number>;
  union: number;
  word: number;
  /** The word at which the last "not" stood. */
  notAt: number;
}

/** These are undone by a "not" right before them; "never reveal" still tells, so telling is no part of it. */
const NEGATABLE =
  CONCEPT.override |
  CONCEPT.bypass |
  CONCEPT.send |
  CONCEPT.carry |
  CONCEPT.read |
  CONCEPT.call |
  CONCEPT.obey |
  CONCEPT.exfiltrate |
  CONCEPT.execute |
  CONCEPT.change |
  CONCEPT.persona;
const NOT_REACH = 2;

let lexicon: Node | undefined;

/** Reads a folded text. Time grows with its length alone. */
export function readConcepts(text: string, own: OwnNames): Concepts {
  lexicon ??= buildLexicon(listEntries());
  const lower = lowerCase(text);
  const reading: Reading = {
    text: lower,
    own,
    masks: [],
    words: [],
    starts: [],
    quoted: new Set(),
    union: 0,
    word: 0,
    notAt: -9,
  };
  for (let at = 0; at < lower.length; ) at = readAt(reading, at, lexicon);
  return reading;
}

/** Lower case without accents, as the lexicon is written. */
function lowerCase(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase();
  const lower = text.toLowerCase().replaceAll('’', "'");
  // Beyond these scripts nothing comes apart into a letter and an accent of this block.
  if (!ACCENTED.test(lower)) return lower;
  return lower
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
}

const ACCENTED = /[\u00c0-\u1fff]/;
const NOT_ASCII = /\P{ASCII}/u;

/** Reads what starts here and says where to go on. */
function readAt(reading: Reading, at: number, root: Node): number {
  const { text } = reading;
  const code = text.charCodeAt(at);
  if (code === SPACE) return at + 1;
  if (!isWordCode(code) && isStop(text, at, code)) {
    pushStop(reading, at);
    return at + 1;
  }
  const isLetter = isWordCode(code);
  if (!isLetter && (!OPENERS.has(code) || (at > 0 && code !== LESS && isWordCode(text.charCodeAt(at - 1)))))
    return at + 1;
  const found = longestMatch(text, at, root);
  if (found !== undefined) {
    push(reading, found.mask, at);
    reading.word += 1;
    return found.end;
  }
  if (!isLetter) return at + 1;
  if (isUnspaced(code)) {
    reading.word += at % 2;
    return at + 1;
  }
  return readWord(reading, at);
}

/** Passes over a word that no entry knows; identifiers and addresses still mean something. */
function readWord(reading: Reading, at: number): number {
  const { text, own } = reading;
  let end = at + 1;
  let underscores = 0;
  let hasAt = false;
  for (
    let code = text.charCodeAt(end);
    isWordCode(code) || code === UNDERSCORE || code === AT;
    code = text.charCodeAt(end)
  ) {
    if (isUnspaced(code)) break;
    if (code === UNDERSCORE) underscores += 1;
    if (code === AT) hasAt = true;
    end += 1;
  }
  const isQuoted = text.charCodeAt(at - 1) === BACKTICK;
  if (isAddress(text, at, { end, hasAt })) push(reading, CONCEPT.external, at);
  else if ((underscores > 0 || isQuoted) && end - at <= MAX_IDENTIFIER && !own.has(text.slice(at, end)))
    push(reading, underscores > 0 ? CONCEPT.tool | CONCEPT.argument : CONCEPT.argument, at);
  reading.word += 1;
  return end;
}

const MAX_IDENTIFIER = 128;

/** A mail address, a host of the public name space, a number to call, or an account of a blockchain. */
function isAddress(
  text: string,
  at: number,
  { end, hasAt }: { readonly end: number; readonly hasAt: boolean },
): boolean {
  if (text.charCodeAt(end) === DOT && (hasAt || (text.charCodeAt(at - 1) !== DOT && isHost(text, at))))
    return true;
  return isPhoneNumber(text, at, end) || (end - at === 42 && /^0x[\da-f]{40}$/.test(text.slice(at, end)));
}

/** A bare host name; endings that files have too are left out. */
function isHost(text: string, at: number): boolean {
  HOST.lastIndex = at;
  return HOST.test(text);
}

const HOST =
  /[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,5}\.(?:com|net|org|io|dev|app|xyz|example|test|ru|cn|co|info|biz|tk|top|site|online|cloud|host|invalid|onion)(?![\w-])(?!\()/y;

/** A number to be called or written to, as E.164 has it. */
function isPhoneNumber(text: string, at: number, end: number): boolean {
  return (
    text.charCodeAt(at - 1) === PLUS && end - at >= 8 && /^\d+$/.test(text.slice(at, Math.min(end, at + 16)))
  );
}

function push(reading: Reading, mask: number, at: number): void {
  const isNegated = reading.word - reading.notAt <= NOT_REACH;
  const meant = isNegated ? mask & ~NEGATABLE : mask;
  if ((mask & CONCEPT.not) !== 0) reading.notAt = reading.word;
  if (meant === 0) return;
  if (at > 0 && QUOTES.has(reading.text.charCodeAt(at - 1))) reading.quoted.add(reading.masks.length);
  reading.masks.push(meant);
  reading.words.push(reading.word);
  reading.starts.push(at);
  reading.union |= meant;
}

function pushStop(reading: Reading, at: number): void {
  reading.notAt = -9;
  if (reading.masks.at(-1) === STOP) return;
  reading.masks.push(STOP);
  reading.words.push(reading.word);
  reading.starts.push(at);
}

const QUOTES: ReadonlySet<number> = new Set([...'"\'`“‘«「'].map((char) => char.charCodeAt(0)));
const PLUS = 0x2b;
const BACKTICK = 0x60;
const UNDERSCORE = 0x5f;
const AT = 0x40;
const DOT = 0x2e;
const LESS = 0x3c;
/** Characters other than letters that an entry may begin with. */
const OPENERS: ReadonlySet<number> = new Set([...'./<[#'].map((char) => char.charCodeAt(0)));

function longestMatch(
  text: string,
  at: number,
  root: Node,
): { readonly mask: number; readonly end: number } | undefined {
  let node: Node | undefined = root;
  let mask = 0;
  let end = at;
  for (let next = at; node !== undefined; ) {
    const code = text.charCodeAt(next);
    if (node.exact !== 0 && !continuesWord(text, next)) {
      mask = node.exact;
      end = next;
    } else if (node.stem !== 0) {
      mask = node.stem;
      end = wordEnd(text, next);
    }
    if (next >= text.length) break;
    if (isGap(code) && node.next.has(SPACE)) {
      node = node.next.get(SPACE);
      next = skipGap(text, next);
    } else {
      node = node.next.get(code);
      next += 1;
    }
  }
  return mask === 0 ? undefined : { mask, end };
}

const SPACE = 0x20;
/** A gap inside a phrase: wider ones are layout, not one phrase. */
const MAX_GAP = 8;

function isGap(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x09 || code === 0x2d || code === UNDERSCORE;
}

function skipGap(text: string, at: number): number {
  let end = at;
  while (end - at < MAX_GAP && isGap(text.charCodeAt(end))) end += 1;
  return end;
}

function continuesWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (isUnspaced(text.charCodeAt(at - 1))) return false;
  return (isWordCode(code) && !isUnspaced(code)) || code === UNDERSCORE;
}

function wordEnd(text: string, at: number): number {
  let end = at;
  while (isWordCode(text.charCodeAt(end)) && !isUnspaced(text.charCodeAt(end))) end += 1;
  return end;
}

/** Letters and digits; beyond ASCII all but blanks and general punctuation. */
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

/** Han and kana are written without blanks, so an entry may start and end at any character. */
function isUnspaced(code: number): boolean {
  return (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff);
}

function isStop(text: string, at: number, code: number): boolean {
  if (code === 0x3002 || code === 0xff01 || code === 0xff1f) return true;
  const next = text.charCodeAt(at + 1);
  if (code === DOT || code === 0x21 || code === 0x3f)
    return (
      Number.isNaN(next) || next <= SPACE || next === 0x3c || next === 0x22 || next === 0x27 || next === 0x29
    );
  if (code !== 0x0a) return false;
  return next === 0x0a || next === 0x2d || next === 0x2a || next === 0x23 || next === 0x2022;
}

function buildLexicon(entries: readonly Entry[]): Node {
  const root = newNode();
  for (const { phrase, mask, isStem } of entries) {
    let node = root;
    for (let at = 0; at < phrase.length; at += 1) {
      const code = phrase.charCodeAt(at);
      const next: Node = node.next.get(code) ?? newNode();
      node.next.set(code, next);
      node = next;
    }
    if (isStem) node.stem |= mask;
    node.exact |= mask;
  }
  return root;
}

function newNode(): Node {
  return { next: new Map(), exact: 0, stem: 0 };
}
