import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import type { Store } from '../store/store.ts';
import { chooseConfig } from './choose-config.ts';
import { openStoreOf } from './open-store-of.ts';

/** A configuration and its store, with or without a running gateway. */
export interface ConfiguredStore {
  readonly config: Config;
  readonly store: Store;
}

/** Opens the store of a configuration for a command, and closes it again. Throws what opening and the command throw. */
export async function withStore<T>(
  file: string | undefined,
  run: (opened: ConfiguredStore) => Promise<T>,
): Promise<T> {
  const environment = readEnvironment();
  const { config } = await loadConfig({ file: chooseConfig(file, environment), env: environment });
  const store = await openStoreOf(config.store);
  try {
    return await run({ config, store });
  } finally {
    await store.close();
  }
}
