import type { JsonText } from '../../lib/json-text.ts';
import { Opaque } from './places.ts';
import { HASH_START, hashStep } from './start-table.ts';
import { type StringToken, walkStrings } from './walk-strings.ts';

/** A piece is as many whole words as make so many characters: shorter ones stand in honest texts by chance. */
const PIECE_CHARS = 24;
/** So much of one text is cut into pieces. */
const MAX_CHARS = 1_000_000;
const MAX_PIECES = 50_000;
const MAX_CALLERS = 1000;
const KEEP_MS = 3_600_000;
const WORD = /[\p{L}\p{N}]+/gu;

/** What one caller was told: hashes of pieces, each with the time at which it is forgotten. Oldest first. */
type Pieces = Map<number, number>;

/**
 * What upstreams that nobody vouches for told each caller within the last hour, as hashes: enough to tell that a text
 * holds a piece of it, and nothing else. Bounded, and kept by this replica alone.
 */
export class FlowMemory {
  readonly #callers = new Map<string, Pieces>();
  readonly #now: () => number;

  /** `now` gives milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers every text of a result. */
  note(caller: string, result: JsonText): void {
    const pieces = this.#callers.get(caller) ?? new Map<number, number>();
    const until = this.#now() + KEEP_MS;
    eachPiece(result, shownIn(result), (piece) => {
      pieces.delete(piece);
      pieces.set(piece, until);
      return false;
    });
    for (const oldest of pieces.keys()) {
      if (pieces.size <= MAX_PIECES) break;
      pieces.delete(oldest);
    }
    if (pieces.size === 0) return;
    // Last in the order: whoever was told nothing for longest is forgotten first.
    this.#callers.delete(caller);
    this.#callers.set(caller, pieces);
    const first = this.#callers.keys().next();
    if (this.#callers.size > MAX_CALLERS && first.done !== true) this.#callers.delete(first.value);
  }

  /** Whether a text in this value holds a piece of what the caller was told. */
  holds(caller: string, value: JsonText): boolean {
    const pieces = this.#callers.get(caller);
    if (pieces === undefined) return false;
    const now = this.#now();
    return eachPiece(value, isValue, (piece) => (pieces.get(piece) ?? 0) > now);
  }
}

type Fits = (token: StringToken) => boolean;

const isValue: Fits = ({ isKey }) => !isKey;

/** What models read. Images and `_meta` would use up the room for it. */
function shownIn(result: JsonText): Fits {
  const opaque = new Opaque(result.text, 'result');
  return ({ isKey, path, value }) => !isKey && path[0] !== '_meta' && !opaque.has(path, value);
}

/** Visits the pieces of every string that fits, until one visit says true. */
function eachPiece(json: JsonText, fits: Fits, visit: (piece: number) => boolean): boolean {
  let left = MAX_CHARS;
  let found = false;
  walkStrings(json.text, (token) => {
    if (!found && left > 0 && fits(token)) {
      found = piecesOf(token.value.slice(0, left), visit);
      left -= token.value.length;
    }
    return undefined;
  });
  return found;
}

/** Pieces overlap: one begins with each word, so that whatever a text is part of, they are the same. */
function piecesOf(text: string, visit: (piece: number) => boolean): boolean {
  const words = text.toLowerCase().match(WORD) ?? [];
  for (let first = 0; first < words.length; first += 1) {
    let length = 0;
    let hash = HASH_START;
    for (let at = first; at < words.length && length < PIECE_CHARS; at += 1) {
      const word = words[at] ?? '';
      for (let n = 0; n < word.length; n += 1) hash = hashStep(hash, word.charCodeAt(n));
      hash = hashStep(hash, 0x20);
      length += word.length;
    }
    if (length >= PIECE_CHARS && visit(hash)) return true;
  }
  return false;
}
