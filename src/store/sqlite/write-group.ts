import { Groups } from '../groups.ts';
import type { Database } from './database.ts';

/** Writes in one transaction: it runs on the event loop, for a millisecond or two beside the disk. */
const MAX_WRITES = 100;

interface Waiting {
  /** Writes, and gives what tells the caller so once that is durable. */
  readonly write: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Durable writes that share transactions: whatever comes in one turn of the event loop, or while a transaction waits
 * for other processes, waits for the disk once.
 */
export class WriteGroup {
  readonly #groups: Groups<Waiting>;

  constructor(db: Database) {
    this.#groups = new Groups({ run: (group) => commit(db, group), fitting: () => MAX_WRITES });
  }

  /**
   * Resolves once it survives a power cut. `body` must not throw: that would undo the writes of others.
   *
   * @throws GatewardError STORE_UNAVAILABLE
   */
  write<T>(body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const write = () => {
        const result = body();
        return () => resolve(result);
      };
      this.#groups.add({ write, reject });
    });
  }
}

async function commit(db: Database, group: readonly Waiting[]): Promise<void> {
  try {
    const told = await db.writeDurably(() => group.map(({ write }) => write()));
    for (const tell of told) tell();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
