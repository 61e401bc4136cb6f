/** Milliseconds after which nothing comes any more of a statement whose answer was lost. */
const LOST_MS = 30_000;
const MAX_NAMES = 2_000;

/** Names of what may have been done, or may still be, by statements whose answers were lost. */
export class RecentNames {
  /** Until when each is remembered. */
  readonly #until = new Map<string, number>();

  add(name: string): void {
    this.#until.delete(name);
    this.#until.set(name, performance.now() + LOST_MS);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MAX_NAMES) return;
      this.#until.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#until.delete(name);
  }

  /** Those of the last half minute. */
  list(): readonly string[] {
    const now = performance.now();
    for (const [name, until] of this.#until) if (until < now) this.#until.delete(name);
    return [...this.#until.keys()];
  }
}
