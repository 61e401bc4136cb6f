import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

const SQLITE = 'sqlite:';

/** Opens the store that a location names: `sqlite:PATH` or `postgres://...`. */
export async function openAt(location: string, now?: () => number): Promise<Store> {
  const clock = now === undefined ? {} : { now };
  if (location.startsWith(SQLITE)) {
    return createSqliteStore({ file: location.slice(SQLITE.length), ...clock });
  }
  throw new TypeError(`no store is known for ${location}`);
}
