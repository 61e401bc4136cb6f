/** Something that waits for its turn. */
export interface Waiting {
  /** Whose it is: callers take turns. */
  readonly owner: string;
  /** Begins it. It counts as running until `leave`. */
  readonly start: () => void;
}

/**
 * Lets so many run at a time, and picks the next from each owner in turn: a thousand of one make another wait for one,
 * not for a thousand.
 */
export class FairQueue {
  /** In the order of turns; an owner without anything that waits is not in it. */
  readonly #waiting = new Map<string, Waiting[]>();
  #running = 0;

  /** How many wait. */
  get length(): number {
    let length = 0;
    for (const own of this.#waiting.values()) length += own.length;
    return length;
  }

  /** How many run. */
  get running(): number {
    return this.#running;
  }

  /** How many of an owner wait. */
  waitingOf(owner: string): number {
    return this.#waiting.get(owner)?.length ?? 0;
  }

  /** Begins it now if there is room, else when its turn comes. */
  enter(one: Waiting, limit: number): void {
    const own = this.#waiting.get(one.owner);
    if (own === undefined) this.#waiting.set(one.owner, [one]);
    else own.push(one);
    this.#startNext(limit);
  }

  /** Counts one that runs already, whether there is room or not. */
  join(): void {
    this.#running++;
  }

  /** One that ran is over. */
  leave(limit: number): void {
    this.#running--;
    this.#startNext(limit);
  }

  /** Takes away one that waits; nothing happens to one that has begun. */
  remove(one: Waiting): void {
    const own = this.#waiting.get(one.owner) ?? [];
    const left = own.filter((other) => other !== one);
    // Its owner keeps the place in the order.
    if (left.length > 0) this.#waiting.set(one.owner, left);
    else this.#waiting.delete(one.owner);
  }

  #startNext(limit: number): void {
    for (const [owner, own] of this.#waiting) {
      if (this.#running >= limit) return;
      const next = own.shift();
      // Its owner's turn comes again after everybody else's.
      this.#waiting.delete(owner);
      if (own.length > 0) this.#waiting.set(owner, own);
      if (next === undefined) continue;
      this.#running++;
      next.start();
    }
  }
}
