import type { StoreConfig } from '../config/types.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { SILENT_LOG } from './silent-log.ts';

/** Opens a store for a command, which has no log. Throws what `openStore` throws. */
export function openStoreOf(store: StoreConfig): Promise<Store> {
  return openStore({ store, log: SILENT_LOG });
}
