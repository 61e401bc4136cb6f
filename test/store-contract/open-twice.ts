import { afterAll, beforeAll } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import type { Database } from './database.ts';

/** A database, and two connections to it, as two replicas have them. */
export interface OpenedTwice {
  readonly database: Database;
  readonly a: Store;
  readonly b: Store;
}

/** Opens an empty database twice before all tests of the suite that calls this, and drops it after them. */
export function openTwice(
  fresh: () => Promise<Database>,
  now: () => number,
  begin: (opened: OpenedTwice) => void,
): void {
  let opened: OpenedTwice;

  beforeAll(async () => {
    const database = await fresh();
    opened = { database, a: await database.open(now), b: await database.open(now) };
    begin(opened);
  });
  afterAll(async () => {
    const { database, a, b } = opened;
    await a.close();
    await b.close();
    await database.drop();
  });
}
