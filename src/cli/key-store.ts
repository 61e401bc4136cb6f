import { isInForce } from '../auth/key-in-force.ts';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import type { KeyRow, KeyTable } from '../store/store.ts';
import { chooseConfig } from './choose-config.ts';
import { openStoreOf } from './open-store-of.ts';

/** The keys of a configuration's store, with or without a running gateway. */
export interface KeyStore {
  readonly config: Config;
  readonly keys: KeyTable;
}

/** Opens the store of a configuration for a command, and closes it again. Throws what opening and the command throw. */
export async function withKeyStore<T>(
  file: string | undefined,
  run: (store: KeyStore) => Promise<T>,
): Promise<T> {
  const environment = readEnvironment();
  const { config } = await loadConfig({ file: chooseConfig(file, environment), env: environment });
  const store = await openStoreOf(config.store);
  try {
    return await run({ config, keys: store.keys });
  } finally {
    await store.close();
  }
}

/** A key as it is shown. Never what it is checked by. */
export interface ShownKey {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'expired' | 'revoked';
  /** Null for all. */
  readonly servers: readonly string[] | null;
  /** ISO 8601, as all times here. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** What of a key may be shown. `nowMs` is milliseconds since 1970. */
export function showKey(row: KeyRow, nowMs: number): ShownKey {
  const { id, name, servers, createdAt, expiresAt, revokedAt } = row;
  return {
    id,
    name,
    state: isInForce(row, nowMs) ? 'active' : revokedAt === undefined ? 'expired' : 'revoked',
    servers: servers ?? null,
    createdAt: isoTime(createdAt),
    expiresAt: expiresAt === undefined ? null : isoTime(expiresAt),
    revokedAt: revokedAt === undefined ? null : isoTime(revokedAt),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
