import { stringOf } from './fold-accents.ts';

/** The ways to write a character by its number that stand in the middle of a text, one bit each. */
export const ESCAPING = { escapes: 1, references: 2, percents: 4 } as const;

/** All of {@link ESCAPING}. */
export const ALL_ESCAPINGS: number = ESCAPING.escapes | ESCAPING.references | ESCAPING.percents;

/** A text whose escapes are read. */
export interface Unescaped {
  readonly text: string;
  /** The words in which an escape stood: they could not be read before. */
  readonly hidden: string;
  /** What was met, of {@link ESCAPING}. */
  readonly met: number;
}

const SIGN = /[\\&%]/;
const BRACED = /\\u\{([0-9A-Fa-f]{1,6})\}/y;
const NAMED: ReadonlyMap<string, number> = new Map([
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['amp', 0x26],
  ['quot', 0x22],
  ['apos', 0x27],
  ['nbsp', 0x20],
  ['sol', 0x2f],
  ['colon', 0x3a],
  ['period', 0x2e],
]);
/** The longest reference that is read, without its `&`: `#xABCDEF;`. */
const MAX_REFERENCE = 9;
const REPLACEMENT = 0xfffd;
const MAX_POINT = 0x10ffff;

/** Reads the escapes of the wanted forms in a text, in one pass; nothing where there are none. */
export function unescapeText(text: string, wanted: number): Unescaped | undefined {
  return SIGN.test(text) ? new Reader(text, wanted).read() : undefined;
}

class Reader {
  readonly #text: string;
  readonly #wanted: number;
  /** No form is shorter than what it stands for, so there is room for all. */
  readonly #units: Uint16Array;
  readonly #hidden: Uint16Array;
  #length = 0;
  #hiddenLength = 0;
  #at = 0;
  #met = 0;
  /** Where the word began that is written now, and whether an escape stood in it. */
  #wordStart = 0;
  #isHidden = false;

  constructor(text: string, wanted: number) {
    this.#text = text;
    this.#wanted = wanted;
    this.#units = new Uint16Array(text.length);
    this.#hidden = new Uint16Array(text.length + 1);
  }

  read(): Unescaped | undefined {
    const text = this.#text;
    while (this.#at < text.length) {
      this.#copy();
      if (this.#at === text.length || this.#escape(text.charCodeAt(this.#at))) continue;
      this.#units[this.#length++] = text.charCodeAt(this.#at);
      this.#at += 1;
    }
    this.#endWord();
    if (this.#met === 0) return undefined;
    const hidden = stringOf(this.#hidden, this.#hiddenLength - 1);
    return { text: stringOf(this.#units, this.#length), hidden, met: this.#met };
  }

  /** Copies what stands before the next sign. */
  #copy(): void {
    const [text, units] = [this.#text, this.#units];
    let [at, length] = [this.#at, this.#length];
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x25 || code === 0x26 || code === 0x5c) break;
      units[length] = code;
      if (isBlank(code)) {
        this.#length = length;
        this.#endWord();
        this.#wordStart = length + 1;
      }
      length += 1;
    }
    this.#at = at;
    this.#length = length;
  }

  #endWord(): void {
    if (!this.#isHidden) return;
    // Words are short: a copy by hand is faster than one of a view.
    for (let at = this.#wordStart; at < this.#length; at += 1)
      this.#hidden[this.#hiddenLength++] = this.#units[at] ?? 0;
    this.#hidden[this.#hiddenLength++] = 0x0a;
    this.#isHidden = false;
  }

  /** Reads the escape that stands here, if one does. */
  #escape(sign: number): boolean {
    const before = this.#at;
    let form: number = ESCAPING.escapes;
    if (sign === 0x25) form = ESCAPING.percents;
    else if (sign === 0x26) form = ESCAPING.references;
    if ((this.#wanted & form) === 0) return false;
    if (sign === 0x25) this.#percents();
    else if (sign === 0x26) this.#reference();
    else this.#backslash();
    if (this.#at === before) return false;
    this.#met |= form;
    this.#isHidden = true;
    return true;
  }

  /** Writes a code point in place of so many units of the text. Zero and what is beyond Unicode stay as they are. */
  #put(point: number, used: number): void {
    if (!(point > 0 && point <= MAX_POINT)) return;
    this.#at += used;
    if (point > 0xffff) {
      this.#units[this.#length++] = 0xd800 + ((point - 0x10000) >> 10);
      this.#units[this.#length++] = 0xdc00 + ((point - 0x10000) & 0x3ff);
    } else this.#units[this.#length++] = point;
  }

  #backslash(): void {
    const text = this.#text;
    const at = this.#at;
    const kind = text.charCodeAt(at + 1);
    if (kind === 0x78) this.#put(hexAt(text, at + 2, 2), 4);
    else if (kind >= 0x30 && kind <= 0x37) this.#put(octalAt(text, at + 1), 4);
    else if (kind === 0x75) {
      const point = hexAt(text, at + 2, 4);
      if (point >= 0) this.#put(point, 6);
      else if (text.charCodeAt(at + 2) === 0x7b) this.#braced();
    }
  }

  #braced(): void {
    BRACED.lastIndex = this.#at;
    const braced = BRACED.exec(this.#text);
    if (braced !== null) this.#put(Number.parseInt(braced[1] ?? '', 16), braced[0].length);
  }

  /** `&#65;`, `&#x41;` or one of the names. */
  #reference(): void {
    const text = this.#text;
    const start = this.#at + 1;
    const most = Math.min(text.length, start + MAX_REFERENCE);
    const hasNumber = start < most && text.charCodeAt(start) === 0x23;
    let end = hasNumber ? start + 1 : start;
    while (end < most && isAlphanumeric(text.charCodeAt(end))) end += 1;
    if (end === most || text.charCodeAt(end) !== 0x3b) return;
    const used = end + 1 - this.#at;
    if (!hasNumber) this.#put(NAMED.get(text.slice(start, end)) ?? 0, used);
    else if ((text.charCodeAt(start + 1) | 0x20) === 0x78)
      this.#put(numberAt(text, { start: start + 2, end, radix: 16 }), used);
    else this.#put(numberAt(text, { start: start + 1, end, radix: 10 }), used);
  }

  /** A run of percent signs is UTF-8 (RFC 3986 §2.5). */
  #percents(): void {
    for (let byte = this.#byteAt(0); byte >= 0; byte = this.#byteAt(0)) {
      const more = lengthOf(byte);
      let point = more <= 0 ? byte : byte & (0x3f >> more);
      let used = 1;
      for (; used <= more; used += 1) {
        const next = this.#byteAt(used);
        if ((next & 0xc0) !== 0x80 || next < 0) break;
        point = point * 64 + (next & 0x3f);
      }
      const isWhole =
        more >= 0 && used === more + 1 && point >= (LEAST[more] ?? 0) && (point < 0xd800 || point > 0xdfff);
      if (point === 0) {
        this.#units[this.#length++] = 0;
        this.#at += 3;
      } else this.#put(isWhole && point <= MAX_POINT ? point : REPLACEMENT, used * 3);
    }
  }

  /** The byte of the percent sign so many places on, or -1. */
  #byteAt(offset: number): number {
    const at = this.#at + offset * 3;
    return this.#text.charCodeAt(at) === 0x25 ? hexAt(this.#text, at + 1, 2) : -1;
  }
}

/** The least code points that need one to four bytes: what is written longer is none (RFC 3629 §3). */
const LEAST: readonly number[] = [0, 0x80, 0x800, 0x10000];

/** How many bytes follow the first one of a character; a byte that begins none is read as one that is not followed. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 0;
  if (byte >= 0xc0 && byte < 0xe0) return 1;
  if (byte >= 0xe0 && byte < 0xf0) return 2;
  return byte >= 0xf0 && byte < 0xf8 ? 3 : -1;
}

/** The value of so many hexadecimal digits, or -1. */
function hexAt(text: string, at: number, digits: number): number {
  if (at + digits > text.length) return -1;
  let value = 0;
  for (let n = 0; n < digits; n += 1) {
    const digit = digitOf(text.charCodeAt(at + n));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** The value of three octal digits, or -1. */
function octalAt(text: string, at: number): number {
  return at + 3 > text.length ? -1 : numberAt(text, { start: at, end: at + 3, radix: 8 });
}

interface Digits {
  readonly start: number;
  readonly end: number;
  readonly radix: number;
}

/** The value of one digit or more, or -1 where one of them is none. */
function numberAt(text: string, { start, end, radix }: Digits): number {
  let value = start < end ? 0 : -1;
  for (let at = start; at < end; at += 1) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0 || digit >= radix) return -1;
    value = value * radix + digit;
  }
  return value;
}

function isAlphanumeric(code: number): boolean {
  const letter = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x7a);
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** What `\s` is in a text that is folded or not. */
function isBlank(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}
