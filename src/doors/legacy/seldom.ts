/** Lets the same thing happen only so often. */
export class Seldom {
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #last = new Map<string, number>();

  constructor(everyMs: number, now: () => number) {
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /** True if it did not happen lately; then it does now. */
  isDue(name: string): boolean {
    const now = this.#now();
    if (now - (this.#last.get(name) ?? Number.NEGATIVE_INFINITY) < this.#everyMs) return false;
    this.#last.delete(name);
    for (const [oldest, at] of this.#last) {
      if (now - at < this.#everyMs && this.#last.size < MAX_NAMES) break;
      this.#last.delete(oldest);
    }
    this.#last.set(name, now);
    return true;
  }
}

const MAX_NAMES = 1000;
