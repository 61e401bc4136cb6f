import type { StoreConfig } from '../config/types.ts';
import type { Log } from '../lib/log.ts';
import { createPostgresStore } from '../store/postgres/postgres-store.ts';
import { createSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Opens a store for a command. Throws STORE_UNAVAILABLE, STORE_TOO_NEW or DATA_FOLDER_UNUSABLE. */
export function openStoreOf(config: StoreConfig): Promise<Store> {
  if (config.kind === 'sqlite') return createSqliteStore({ file: config.file });
  return createPostgresStore({ url: config.url, log: SILENT, maxConnections: 1 });
}
