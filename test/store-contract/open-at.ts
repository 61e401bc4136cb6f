import type { Log } from '../../src/lib/log.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const SQLITE = 'sqlite:';

/** Opens the store that a location names: `sqlite:PATH` or `postgres://...`. */
export async function openAt(location: string, now?: () => number): Promise<Store> {
  const clock = now === undefined ? {} : { now };
  if (location.startsWith(SQLITE)) {
    return createSqliteStore({ file: location.slice(SQLITE.length), ...clock });
  }
  const { createPostgresStore } = await import('../../src/store/postgres/postgres-store.ts');
  return createPostgresStore({ url: location, log: SILENT, ...clock });
}

function ignore(): void {}
