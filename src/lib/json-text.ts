import { isUtf8 } from 'node:buffer';
import { type JsonKind, type JsonNode, JsonRefused, scanJson } from './json-scan.ts';

/** Levels of objects and arrays whose parts the first scan notes: a message, its params, and their `_meta`. */
const INDEX_DEPTH = 3;

/** ASCII without escapes: the bytes of such a string are the string. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** What `with` changes: a value for a key, or undefined to take the member away. */
export type JsonChanges = Readonly<Record<string, JsonText | undefined>>;

/**
 * One JSON value as its bytes came. It is checked once, read where a rule needs it, and changed by splicing, so
 * whatever nobody changed keeps its bytes: order, spacing, unknown members, numbers too large for JavaScript.
 */
export class JsonText {
  readonly #source: Source;
  #node: JsonNode | undefined;
  #value: { readonly parsed: unknown } | undefined;

  private constructor(source: Source, node: JsonNode | undefined) {
    this.#source = source;
    this.#node = node;
  }

  /** Takes bytes from outside. Throws JsonRefused if they are not one JSON value in UTF-8 without duplicate keys. */
  static parse(bytes: Buffer): JsonText {
    if (!isUtf8(bytes)) throw new JsonRefused('utf8', 0);
    const source = new Source(bytes);
    source.root = scanJson(source.text, INDEX_DEPTH);
    return new JsonText(source, source.root);
  }

  /** The text of a JavaScript value. Not for what came from outside: numbers would lose digits. */
  static of(value: unknown): JsonText {
    return JsonText.written(JSON.stringify(value));
  }

  /** A text that this program wrote itself and knows to be JSON. */
  static written(text: string): JsonText {
    return new JsonText(new Source(Buffer.from(text, 'utf8')), undefined);
  }

  get kind(): JsonKind {
    return this.#index().kind;
  }

  /** The bytes of this value alone, without spaces around it. */
  get bytes(): Buffer {
    // Only what this program wrote is not scanned yet, and that stands alone.
    if (this.#node === undefined) return this.#source.bytes;
    const { start, end } = this.#node;
    const whole = this.#source.bytes;
    return start === 0 && end === whole.length ? whole : whole.subarray(start, end);
  }

  /** The value that this one came in: a response around its result, say. Itself if it came alone. */
  get whole(): JsonText {
    const { root } = this.#source;
    return root === undefined || root === this.#node ? this : new JsonText(this.#source, root);
  }

  /** True for the same place of the same bytes. */
  isSame(other: JsonText): boolean {
    return this.#source === other.#source && this.#index().start === other.#index().start;
  }

  /** The text of this value, byte for byte. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** The member of an object, or undefined when there is none or this is no object. */
  get(key: string): JsonText | undefined {
    const members = this.#indexed().members;
    if (members === undefined) return undefined;
    for (const member of members) if (member.key === key) return new JsonText(this.#source, member.value);
    return undefined;
  }

  /** The value at the end of a path of keys. */
  at(...path: readonly string[]): JsonText | undefined {
    let here: JsonText | undefined = this;
    for (const key of path) here = here?.get(key);
    return here;
  }

  /** The keys of an object in their order; none for any other value. */
  keys(): string[] {
    return (this.#indexed().members ?? []).map((member) => member.key);
  }

  /** The members of an object in their order; none for any other value. */
  members(): [string, JsonText][] {
    const members = this.#indexed().members ?? [];
    return members.map(({ key, value }) => [key, new JsonText(this.#source, value)]);
  }

  /** The items of an array in their order; none for any other value. */
  items(): JsonText[] {
    return (this.#indexed().items ?? []).map((node) => new JsonText(this.#source, node));
  }

  /** The value if this is a string. */
  string(): string | undefined {
    const { kind, start, end } = this.#index();
    if (kind !== 'string') return undefined;
    const inner = this.#source.text.slice(start + 1, end - 1);
    if (PLAIN.test(inner)) return inner;
    const value = this.value();
    return typeof value === 'string' ? value : undefined;
  }

  /** The value if this is a number; digits that JavaScript cannot hold are lost. */
  number(): number | undefined {
    const value = this.kind === 'number' ? this.value() : undefined;
    return typeof value === 'number' ? value : undefined;
  }

  /** The parsed value; made once, so readers must not change it. */
  value(): unknown {
    this.#value ??= { parsed: JSON.parse(this.text) };
    return this.#value.parsed;
  }

  /** This object with members set or taken away; every other byte stays. New members come last. */
  with(changes: JsonChanges): JsonText {
    const node = this.#indexed();
    if (node.members === undefined) throw new TypeError('Only a JSON object has members to change.');
    const left = new Map(Object.entries(changes));
    const parts: Buffer[] = [];
    for (const member of node.members) {
      const change = left.get(member.key);
      const kept = !left.delete(member.key);
      if (kept) parts.push(this.#source.bytes.subarray(member.start, member.value.end));
      else if (change !== undefined) parts.push(memberBytes(member.key, change));
    }
    for (const [key, value] of left) if (value !== undefined) parts.push(memberBytes(key, value));
    return new JsonText(new Source(joinMembers(parts)), undefined);
  }

  /**
   * Lets go of what was read of it, and of memory that it shares with others, for a text of the program's own that is
   * kept for hours. It can be read again.
   */
  rest(): void {
    if (this.#source.root !== undefined) return;
    this.#node = undefined;
    this.#value = undefined;
    this.#source.rest();
  }

  #index(): JsonNode {
    this.#node ??= scanJson(this.#source.text, INDEX_DEPTH);
    return this.#node;
  }

  /** The node with its parts, which the first scan leaves out far from the root. */
  #indexed(): JsonNode {
    const node = this.#index();
    const bare = node.members === undefined && node.items === undefined;
    if (!bare || (node.kind !== 'object' && node.kind !== 'array')) return node;
    const inner = scanJson(this.#source.text.slice(node.start, node.end), INDEX_DEPTH);
    this.#node = moveNode(inner, node.start);
    return this.#node;
  }
}

/** Bytes and their latin1 reading, in which offsets of characters are offsets of bytes. */
class Source {
  bytes: Buffer;
  /** Where the whole value stands; known for what was parsed. */
  root: JsonNode | undefined;
  #text: string | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Short buffers are cut from large ones, which live as long as any of their parts. */
  rest(): void {
    this.#text = undefined;
    if (this.bytes.buffer.byteLength === this.bytes.length) return;
    const own = Buffer.allocUnsafeSlow(this.bytes.length);
    this.bytes.copy(own);
    this.bytes = own;
  }

  get text(): string {
    this.#text ??= this.bytes.toString('latin1');
    return this.#text;
  }
}

function memberBytes(key: string, value: JsonText): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(key)}:`, 'utf8'), value.bytes]);
}

function joinMembers(parts: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [Buffer.from('{')];
  parts.forEach((part, index) => {
    if (index > 0) pieces.push(Buffer.from(','));
    pieces.push(part);
  });
  pieces.push(Buffer.from('}'));
  return Buffer.concat(pieces);
}

function moveNode(node: JsonNode, by: number): JsonNode {
  return {
    kind: node.kind,
    start: node.start + by,
    end: node.end + by,
    members: node.members?.map((member) => ({
      key: member.key,
      start: member.start + by,
      value: moveNode(member.value, by),
    })),
    items: node.items?.map((item) => moveNode(item, by)),
  };
}
