import type { Complete, Failed } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';

/** How a task ended: what its call was answered. */
export type Ending =
  | { readonly kind: 'result'; readonly result: JsonText; readonly wrapped: boolean }
  | { readonly kind: 'error'; readonly error: JsonText };

const USE = 'task-outcome';

/** What a call's end is for its task. */
export function endingOf(outcome: Complete | Failed): Ending {
  if (outcome.kind === 'error') return { kind: 'error', error: outcome.error };
  return { kind: 'result', result: outcome.result, wrapped: outcome.wrapped === true };
}

/** Writes how a task ended, so that only this gateway can read it and only as the end of this task. */
export function sealEnding(seal: Seal, id: string, ending: Ending): Buffer {
  const json =
    ending.kind === 'error'
      ? JsonText.of({ id }).with({ error: ending.error })
      : JsonText.of({ id, wrapped: ending.wrapped }).with({ result: ending.result });
  return seal.sealBytes(json.bytes, USE);
}

/** Reads what `sealEnding` wrote. */
export function openEnding(seal: Seal, id: string, sealed: Buffer): Ending | undefined {
  const bytes = seal.openBytes(sealed, USE);
  if (bytes === undefined) return undefined;
  const json = JsonText.parse(bytes);
  if (json.get('id')?.string() !== id) return undefined;
  const result = json.get('result');
  if (result !== undefined) return { kind: 'result', result, wrapped: json.get('wrapped')?.value() === true };
  const error = json.get('error');
  return error && { kind: 'error', error };
}
