import { GatewardError } from '../../errors.ts';

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

/** What groups are made of. */
export interface RowGroupParts<In, Out> {
  /** One statement for all items, in this order. */
  readonly run: (items: readonly In[]) => Promise<readonly Out[]>;
  readonly maxItems: number;
  /** What an item weighs, in bytes. */
  readonly sizeOf: (item: In) => number;
  /** A single item may be larger. */
  readonly maxBytes: number;
}

/**
 * Rows that share statements: what comes while one is under way goes into the next, so that many rows wait for one
 * answer of the database and for its disk once.
 */
export class RowGroup<In, Out> {
  readonly #parts: RowGroupParts<In, Out>;
  readonly #waiting: Waiting<In, Out>[] = [];
  #isBusy = false;

  constructor(parts: RowGroupParts<In, Out>) {
    this.#parts = parts;
  }

  /** Rejects as `run` does. */
  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    // What comes in the same turn of the event loop belongs to it.
    setImmediate(() => void this.#runNext());
  }

  async #runNext(): Promise<void> {
    const group = this.#waiting.splice(0, this.#fitting());
    await this.#run(group);
    this.#isBusy = false;
    this.#goOn();
  }

  async #run(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const outs = await this.#parts.run(group.map(({ item }) => item));
      for (const [n, out] of outs.entries()) group[n]?.resolve(out);
    } catch (error) {
      if (group.length === 1 || isUnavailable(error)) for (const { reject } of group) reject(error);
      // One of them is at fault; the others must not suffer.
      else for (const one of group) await this.#run([one]);
    }
  }

  #fitting(): number {
    const { maxItems, maxBytes, sizeOf } = this.#parts;
    let bytes = 0;
    const end = this.#waiting.findIndex(({ item }, n) => {
      bytes += sizeOf(item);
      return n >= maxItems || (n > 0 && bytes > maxBytes);
    });
    return end < 0 ? this.#waiting.length : end;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof GatewardError && error.code === 'STORE_UNAVAILABLE';
}
