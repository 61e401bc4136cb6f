import { withoutKeys } from '../../lib/json-edit.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { META_KEYS } from '../meta-keys.ts';

/** The `_meta` keys of the modern envelope, which mean nothing to legacy (2026-07-28 basic §_meta). */
const ENVELOPE_KEYS: readonly string[] = Object.values(META_KEYS);

/** Members of modern results that no legacy schema has; strict clients refuse them in empty results. */
const RESULT_KEYS: readonly string[] = ['resultType', 'ttlMs', 'cacheScope'];

/** Params or a result without the keys of the modern envelope, and without a `_meta` that held nothing else. */
export function withoutEnvelope(holder: JsonText): JsonText {
  const meta = holder.get('_meta');
  if (meta?.kind !== 'object') return holder;
  const rest = withoutKeys(meta, ENVELOPE_KEYS);
  if (rest === meta) return holder;
  return holder.with({ _meta: rest.keys().length === 0 ? undefined : rest });
}

/** A modern result without what legacy results do not have. */
export function stripResult(result: JsonText): JsonText {
  return withoutEnvelope(withoutKeys(result, RESULT_KEYS));
}
