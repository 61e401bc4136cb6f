import { GatewardError } from '../../errors.ts';
import { Groups } from '../groups.ts';

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
}

/** Bytes that a statement is given at most, unless a single item is larger. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Rows that share statements: what comes while one is under way goes into the next, so that many rows wait for one
 * answer of the database and for its disk once.
 */
export class RowGroup<In, Out> {
  readonly #parts: RowGroupParts<In, Out>;
  readonly #groups: Groups<Waiting<In, Out>>;

  constructor(parts: RowGroupParts<In, Out>) {
    this.#parts = parts;
    this.#groups = new Groups({
      run: (group) => this.#run(group),
      fitting: (waiting) =>
        countFitting(waiting, {
          maxItems: parts.maxItems,
          maxSize: MAX_BYTES,
          sizeOf: ({ item }) => parts.sizeOf(item),
        }),
    });
  }

  /** Rejects as `run` does. */
  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#groups.add({ item, resolve, reject });
    });
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
}

/** How much one statement takes. */
interface Measure<Item> {
  readonly maxItems: number;
  /** In what `sizeOf` counts. */
  readonly maxSize: number;
  readonly sizeOf: (item: Item) => number;
}

/** How many items, counted from the first, one statement takes. A single one may be larger. */
export function countFitting<Item>(
  items: readonly Item[],
  { maxItems, maxSize, sizeOf }: Measure<Item>,
): number {
  let size = 0;
  const end = items.findIndex((item, n) => {
    size += sizeOf(item);
    return n >= maxItems || (n > 0 && size > maxSize);
  });
  return end < 0 ? items.length : end;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof GatewardError && error.code === 'STORE_UNAVAILABLE';
}
