import type { JsonText } from '../../lib/json-text.ts';
import { Opaque } from './places.ts';
import { HASH_START, hashStep } from './start-table.ts';
import { type StringToken, walkStrings } from './walk-strings.ts';

/** A piece is as many whole words as make so many characters: shorter ones stand in honest texts by chance. */
const PIECE_CHARS = 24;
/** So much of one text is cut into pieces. */
const MAX_CHARS = 1_000_000;
/** Of one caller. */
const MAX_OWN_PIECES = 50_000;
/** Of all callers: some 50 MB. */
const MAX_PIECES = 1_000_000;
/** Those who are remembered, and as many who lost something. */
const MAX_CALLERS = 10_000;
const KEEP_MS = 3_600_000;
const WORD = /[\p{L}\p{N}]+/gu;

/** What one caller was told: hashes of pieces, each with the time at which it is forgotten. Oldest first. */
type Pieces = Map<number, number>;

/** What is known of a value: that it was told, that it was not, or that what could tell is lost. */
export type Recall = 'told' | 'unknown' | 'forgotten';

/**
 * What upstreams that nobody vouches for told each caller within the last hour, as hashes: enough to tell that a text
 * holds a piece of it, and nothing else. Kept by this replica alone, with one bound for all callers; who lost something
 * to others is known for as long as it would have been kept.
 */
export class FlowMemory {
  /** Whoever was told nothing for longest comes first. */
  readonly #callers = new Map<string, Pieces>();
  /** Until when something would be known of a caller that was forgotten for want of room. */
  readonly #lost = new Map<string, number>();
  /** The same for callers of whom not even that is known. */
  #lostOfOthers = 0;
  #size = 0;
  readonly #now: () => number;
  readonly #maxPieces: number;

  /** `now` gives milliseconds of a clock that never goes back; `maxPieces` is the bound for all callers. */
  constructor(now: () => number, maxPieces: number = MAX_PIECES) {
    this.#now = now;
    this.#maxPieces = maxPieces;
  }

  /** Pieces that are kept. */
  get size(): number {
    return this.#size;
  }

  /** Remembers every text of a result. */
  note(caller: string, result: JsonText): void {
    const pieces = this.#callers.get(caller) ?? new Map<number, number>();
    const before = pieces.size;
    const until = this.#now() + KEEP_MS;
    eachPiece(result, shownIn(result), (piece) => {
      pieces.delete(piece);
      pieces.set(piece, until);
      return false;
    });
    for (const oldest of pieces.keys()) {
      if (pieces.size <= MAX_OWN_PIECES) break;
      pieces.delete(oldest);
    }
    if (pieces.size === 0) return;
    this.#size += pieces.size - before;
    this.#callers.delete(caller);
    this.#callers.set(caller, pieces);
    this.#makeRoom();
  }

  /** Whether a text in this value holds a piece of what the caller was told. */
  recall(caller: string, value: JsonText): Recall {
    const pieces = this.#callers.get(caller);
    const now = this.#now();
    if (pieces !== undefined && eachPiece(value, isValue, (piece) => (pieces.get(piece) ?? 0) > now))
      return 'told';
    return Math.max(this.#lost.get(caller) ?? 0, this.#lostOfOthers) > now ? 'forgotten' : 'unknown';
  }

  #makeRoom(): void {
    for (const [caller, pieces] of this.#callers) {
      const isTooMany = this.#callers.size > MAX_CALLERS;
      if (!isTooMany && this.#size <= this.#maxPieces) return;
      this.#forgetOldest(caller, pieces, isTooMany);
      if (pieces.size === 0) this.#callers.delete(caller);
    }
  }

  #forgetOldest(caller: string, pieces: Pieces, all: boolean): void {
    let lastUntil = 0;
    for (const [piece, until] of pieces) {
      if (!all && this.#size <= this.#maxPieces) break;
      pieces.delete(piece);
      this.#size -= 1;
      lastUntil = until;
    }
    if (lastUntil <= this.#now()) return;
    this.#lost.delete(caller);
    this.#lost.set(caller, lastUntil);
    const first = this.#lost.entries().next();
    if (this.#lost.size <= MAX_CALLERS || first.done === true) return;
    const [other, until] = first.value;
    this.#lost.delete(other);
    this.#lostOfOthers = Math.max(this.#lostOfOthers, until);
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
