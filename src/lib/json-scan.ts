/** Why a text is not taken as JSON. `offset` counts bytes from the start of the text. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';
  readonly reason: 'syntax' | 'utf8' | 'duplicate-key' | 'depth';
  readonly offset: number;

  constructor(reason: JsonRefused['reason'], offset: number) {
    super(`${SENTENCES[reason]} at byte ${offset}.`);
    this.reason = reason;
    this.offset = offset;
  }
}

const SENTENCES = {
  syntax: 'Not JSON (RFC 8259)',
  utf8: 'Not UTF-8',
  'duplicate-key': 'The same key twice in one object',
  depth: 'Nested too deeply',
} as const;

/** What a value is. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** Where a value stands: byte offsets, `end` exclusive. Members and items are kept near the root only. */
export interface JsonNode {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
  readonly members: readonly JsonMember[] | undefined;
  readonly items: readonly JsonNode[] | undefined;
}

/** One `"key": value` of an object; `start` is where its key begins, `key` is decoded. */
export interface JsonMember {
  readonly key: string;
  readonly start: number;
  readonly value: JsonNode;
}

/** Deeper than any MCP message needs, and shallow enough for every recursive reader behind the gateway. */
export const MAX_DEPTH = 128;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LETTER_U = 0x75;
/** Objects with more members than this find duplicate keys with a set. */
const LINEAR_KEYS = 8;
const SIMPLE_ESCAPES = '"\\/bfnrt';

/**
 * Checks that a text is one JSON value (RFC 8259) whose objects have no key twice, and notes where its parts stand.
 * The text is the latin1 reading of the bytes, so that one character is one byte; whether the bytes are UTF-8 is the
 * caller's check. Throws JsonRefused.
 */
export function scanJson(text: string, indexDepth: number): JsonNode {
  return new Scanner(text, indexDepth).document();
}

class Scanner {
  readonly #text: string;
  readonly #indexDepth: number;
  #at = 0;
  /** Keys of the objects around the current place, outermost first: one array for all of them. */
  readonly #keys: string[] = [];
  #keyCount = 0;

  constructor(text: string, indexDepth: number) {
    this.#text = text;
    this.#indexDepth = indexDepth;
  }

  document(): JsonNode {
    this.#space();
    const node = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) this.#refuse();
    return node;
  }

  #value(depth: number): JsonNode {
    const start = this.#at;
    switch (this.#text.charCodeAt(start)) {
      case OPEN_BRACE:
        return this.#object(depth);
      case OPEN_BRACKET:
        return this.#array(depth);
      case QUOTE:
        this.#string();
        return this.#leaf('string', start, depth);
      case 0x74:
        return this.#word('true', 'boolean', depth);
      case 0x66:
        return this.#word('false', 'boolean', depth);
      case 0x6e:
        return this.#word('null', 'null', depth);
      default:
        this.#number();
        return this.#leaf('number', start, depth);
    }
  }

  #object(depth: number): JsonNode {
    if (depth >= MAX_DEPTH) throw new JsonRefused('depth', this.#at);
    const start = this.#at++;
    const members: JsonMember[] | undefined = depth < this.#indexDepth ? [] : undefined;
    this.#space();
    if (this.#text.charCodeAt(this.#at) === CLOSE_BRACE) this.#at++;
    else {
      const firstKey = this.#keyCount;
      let many: Set<string> | undefined;
      do {
        this.#space();
        const keyStart = this.#at;
        const key = this.#key();
        if (many === undefined ? this.#hasKey(key, firstKey) : many.has(key)) {
          throw new JsonRefused('duplicate-key', keyStart);
        }
        if (many !== undefined) many.add(key);
        else if (this.#keyCount - firstKey < LINEAR_KEYS) this.#keys[this.#keyCount++] = key;
        else many = new Set(this.#keys.slice(firstKey, this.#keyCount)).add(key);
        this.#space();
        this.#expect(COLON);
        this.#space();
        const value = this.#value(depth + 1);
        if (members !== undefined) members.push({ key, start: keyStart, value });
        this.#space();
      } while (this.#more(CLOSE_BRACE));
      this.#keyCount = firstKey;
    }
    if (depth > this.#indexDepth) return NOWHERE;
    return { kind: 'object', start, end: this.#at, members, items: undefined };
  }

  #array(depth: number): JsonNode {
    if (depth >= MAX_DEPTH) throw new JsonRefused('depth', this.#at);
    const start = this.#at++;
    const items: JsonNode[] | undefined = depth < this.#indexDepth ? [] : undefined;
    this.#space();
    if (this.#text.charCodeAt(this.#at) === CLOSE_BRACKET) this.#at++;
    else {
      do {
        this.#space();
        const item = this.#value(depth + 1);
        if (items !== undefined) items.push(item);
        this.#space();
      } while (this.#more(CLOSE_BRACKET));
    }
    if (depth > this.#indexDepth) return NOWHERE;
    return { kind: 'array', start, end: this.#at, members: undefined, items };
  }

  #hasKey(key: string, first: number): boolean {
    for (let at = first; at < this.#keyCount; at++) if (this.#keys[at] === key) return true;
    return false;
  }

  /** True after a comma, false after the closing mark. */
  #more(close: number): boolean {
    const code = this.#text.charCodeAt(this.#at);
    if (code !== COMMA && code !== close) this.#refuse();
    this.#at++;
    return code === COMMA;
  }

  #key(): string {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== QUOTE) this.#refuse();
    const plain = this.#string();
    const inner = this.#text.slice(start + 1, this.#at - 1);
    return plain ? inner : decodeString(inner);
  }

  /** Passes one string; true when it holds neither an escape nor a byte above 0x7f. */
  #string(): boolean {
    const text = this.#text;
    let at = this.#at + 1;
    let plain = true;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        plain = false;
        at = this.#escape(at + 1);
        continue;
      }
      // NaN (the end of the text) fails the first comparison.
      if (!(code >= 0x20)) {
        this.#at = at;
        this.#refuse();
      }
      if (code > 0x7f) plain = false;
      at++;
    }
    this.#at = at + 1;
    return plain;
  }

  #escape(at: number): number {
    const code = this.#text.charCodeAt(at);
    if (code === LETTER_U && /^[0-9a-fA-F]{4}$/.test(this.#text.slice(at + 1, at + 5))) return at + 5;
    if (at < this.#text.length && SIMPLE_ESCAPES.includes(this.#text.charAt(at))) return at + 1;
    throw new JsonRefused('syntax', at);
  }

  #number(): void {
    if (this.#text.charCodeAt(this.#at) === MINUS) this.#at++;
    if (this.#text.charCodeAt(this.#at) === 0x30) this.#at++;
    else this.#digits();
    if (this.#text.charCodeAt(this.#at) === 0x2e) {
      this.#at++;
      this.#digits();
    }
    const code = this.#text.charCodeAt(this.#at);
    if (code !== 0x65 && code !== 0x45) return;
    const sign = this.#text.charCodeAt(++this.#at);
    if (sign === 0x2b || sign === MINUS) this.#at++;
    this.#digits();
  }

  #digits(): void {
    const start = this.#at;
    let code = this.#text.charCodeAt(start);
    while (code >= 0x30 && code <= 0x39) code = this.#text.charCodeAt(++this.#at);
    if (this.#at === start) this.#refuse();
  }

  /** The node of a value without parts; one for all where nobody looks at it. */
  #leaf(kind: JsonKind, start: number, depth: number): JsonNode {
    if (depth > this.#indexDepth) return NOWHERE;
    return { kind, start, end: this.#at, members: undefined, items: undefined };
  }

  #word(word: string, kind: JsonKind, depth: number): JsonNode {
    const start = this.#at;
    if (!this.#text.startsWith(word, start)) this.#refuse();
    this.#at = start + word.length;
    return this.#leaf(kind, start, depth);
  }

  #space(): void {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)
      code = this.#text.charCodeAt(++this.#at);
  }

  #expect(wanted: number): void {
    if (this.#text.charCodeAt(this.#at) !== wanted) this.#refuse();
    this.#at++;
  }

  #refuse(): never {
    throw new JsonRefused('syntax', this.#at);
  }
}

/** Stands for every value below the levels whose parts are noted. */
const NOWHERE: JsonNode = { kind: 'null', start: 0, end: 0, members: undefined, items: undefined };

/** The value of a checked JSON string, given its inside as latin1. */
function decodeString(inner: string): string {
  return String(JSON.parse(`"${Buffer.from(inner, 'latin1').toString('utf8')}"`));
}
