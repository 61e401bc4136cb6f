/** A string of a JSON value, as it is read together with others. */
export interface Part {
  /** The name of the member that it is the value of, or stands in a list of; its own, if it is a name. */
  readonly name: string;
  readonly isName: boolean;
  readonly text: string;
}

/** Parts that go on from one to the next, as the pieces of a sentence do. */
export type Chain<P extends Part> = readonly P[];

const CONSTANTS: ReadonlyMap<string, RegExp> = new Map([
  [
    'type',
    /^(?:text|image|audio|resource|resource_link|tool_use|tool_result|object|string|number|integer|boolean|array)$/,
  ],
  ['role', /^(?:user|assistant)$/],
  ['resultType', /^(?:complete|input_required|task)$/],
  ['mimeType', /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/],
  ['data', /^[A-Za-z0-9+/]{64,}={0,2}$/],
  ['blob', /^[A-Za-z0-9+/]{64,}={0,2}$/],
]);

/** What the protocol writes between the texts of a result, and nobody reads. */
function isConstant(name: string, text: string): boolean {
  return CONSTANTS.get(name)?.test(text) === true;
}

/** The strings of a value that are read, names and values in their order. */
export class Shown<P extends Part> {
  readonly #named: P[] = [];
  readonly #values: P[] = [];

  constructor(parts: readonly P[]) {
    for (const part of parts) {
      if (part.isName ? !isSentence(part) : !isShown(part)) continue;
      this.#named.push(part);
      if (!part.isName) this.#values.push(part);
    }
  }

  /** Values in their order. */
  get values(): readonly P[] {
    return this.#values;
  }

  /**
   * Where a sentence goes on: over values in their order, also with the names that are sentences, over those that the
   * protocol shows or that have one name, and over sentences without the single words between them.
   */
  sentences(): Chain<P>[] {
    if (!mayGoOn(this.#named)) return [];
    const orders = ordersOf(this.#values);
    const sentences = this.#values.filter(isSentence);
    if (sentences.length < this.#values.length) orders.push(sentences);
    if (this.#named.length > this.#values.length) orders.push(this.#named);
    return withoutRepeated(orders.flatMap((order) => chainsOf(order, goesOn)));
  }

  /** Where a token goes on: over values in their order, and over those that are shown or have one name. */
  tokens(): Chain<P>[] {
    return withoutRepeated(ordersOf(this.#values).flatMap((order) => chainsOf(order, isOneToken)));
  }
}

/** Whether one of the parts may begin what another goes on with, in whatever order. The usual result has none. */
function mayGoOn(parts: readonly Part[]): boolean {
  let begun: Part | undefined;
  let following: Part | undefined;
  for (const part of parts) {
    const [begins, follows] = [endsInWord(part.text), mayFollow(part.text)];
    if ((begins && following !== undefined) || (follows && begun !== undefined)) return true;
    if (begins) begun = part;
    if (follows) following = part;
  }
  return false;
}

function ordersOf<P extends Part>(values: readonly P[]): (readonly P[])[] {
  if (values.length < 2) return [];
  return [values, spokenOf(values), ...columnsOf(values)];
}

function isSentence({ text }: Part): boolean {
  return text.includes(' ');
}

/** What the protocol has people and models read, without what it has programs read. */
const SPOKEN: ReadonlySet<string> = new Set(['text', 'title', 'description', 'message', 'systemPrompt']);

function spokenOf<P extends Part>(values: readonly P[]): P[] {
  const spoken = values.filter(({ name }) => SPOKEN.has(name));
  return spoken.length < values.length ? spoken : [];
}

function isShown({ name, text }: Part): boolean {
  return text !== '' && !isConstant(name, text);
}

function columnsOf<P extends Part>(values: readonly P[]): P[][] {
  const columns = new Map<string, P[]>();
  for (const value of values) {
    const column = columns.get(value.name);
    if (column === undefined) columns.set(value.name, [value]);
    else column.push(value);
  }
  // One column alone is all values in their order.
  return columns.size === 1 ? [] : [...columns.values()].filter(({ length }) => length > 1);
}

function chainsOf<P extends Part>(
  parts: readonly P[],
  isOne: (before: string, after: string) => boolean,
): Chain<P>[] {
  const chains: P[][] = [];
  let chain: P[] | undefined;
  for (let at = 1; at < parts.length; at += 1) {
    const [before, after] = [parts[at - 1], parts[at]];
    if (before === undefined || after === undefined || !isOne(before.text, after.text)) {
      chain = undefined;
      continue;
    }
    if (chain === undefined) {
      chain = [before];
      chains.push(chain);
    }
    chain.push(after);
  }
  return chains;
}

/** Orders often agree on what goes on. */
function withoutRepeated<P extends Part>(chains: readonly Chain<P>[]): Chain<P>[] {
  const known = new Map<P | undefined, Chain<P>[]>();
  return chains.filter((chain) => {
    const alike = known.get(chain[0]) ?? [];
    if (alike.some((one) => one.length === chain.length && one.every((part, at) => part === chain[at])))
      return false;
    known.set(chain[0], [...alike, chain]);
    return true;
  });
}

/** How far into a text is looked for the word that it begins or ends with, and for blanks before that. */
const REACH = 40;
const MAX_BLANKS = 8;
const BEFORE_WORD: ReadonlySet<string> = new Set(['', ...' \t\n\r("\'“‘*']);
const AFTER_WORD: ReadonlySet<string> = new Set(['', ...' \t\n\r,;:!?)*"”’']);
const LOWER = /^[\p{Ll}\p{Lo}]$/u;

/** Whether a text may be the middle of what begins before: rows of a list begin anew, with a capital, a number or a sign. */
function goesOn(before: string, after: string): boolean {
  const start = firstShown(after);
  if (isUpperPair(after, start)) return isUpperPair(before, before.length - 2) && endsInWord(before);
  return isLowerAt(after, start) && beginsWithWord(after, start) && endsInWord(before);
}

function isLowerAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 ? code >= 0x61 && code <= 0x7a : LOWER.test(text.charAt(at));
}

/** Whether a text can be the rest of one at all. */
function mayFollow(text: string): boolean {
  const start = firstShown(text);
  return isUpperPair(text, start) || (isLowerAt(text, start) && beginsWithWord(text, start));
}

/** A word with nothing but a comma behind it. A path, an address or code ends with no word. */
function endsInWord(text: string): boolean {
  let end = text.length;
  while (end > 0 && text.length - end < MAX_BLANKS && text.charCodeAt(end - 1) <= 0x20) end -= 1;
  if (text.charCodeAt(end - 1) === 0x2c) end -= 1;
  let at = end;
  while (at > 0 && end - at < REACH && isWordCode(text.charCodeAt(at - 1))) at -= 1;
  return at < end && isLetterOrDigit(text.charCodeAt(at)) && BEFORE_WORD.has(text.charAt(at - 1));
}

/** A word that is no name and no call, and is not the first of a sentence, a row or a heading. */
function beginsWithWord(text: string, start: number): boolean {
  let at = start;
  while (at - start < REACH && isWordCode(text.charCodeAt(at))) at += 1;
  const next = text.charAt(at);
  return AFTER_WORD.has(next) || (next === '.' && !(text.charCodeAt(at + 1) > 0x20));
}

function firstShown(text: string): number {
  let at = 0;
  while (at < MAX_BLANKS && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

function isUpperPair(text: string, at: number): boolean {
  const [one, two] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  return one >= 0x41 && one <= 0x5a && two >= 0x41 && two <= 0x5a;
}

/** What may stand in a word: its letters, an apostrophe, a hyphen. */
function isWordCode(code: number): boolean {
  return isLetterOrDigit(code) || code === 0x27 || code === 0x2d || code === 0x2019;
}

/** Beyond ASCII all but general punctuation counts as letters. */
function isLetterOrDigit(code: number): boolean {
  const lower = code | 0x20;
  if (code < 0x80) return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39);
  return code > 0xbf && (code < 0x2000 || code > 0x206f);
}

const TOKEN_END = /[\w+/=.-]$/;
const TOKEN_START = /^[\w+/=.-]/;

function isOneToken(before: string, after: string): boolean {
  return TOKEN_END.test(before.slice(-1)) && TOKEN_START.test(after);
}
