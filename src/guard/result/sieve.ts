import { CONCEPT } from '../scan/concept.ts';
import { decodeParts } from '../scan/decode.ts';
import { listEntries } from '../scan/list-entries.ts';
import { SEQUENCES } from '../scan/sequences.ts';
import {
  foldCode,
  HASH_START,
  hashStep,
  joinHashes,
  lettersAt,
  listOpeners,
  PhraseTable,
  pairOf,
  SecretStarts,
  STEM_CHARS,
  standsAt,
  stemHash,
} from './start-table.ts';

/** What may be found in a text. Nothing else can be; all of it may still turn out to be honest. */
export const MAY_HOLD = {
  /** Instructions for a model. */
  injection: 1,
  /** A key, a token, a password. */
  secret: 2,
  /** It cannot be told from the raw text: characters beyond ASCII, escapes that hide letters, controls. */
  unread: 4,
} as const;

/**
 * How a text is written: `json` is the latin1 reading of JSON, whose escapes are seen through; `text` is text as the
 * rules read it, folded and in lower case or in ASCII.
 */
export type Writing = 'json' | 'text';

const WORD = 1;
const UPPER = 2;
const LOWER = 4;
const DIGIT = 8;
/** Characters of base64 in both alphabets. */
const BASE64 = 16;
const NOT_HEX = 32;
/** Marks at which something has to be looked at more closely. */
const MARK = 64;
const WIDE_WORD = WORD | LOWER | NOT_HEX;
/** Han and kana are written without blanks: words begin anywhere. */
const UNSPACED = 128;
const WIDE = 256;

const KINDS = makeKinds();
const FOLDED = Uint8Array.from({ length: 128 }, (_, code) => foldCode(code));
/** Digits that pass for letters, as those letters. */
const LEET = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = '013457'.indexOf(String.fromCharCode(code));
  return at < 0 ? (FOLDED[code] ?? 0) : 'oieast'.charCodeAt(at);
});
/** Names of `_meta` that stand in nearly every result, as far as they could be base64. They decode to nothing. */
const PROTOCOL_NAMES: ReadonlySet<string> = new Set(
  ['serverInfo', 'clientInfo', 'clientCapabilities', 'protocolVersion', 'subscriptionId', 'logLevel'].map(
    (name) => `modelcontextprotocol/${name}`,
  ),
);
const MIN_BASE64 = 16;
const MIN_HEX = 24;
const MIN_SPACED = 6;
const IDENTIFIER = CONCEPT.tool | CONCEPT.argument;
const ADDRESS = CONCEPT.external;
/** As far as a password in an address can reach. */
const MAX_PASSWORD = 800;

/**
 * Looks at a text once and says what may be found in it. The usual result holds nothing, and then nothing else is done.
 * Whatever the scan or the rules of secrets find, this has seen the beginning of: a property test holds it to that.
 */
export class Sieve {
  readonly #phrases: PhraseTable;
  readonly #secrets = new SecretStarts();
  readonly #openers: ReturnType<typeof listOpeners>;
  readonly #sequences = listNeeds();
  // What is known of the text that is looked at now.
  #text = '';
  #at = 0;
  #flags = 0;
  #meant = 0;
  /** Hashes of the word before, and of the two words before; 0 where no phrase begins so. */
  #one = 0;
  #two = 0;
  #runStart = 0;
  #runKinds = 0;
  #singles = 0;

  constructor() {
    const entries = listEntries();
    this.#phrases = new PhraseTable(entries);
    this.#openers = listOpeners(entries);
  }

  /** A mask of {@link MAY_HOLD}. */
  look(text: string, writing: Writing): number {
    this.#text = text;
    this.#at = this.#flags = this.#meant = this.#one = this.#two = 0;
    this.#runStart = this.#runKinds = this.#singles = 0;
    const isJson = writing === 'json';
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      const kind = code < 128 ? (KINDS[code] ?? 0) : wideKind(code);
      if ((kind & WORD) !== 0 && (kind & WIDE) === 0) this.#word();
      else if (kind === 0) this.#gap();
      else if ((kind & WIDE) !== 0) {
        if (isJson) return MAY_HOLD.unread;
        this.#wide(kind);
      } else if ((kind & MARK) === 0) this.#joiner(code);
      else if (!this.#mark(code, isJson)) return MAY_HOLD.unread;
    }
    this.#endRun();
    this.#text = '';
    if ((this.#flags & MAY_HOLD.injection) === 0 && this.#fits()) this.#flags |= MAY_HOLD.injection;
    return this.#flags;
  }

  /** What separates words and is nothing else. */
  #gap(): void {
    if (this.#at - this.#runStart >= MIN_BASE64) this.#endRun();
    this.#at += 1;
    this.#runStart = this.#at;
    this.#runKinds = 0;
  }

  /** Belongs to base64, but to no word. */
  #joiner(code: number): void {
    if (code === 0x5f) this.#meant |= IDENTIFIER;
    else if (code === 0x2f) this.#meant |= this.#opened();
    else if (code === 0x2b && isDigitCode(this.#text.charCodeAt(this.#at + 1))) this.#meant |= ADDRESS;
    this.#at += 1;
  }

  #word(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let hash = HASH_START;
    let stem = 0;
    let kinds = 0;
    // Bounded by the length: a code beyond the end is NaN, and with it all of this would be reckoned in floating point.
    for (const end = text.length; at < end; at += 1) {
      const code = text.charCodeAt(at);
      const kind = code < 128 ? (KINDS[code] ?? 0) : wideKind(code);
      if ((kind & WORD) === 0) break;
      if (at - start === STEM_CHARS) stem = hash;
      hash = hashStep(hash, code < 128 ? (FOLDED[code] ?? 0) : code);
      kinds |= kind;
    }
    if (at - start === STEM_CHARS) stem = hash;
    this.#at = at;
    this.#runKinds |= kinds;
    const letters = lettersAt(text, start);
    this.#meant |= this.#phrases.stemmed(text, start, letters) | this.#meaning(hash, stem);
    if ((kinds & DIGIT) !== 0) hash = this.#numbered(start, hash, kinds);
    this.#goOn(hash);
    this.#singles = at - start === 1 && (kinds & DIGIT) === 0 ? this.#singles + 1 : 0;
    if (this.#singles >= MIN_SPACED) this.#flags |= MAY_HOLD.injection;
    if (this.#secrets.isAt(text, start, letters)) this.#flags |= MAY_HOLD.secret;
  }

  /** A word with digits is read as it stands, and goes on to the next words as people read it: `1gn0re`. */
  #numbered(start: number, hash: number, kinds: number): number {
    const text = this.#text;
    const end = this.#at;
    if (end - start >= 42 && text.charCodeAt(start + 1) === 0x78) this.#meant |= ADDRESS;
    if ((kinds & (UPPER | LOWER)) === 0 || end - start > 31) return hash;
    let read = HASH_START;
    let stem = 0;
    for (let at = start; at < end; at += 1) {
      const code = text.charCodeAt(at);
      read = hashStep(read, code < 128 ? (LEET[code] ?? 0) : code);
      if (at - start === STEM_CHARS - 1) stem = read;
    }
    this.#meant |= this.#meaning(read, stem);
    return read;
  }

  /** What phrases mean that end with this word, or with a stem of it. */
  #meaning(hash: number, stem: number): number {
    return this.#ending(hash) | (stem === 0 ? 0 : this.#ending(stemHash(stem)));
  }

  #ending(hash: number): number {
    const phrases = this.#phrases;
    let meant = phrases.get(joinHashes(0, hash));
    if (this.#one !== 0) meant |= phrases.get(joinHashes(this.#one, hash));
    if (this.#two !== 0) meant |= phrases.get(joinHashes(this.#two, hash));
    return meant;
  }

  /** Remembers the word and the one before it, as far as a phrase may go on behind them. */
  #goOn(hash: number): void {
    const phrases = this.#phrases;
    const one = joinHashes(0, hash);
    const two = this.#one === 0 ? 0 : joinHashes(this.#one, hash);
    this.#one = phrases.isBegun(one) ? one : 0;
    this.#two = two !== 0 && phrases.isBegun(two) ? two : 0;
  }

  /** Characters beyond ASCII in a text that is read. */
  #wide(kind: number): void {
    if ((kind & UNSPACED) !== 0) this.#flags |= MAY_HOLD.injection;
    if ((kind & WORD) !== 0) this.#word();
    else this.#gap();
  }

  /** False where what stands here cannot be told from the raw text. */
  #mark(code: number, isJson: boolean): boolean {
    const text = this.#text;
    const at = this.#at;
    const after = text.charCodeAt(at + 1);
    switch (code) {
      case 0x5c:
        if (isJson) return this.#escape(after);
        if (isEscapeCode(after)) this.#flags |= MAY_HOLD.injection;
        break;
      case 0x40:
        this.#meant |= ADDRESS;
        if (hasPasswordBefore(text, at)) this.#flags |= MAY_HOLD.secret;
        if (isLetterSign(text, at) && !isHostAt(text, at + 1)) this.#flags |= MAY_HOLD.injection;
        break;
      case 0x24:
        if (isLetterSign(text, at)) this.#flags |= MAY_HOLD.injection;
        break;
      case 0x25:
        if (isHexCode(after) && isHexCode(text.charCodeAt(at + 2))) this.#flags |= MAY_HOLD.injection;
        break;
      case 0x26:
        if (text.slice(at + 1, at + 10).includes(';')) this.#flags |= MAY_HOLD.injection;
        break;
      case 0x60:
        this.#meant |= CONCEPT.argument;
        break;
      case 0x2e:
        if (isLetterCode(after) && isWordCode(text.charCodeAt(at - 1))) this.#meant |= ADDRESS;
        this.#meant |= this.#opened();
        break;
      case 0x7f:
        if (isJson) return false;
        break;
      default:
        this.#meant |= this.#opened();
    }
    this.#gap();
    return true;
  }

  /** An escape of JSON stands for a separator; one that may stand for anything else is not read here. */
  #escape(after: number): boolean {
    const next = this.#text.charCodeAt(this.#at + 2);
    switch (after) {
      case 0x6e:
      case 0x74:
      case 0x22:
        break;
      case 0x72:
        if (next !== 0x22 && !(next === 0x5c && this.#text.charCodeAt(this.#at + 3) === 0x6e)) return false;
        break;
      case 0x5c:
        if (isEscapeCode(next)) this.#flags |= MAY_HOLD.injection;
        break;
      default:
        return false;
    }
    this.#gap();
    this.#at += 1;
    this.#runStart = this.#at;
    return true;
  }

  /** What phrases mean that begin with the mark at this place. */
  #opened(): number {
    const starts = this.#openers.get(pairOf(this.#text, this.#at));
    if (starts === undefined) return 0;
    let meant = 0;
    for (const { head, mask } of starts) if (standsAt(this.#text, this.#at, head)) meant |= mask;
    return meant;
  }

  /** Long runs may be base64 or hexadecimal of a text. */
  #endRun(): void {
    const length = this.#at - this.#runStart;
    if (length < MIN_BASE64 || (this.#flags & MAY_HOLD.injection) !== 0) return;
    const isMixed = (this.#runKinds & UPPER) !== 0 && (this.#runKinds & LOWER) !== 0;
    const isHex = (this.#runKinds & NOT_HEX) === 0 && length >= MIN_HEX;
    if (!isMixed && !isHex) return;
    const run = this.#text.slice(this.#runStart, this.#at);
    if (!PROTOCOL_NAMES.has(run) && decodeParts(run).length > 0) this.#flags |= MAY_HOLD.injection;
  }

  /** Whether all that one of the sequences needs was seen, in whatever order. */
  #fits(): boolean {
    const meant = this.#meant;
    if (meant === 0) return false;
    return this.#sequences.some(
      ({ every, some }) => (meant & every) === every && some.every((mask) => (meant & mask) !== 0),
    );
  }
}

/** What has to be seen for a sequence to be in a text: all bits of one mask, and one of each of others. */
interface Needs {
  readonly every: number;
  readonly some: readonly number[];
}

function listNeeds(): readonly Needs[] {
  return SEQUENCES.filter(({ severity }) => severity === 'block').map(({ steps }) => {
    const isOne = (mask: number): boolean => (mask & (mask - 1)) === 0;
    const every = steps.reduce((mask, step) => mask | step.every | (isOne(step.some) ? step.some : 0), 0);
    return {
      every,
      some: [...new Set(steps.map(({ some }) => some))].filter((mask) => (mask & every) === 0),
    };
  });
}

function makeKinds(): Uint8Array {
  const kinds = new Uint8Array(128);
  const set = (chars: string, kind: number): void => {
    for (const char of chars) kinds[char.charCodeAt(0)] = (kinds[char.charCodeAt(0)] ?? 0) | kind;
  };
  set('abcdefghijklmnopqrstuvwxyz', WORD | LOWER | BASE64);
  set('ABCDEFGHIJKLMNOPQRSTUVWXYZ', WORD | UPPER | BASE64);
  set('0123456789', WORD | DIGIT | BASE64);
  set('ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ', NOT_HEX);
  set('_+-/', BASE64 | NOT_HEX);
  set('\\@$%&`.<[#\u007f', MARK);
  return kinds;
}

/** As readers of concepts take characters beyond ASCII: all but blanks and general punctuation are letters. */
function wideKind(code: number): number {
  if ((code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff)) return WIDE | UNSPACED;
  const isMark =
    code <= 0xbf ||
    (code >= 0x2000 && code <= 0x206f) ||
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xff00 && code <= 0xff20);
  return isMark ? WIDE : WIDE | WIDE_WORD;
}

function isLetterCode(code: number): boolean {
  const folded = code | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordCode(code: number): boolean {
  return isLetterCode(code) || isDigitCode(code) || code >= 0x80;
}

function isHexCode(code: number): boolean {
  return isDigitCode(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

/** What follows a backslash where code writes a character by its number. */
function isEscapeCode(code: number): boolean {
  return code === 0x78 || code === 0x75 || (code >= 0x30 && code <= 0x37);
}

/** Whether a sign may stand for a letter of the word around it. */
function isLetterSign(text: string, at: number): boolean {
  let end = at + 1;
  while (isWordCode(text.charCodeAt(end)) && end - at < 32) end += 1;
  const isAfterWord = isWordCode(text.charCodeAt(at - 1));
  return isAfterWord || /[A-Za-z]/.test(text.slice(at + 1, end));
}

/** Whether what follows an `@` is the host of an address. */
function isHostAt(text: string, at: number): boolean {
  HOST.lastIndex = at;
  return HOST.test(text);
}

const HOST = /[A-Za-z0-9-]{1,63}\.[A-Za-z]/y;

/** Whether `://user:password` stands before an `@`. */
function hasPasswordBefore(text: string, at: number): boolean {
  let hasColon = false;
  for (let back = at - 1; back >= 0 && at - back < MAX_PASSWORD; back -= 1) {
    const code = text.charCodeAt(back);
    if (code === 0x2f) return hasColon;
    if (code === 0x3a) hasColon = true;
    if (code === 0x40 || code === 0x20 || code === 0x22) return false;
  }
  return false;
}
