import { GatewardError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Feed } from '../store/fleet.ts';
import type { KeyRow, KeyTable } from '../store/store.ts';

/** What the rows are read with. */
export interface KeyRowsParts {
  readonly table: Pick<KeyTable, 'read'>;
  readonly feed: Pick<Feed, 'isFresh' | 'onKey' | 'onReset'>;
  readonly clock: Clock;
}

/** Rows of keys, as the store has them or had them less than a second ago. */
export interface KeyRows {
  /** What is known without asking. Undefined where the store must be asked. */
  peek(id: string): KeyRow | undefined;
  /** Asks the store, unless it said just now that there is no such key. Rejects with STORE_UNAVAILABLE or RATE_LIMITED. */
  read(id: string): Promise<KeyRow | undefined>;
  close(): void;
}

/** Keys that are kept. */
const MAX_ROWS = 20_000;
/** Milliseconds for which the store is not asked again for an id that it does not know. */
const UNKNOWN_MS = 1_000;
const MAX_UNKNOWN = 20_000;
/** Reads under way at a time; guesses must not keep the store from its work. */
const MAX_READS = 200;

/** Keeps rows as long as the feed tells of every change. */
export function createKeyRows({ table, feed, clock }: KeyRowsParts): KeyRows {
  const kept = new Map<string, KeyRow>();
  const unknown = new Map<string, number>();
  const reads = new Map<string, Promise<KeyRow | undefined>>();
  const drop = (id: string): void => {
    kept.delete(id);
    // What a read under way brings may be older than the change.
    reads.delete(id);
  };
  const dropAll = (): void => {
    kept.clear();
    reads.clear();
  };
  const keep = (id: string, row: KeyRow | undefined): void => {
    if (row === undefined) putBounded(unknown, { id, value: clock.now() + UNKNOWN_MS, max: MAX_UNKNOWN });
    else putBounded(kept, { id, value: row, max: MAX_ROWS });
  };
  const ask = async (id: string): Promise<KeyRow | undefined> => {
    const reading = table.read(id);
    reads.set(id, reading);
    try {
      const row = await reading;
      if (reads.get(id) === reading) keep(id, row);
      return row;
    } finally {
      if (reads.get(id) === reading) reads.delete(id);
    }
  };
  const endings = [feed.onKey(drop), feed.onReset(dropAll)];
  return {
    peek: (id) => (feed.isFresh() ? kept.get(id) : undefined),
    async read(id) {
      if ((unknown.get(id) ?? 0) > clock.now()) return undefined;
      const under = reads.get(id);
      if (under !== undefined) return under;
      if (reads.size >= MAX_READS) throw new GatewardError('RATE_LIMITED', { retryAfterSeconds: 1 });
      return ask(id);
    },
    close() {
      for (const end of endings) end();
      dropAll();
      unknown.clear();
    },
  };
}

/** Puts an entry last; the oldest goes when there are too many. */
function putBounded<V>(
  map: Map<string, V>,
  { id, value, max }: { readonly id: string; readonly value: V; readonly max: number },
): void {
  map.delete(id);
  const oldest = map.size >= max ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  map.set(id, value);
}
