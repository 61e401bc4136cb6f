import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { TASKS_EXTENSION } from '../wire/meta-keys.ts';

const COMPLETE = JsonText.written('"complete"');

/**
 * The outcome that a modern result is, told by its `resultType` (2026-07-28 basic §Results). A result without one is
 * complete and gets it. A task is only for a tool's call that declares the extension (SEP-2663 §Capability Negotiation).
 * Any other value is of another extension, so it passes to a client that declares one; throws UPSTREAM_INVALID for
 * every other client, which must take it for invalid.
 */
export function outcomeOfResult(result: JsonText, { method, meta }: Pick<Call, 'method' | 'meta'>): Outcome {
  if (result.kind !== 'object') throw invalid('Its result is no object.');
  const extensions = meta.clientCapabilities.get('extensions');
  switch (result.get('resultType')?.text) {
    case '"complete"':
      return { kind: 'complete', result };
    case '"input_required"':
      return { kind: 'input_required', result, legacy: undefined };
    case '"task"':
      if (method !== 'tools/call' || extensions?.get(TASKS_EXTENSION) === undefined)
        throw invalid('Its result is a task, which the call does not allow.');
      if (!result.get('taskId')?.string()) throw invalid('Its task has no taskId.');
      return { kind: 'task', result };
    case undefined:
      return { kind: 'complete', result: result.with({ resultType: COMPLETE }) };
    default:
      if (extensions?.keys().length) return { kind: 'complete', result };
      throw invalid('Its result has an unknown resultType.');
  }
}

function invalid(detail: string): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail });
}
