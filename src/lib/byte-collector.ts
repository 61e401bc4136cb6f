/** As many small pieces are joined before more are taken, so that a sender of single bytes costs no more than bytes. */
const MERGE_EVERY = 256;

/**
 * Collects the pieces of one text that arrives in chunks. A text of one piece is not copied at all, one of few pieces
 * once. It has no bound of its own: compare `size` before `add`.
 */
export class ByteCollector {
  #pieces: Buffer[] = [];
  #mergedPieces = 0;
  #size = 0;

  /** Bytes held. */
  get size(): number {
    return this.#size;
  }

  /** Keeps a piece; the caller must not change it any more. */
  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#size += piece.length;
    this.#pieces.push(piece);
    if (this.#pieces.length - this.#mergedPieces < MERGE_EVERY) return;
    const merged = Buffer.concat(this.#pieces.splice(this.#mergedPieces));
    this.#pieces.push(merged);
    this.#mergedPieces = this.#pieces.length;
  }

  /** Gives everything as one buffer and starts anew. */
  take(): Buffer {
    const [first] = this.#pieces;
    const whole = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#mergedPieces = 0;
    this.#size = 0;
    return whole;
  }
}
