import { BrokenDocument } from './broken-document.ts';
import type { Place } from './tree.ts';

/** A statement of a TOML document (TOML 1.0.0): a header of a table, or a key with its value. */
export interface Statement {
  readonly kind: 'table' | 'pair';
  /** From the root; the tables of an array go by their index. */
  readonly place: Place;
  /** The place of the table that a pair stands in. */
  readonly table: Place;
  /** Of the whole lines, comments behind it and the line end included. */
  readonly start: number;
  readonly end: number;
  /** Of the value alone. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

const BLANK = /[ \t]*/y;
const BARE = /[A-Za-z0-9_-]+/y;
const BASIC = /"(?:[^"\\\n]|\\.)*"/y;
const LITERAL = /'[^'\n]*'/y;
const LONG_BASIC = /"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}/y;
const LONG_LITERAL = /'''(?:[^']|'(?!''))*'{3,5}/y;
const PLAIN = /[^\s,\]}#"'[{]+(?: \d[^\s,\]}#]*)?/y;
/** Blanks, line ends and comments. */
const GAP = /(?:[ \t\r\n]|#[^\n]*)*/y;
const REST_OF_LINE = /[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y;

/**
 * Where the statements of a valid TOML document stand, so that one can be changed without touching the others.
 *
 * @throws BrokenDocument for what it cannot follow.
 */
export function scanToml(text: string): readonly Statement[] {
  return new Scanner(text).scan();
}

class Scanner {
  readonly #text: string;
  #at = 0;
  /** How many tables each array of tables has so far. */
  readonly #counts = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  scan(): readonly Statement[] {
    const found: Statement[] = [];
    let table: Place = [];
    while (this.#skipGap()) {
      const start = this.#text.lastIndexOf('\n', this.#at - 1) + 1;
      const isHeader = this.#text[this.#at] === '[';
      if (isHeader) table = this.#header();
      const place = isHeader ? table : [...table, ...this.#key()];
      if (!isHeader) this.#expect('=');
      const [valueStart, valueEnd] = isHeader ? [this.#at, this.#at] : this.#value();
      if (this.#take(REST_OF_LINE) === undefined) throw this.#lost();
      found.push({
        kind: isHeader ? 'table' : 'pair',
        place,
        table,
        start,
        end: this.#at,
        valueStart,
        valueEnd,
      });
    }
    return found;
  }

  #header(): Place {
    const isArray = this.#text.startsWith('[[', this.#at);
    this.#at += isArray ? 2 : 1;
    const key = this.#key();
    this.#expect(']');
    if (isArray) this.#expect(']');
    return this.#resolve(key, isArray);
  }

  /** A header speaks of the newest table of each array on its way. */
  #resolve(key: readonly string[], opensTable: boolean): Place {
    const place: (string | number)[] = [];
    for (const [depth, name] of key.entries()) {
      place.push(name);
      const id = JSON.stringify(place);
      const isNew = opensTable && depth === key.length - 1;
      const count = (this.#counts.get(id) ?? 0) + (isNew ? 1 : 0);
      if (isNew) this.#counts.set(id, count);
      if (count > 0) place.push(count - 1);
    }
    return place;
  }

  #key(): string[] {
    const parts: string[] = [];
    do {
      this.#take(BLANK);
      const quoted = this.#take(BASIC);
      const part =
        quoted === undefined ? (this.#take(LITERAL)?.slice(1, -1) ?? this.#take(BARE)) : unquote(quoted);
      if (part === undefined) throw this.#lost();
      parts.push(part);
      this.#take(BLANK);
    } while (this.#skip('.'));
    return parts;
  }

  #value(): readonly [number, number] {
    this.#take(BLANK);
    const start = this.#at;
    this.#skipValue(0);
    return [start, this.#at];
  }

  #skipValue(depth: number): void {
    if (depth > 100) throw this.#lost();
    const open = this.#text[this.#at];
    if (open === '[' || open === '{') {
      this.#at += 1;
      this.#skipMembers(open === '[' ? ']' : '}', depth + 1);
      return;
    }
    for (const form of [LONG_BASIC, LONG_LITERAL, BASIC, LITERAL, PLAIN]) {
      if (this.#take(form) !== undefined) return;
    }
    throw this.#lost();
  }

  #skipMembers(close: string, depth: number): void {
    this.#take(GAP);
    while (!this.#skip(close)) {
      if (close === '}') {
        this.#key();
        this.#expect('=');
      }
      this.#take(GAP);
      this.#skipValue(depth);
      this.#take(GAP);
      this.#skip(',');
      this.#take(GAP);
    }
  }

  /** Moves to the next statement; false at the end. */
  #skipGap(): boolean {
    this.#take(GAP);
    return this.#at < this.#text.length;
  }

  #take(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const [found] = form.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #expect(sign: string): void {
    this.#take(BLANK);
    if (!this.#skip(sign)) throw this.#lost();
  }

  #lost(): BrokenDocument {
    return new BrokenDocument(`line ${this.#text.slice(0, this.#at).split('\n').length} cannot be followed`);
  }
}

/** A basic string of a key. `\U0001F600` is the one escape that JSON lacks. */
function unquote(quoted: string): string {
  const escaped = quoted.replaceAll(/\\U([0-9A-Fa-f]{8})/g, (_, code: string) => {
    return JSON.stringify(String.fromCodePoint(Number.parseInt(code, 16))).slice(1, -1);
  });
  return String(JSON.parse(escaped.replaceAll('\t', '\\t')));
}
