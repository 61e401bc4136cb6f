/** What groups are made of. */
export interface GroupsParts<Item> {
  /** Sees to a whole group. Never rejects. */
  readonly run: (group: readonly Item[]) => Promise<void>;
  /** How many of those that wait, counted from the first, make the next group. At least one. */
  readonly fitting: (waiting: readonly Item[]) => number;
}

/** Seen to together: what comes in one turn of the event loop, and what comes while a group is under way. */
export class Groups<Item> {
  readonly #parts: GroupsParts<Item>;
  readonly #waiting: Item[] = [];
  #isBusy = false;

  constructor(parts: GroupsParts<Item>) {
    this.#parts = parts;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    // What comes in the same turn of the event loop belongs to it.
    setImmediate(() => void this.#runNext());
  }

  async #runNext(): Promise<void> {
    const { run, fitting } = this.#parts;
    await run(this.#waiting.splice(0, fitting(this.#waiting)));
    this.#isBusy = false;
    this.#goOn();
  }
}
