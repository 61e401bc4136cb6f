import { walkStrings } from './walk-strings.ts';

type Path = readonly (string | number)[];

/** Of a length that no key has (RFC 4648 §4). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4}){16,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Members of a result that whoever gave them must get back, or that say what it is. */
const OF_RESULT: ReadonlySet<string> = new Set(['requestState', 'taskId', 'nextCursor', 'resultType']);
/** Those of a whole JSON-RPC message, and of its parameters. A result may have members of these names that are text. */
const OF_MESSAGE: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method']);
const OF_PARAMS: ReadonlySet<string> = new Set([...OF_RESULT, 'progressToken', 'requestId']);

/** What a walked value is: a result, an error or a part of one, or a whole JSON-RPC message. */
export type Walked = 'result' | 'message';

/** Where blocks of content stand: in results and in messages of prompts and of sampling. An index is written `#`. */
const BLOCK =
  /^(?:(?:inputRequests )?(?!structuredContent |_meta )\S+ params |params |result )?(?:messages # )?content(?: #)?(?: content(?: #)?)*$/;

/** Tells what is no text in one JSON value: handles that are given back as they are, and bytes in base64. */
export class Opaque {
  readonly #text: string;
  readonly #walked: Walked;
  #media: ReadonlySet<string> | undefined;

  /** `text` is the JSON that is walked. */
  constructor(text: string, walked: Walked) {
    this.#text = text;
    this.#walked = walked;
  }

  has(path: Path, value: string): boolean {
    const last = path.at(-1);
    if (typeof last !== 'string') return false;
    if (this.#isHandle(path, last)) return true;
    if (last === 'blob') return isBlob(path) && BASE64.test(value);
    if (last !== 'data' || !BASE64.test(value) || !BLOCK.test(shapeOf(path.slice(0, -1)))) return false;
    this.#media ??= listMedia(this.#text);
    return this.#media.has(placeOf(path.slice(0, -1)));
  }

  #isHandle(path: Path, name: string): boolean {
    if (this.#walked === 'result') return path.length === 1 && OF_RESULT.has(name);
    if (path.length === 1) return OF_MESSAGE.has(name);
    return path.length === 2 && path[0] === 'params' && OF_PARAMS.has(name);
  }
}

/** Bytes of a resource that was read, or of one that is embedded in a block. */
function isBlob(path: Path): boolean {
  if (path.length === 3) return path[0] === 'contents' && typeof path[1] === 'number';
  return path.at(-2) === 'resource' && BLOCK.test(shapeOf(path.slice(0, -2)));
}

/** The places of images and sounds. Their type may stand behind their data, so all are looked for at once. */
function listMedia(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  walkStrings(text, ({ isKey, path, value }) => {
    if (!isKey && path.at(-1) === 'type' && (value === 'image' || value === 'audio'))
      found.add(placeOf(path.slice(0, -1)));
    return undefined;
  });
  return found;
}

/** A string that a client shows or hands to its model as a block of text. */
export function isBlockText(path: Path): boolean {
  if (path.at(-1) === 'text') return isInContent(path) || path[0] === 'contents';
  return path[0] === 'params' && (path[1] === 'message' || path[1] === 'data') && path.length >= 2;
}

/** Names by which answers come back, or by which the protocol calls its members. */
export function isFixedKey(path: Path): boolean {
  return path[0] === 'inputRequests' && (path.length === 2 || path.includes('requestedSchema'));
}

function isInContent(path: Path): boolean {
  if (path[0] === 'structuredContent' || path[0] === '_meta') return false;
  return path.includes('content');
}

function shapeOf(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? '#' : part.replace(/[\s#]/g, '*'))).join(' ');
}

function placeOf(path: Path): string {
  return JSON.stringify(path);
}
