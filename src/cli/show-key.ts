import { isInForce } from '../auth/key-in-force.ts';
import type { KeyRow } from '../store/store.ts';

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
