import { CONCEPT, STOP } from './concept.ts';
import { foldAccents } from './fold-accents.ts';
import { listEntries } from './list-entries.ts';
import { PhraseTrie, UNIT, UNITS } from './phrase-trie.ts';

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

let lexicon: PhraseTrie | undefined;

/** Reads a folded text. Time grows with its length alone. */
export function readConcepts(text: string, own: OwnNames): Concepts {
  lexicon ??= new PhraseTrie(listEntries());
  const lower = foldAccents(text);
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

/** Reads what starts here and says where to go on. */
function readAt(reading: Reading, at: number, phrases: PhraseTrie): number {
  const { text } = reading;
  const code = text.charCodeAt(at);
  const kind = UNITS[code] ?? 0;
  const isLetter = (kind & UNIT.word) !== 0;
  if (!isLetter) {
    if ((kind & (UNIT.end | UNIT.opener)) === 0) return at + 1;
    if ((kind & UNIT.end) !== 0 && isStop(text, at, code)) {
      pushStop(reading, at);
      return at + 1;
    }
    if ((kind & UNIT.opener) === 0 || (code !== LESS && isBehindWord(text, at))) return at + 1;
  }
  const end = phrases.match(text, at);
  if (end > at) {
    push(reading, phrases.mask, at);
    reading.word += 1;
    return end;
  }
  if (!isLetter) return at + 1;
  if ((kind & UNIT.unspaced) !== 0) {
    reading.word += at % 2;
    return at + 1;
  }
  return readWord(reading, at);
}

function isBehindWord(text: string, at: number): boolean {
  return at > 0 && ((UNITS[text.charCodeAt(at - 1)] ?? 0) & UNIT.word) !== 0;
}

/** Passes over a word that no entry knows; identifiers and addresses still mean something. */
function readWord(reading: Reading, at: number): number {
  const { text, own } = reading;
  let end = at + 1;
  let signs = 0;
  for (; end < text.length; end += 1) {
    const kind = UNITS[text.charCodeAt(end)] ?? 0;
    if ((kind & (UNIT.word | UNIT.underscore | UNIT.at)) === 0 || (kind & UNIT.unspaced) !== 0) break;
    signs |= kind;
  }
  const hasUnderscore = (signs & UNIT.underscore) !== 0;
  const isQuoted = text.charCodeAt(at - 1) === BACKTICK;
  if (isAddress(text, at, { end, hasAt: (signs & UNIT.at) !== 0 })) push(reading, CONCEPT.external, at);
  else if ((hasUnderscore || isQuoted) && end - at <= MAX_IDENTIFIER) {
    // A tool's own names are where a value goes, and no other tool.
    const isForeign = hasUnderscore && !own.has(text.slice(at, end));
    push(reading, isForeign ? CONCEPT.tool | CONCEPT.argument : CONCEPT.argument, at);
  }
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
  if (at > 0 && ((UNITS[reading.text.charCodeAt(at - 1)] ?? 0) & UNIT.quote) !== 0)
    reading.quoted.add(reading.masks.length);
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

const PLUS = 0x2b;
const BACKTICK = 0x60;
const DOT = 0x2e;
const LESS = 0x3c;
const SPACE = 0x20;

function isStop(text: string, at: number, code: number): boolean {
  if (code === 0x3002 || code === 0xff01 || code === 0xff1f) return true;
  // Three dots leave something out and end nothing.
  if (code === DOT && text.charCodeAt(at - 1) === DOT) return false;
  const next = text.charCodeAt(at + 1);
  if (code === DOT || code === 0x21 || code === 0x3f)
    return (
      Number.isNaN(next) || next <= SPACE || next === 0x3c || next === 0x22 || next === 0x27 || next === 0x29
    );
  if (code !== 0x0a) return false;
  return next === 0x0a || next === 0x2d || next === 0x2a || next === 0x23 || next === 0x2022;
}
