import type { Call } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { digestJson } from '../../lib/digest-json.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { ReverseReply } from './reverse-request.ts';

/** What a retry brings: answers by input request key, and a digest that tells one set of answers from another. */
export interface InputAnswers {
  readonly replies: ReadonlyMap<string, ReverseReply>;
  readonly digest: string;
}

/**
 * Reads the answers of a retry (2026-07-28 patterns/mrtr); refusals of legacy clients come beside them. Throws
 * INVALID_PARAMS if `inputResponses` is not an object of objects.
 */
export function readAnswers(call: Call): InputAnswers {
  const replies = new Map<string, ReverseReply>();
  const responses = call.message.at('params', 'inputResponses');
  if (responses !== undefined && responses.kind !== 'object') throw invalid('inputResponses');
  for (const key of responses?.keys() ?? []) {
    const result = responses?.get(key);
    if (result?.kind !== 'object') throw invalid(`inputResponses.${key}`);
    replies.set(key, { result: bare(result) });
  }
  for (const [key, error] of call.legacy?.refusals ?? []) replies.set(key, { error });
  const texts = [...replies].map(([key, reply]) => [
    key,
    'result' in reply ? { result: reply.result.value() } : { error: reply.error.value() },
  ]);
  return { replies, digest: digestJson(Object.fromEntries(texts)) };
}

/** The result of a client, which has no `resultType` in either era; some clients write one. */
function bare(result: JsonText): JsonText {
  return result.get('resultType') === undefined ? result : result.with({ resultType: undefined });
}

function invalid(member: string): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail: `${member} must be an object.` });
}
