import type { KeyRow } from '../store/store.ts';

/** Whether a key is neither revoked nor past its end. `nowMs` is milliseconds since 1970. */
export function isInForce(
  { revokedAt, expiresAt }: Pick<KeyRow, 'revokedAt' | 'expiresAt'>,
  nowMs: number,
): boolean {
  return revokedAt === undefined && (expiresAt === undefined || nowMs < expiresAt);
}
