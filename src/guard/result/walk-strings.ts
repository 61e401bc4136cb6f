/** One string of a JSON text. */
export interface StringToken {
  /** Where it stands, its quotation marks included; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** A name of a member. */
  readonly isKey: boolean;
  readonly value: string;
  /** Names and indexes from the root to it; of a name, that of its member. The walk goes on writing in it. */
  readonly path: readonly (string | number)[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Visits each string of a text that is known to be JSON, in its order. What a visit of a name returns stands for it in
 * the paths of what follows. No recursion, so depth costs no stack. Time grows with the text.
 */
export function walkStrings(text: string, visit: (token: StringToken) => string | undefined): void {
  const path: (string | number)[] = [];
  // For each open object or array: whether a member's name comes next. Undefined for an array.
  const awaitsKey: (boolean | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at);
        const isKey = awaitsKey.at(-1) === true;
        const value = readString(text, at, end);
        if (isKey) {
          path[path.length - 1] = value;
          awaitsKey[awaitsKey.length - 1] = false;
        }
        const name = visit({ start: at, end, isKey, value, path });
        if (isKey && name !== undefined) path[path.length - 1] = name;
        at = end - 1;
        break;
      }
      case 0x7b:
        awaitsKey.push(true);
        path.push('');
        break;
      case 0x5b:
        awaitsKey.push(undefined);
        path.push(0);
        break;
      case 0x2c:
        next(path, awaitsKey);
        break;
      case 0x7d:
      case 0x5d:
        awaitsKey.pop();
        path.pop();
        break;
      default:
    }
  }
}

function next(path: (string | number)[], awaitsKey: (boolean | undefined)[]): void {
  const last = path.at(-1);
  if (typeof last === 'number') path[path.length - 1] = last + 1;
  else awaitsKey[awaitsKey.length - 1] = true;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== QUOTE && at < text.length; code = text.charCodeAt(at))
    at += code === BACKSLASH ? 2 : 1;
  return at + 1;
}

function readString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes('\\') ? String(JSON.parse(text.slice(start, end))) : inner;
}

/**
 * A path as a JSON Pointer (RFC 6901). A name that an upstream made up may say anything, so one that is no plain
 * identifier is written as `*`.
 */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${PLAIN_NAME.test(String(part)) ? part : '*'}`).join('');
}

const PLAIN_NAME = /^[\w.-]{1,64}$/;
