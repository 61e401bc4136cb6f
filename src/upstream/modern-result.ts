import type { CallMeta, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';

const COMPLETE = JsonText.written('"complete"');

/**
 * The outcome that a modern result is, told by its `resultType` (2026-07-28 basic §Results). A result without one is
 * complete and gets it. Any other value is of an extension, so it passes to a client that declares one; throws
 * UPSTREAM_INVALID for every other client, which must take it for invalid.
 */
export function outcomeOfResult(result: JsonText, { clientCapabilities }: CallMeta): Outcome {
  if (result.kind !== 'object')
    throw new GatewardError('UPSTREAM_INVALID', { detail: 'Its result is no object.' });
  switch (result.get('resultType')?.text) {
    case '"complete"':
      return { kind: 'complete', result };
    case '"input_required"':
      return { kind: 'input_required', result, legacy: undefined };
    case undefined:
      return { kind: 'complete', result: result.with({ resultType: COMPLETE }) };
    default:
      if (clientCapabilities.get('extensions')?.keys().length) return { kind: 'complete', result };
      throw new GatewardError('UPSTREAM_INVALID', { detail: 'Its result has an unknown resultType.' });
  }
}
