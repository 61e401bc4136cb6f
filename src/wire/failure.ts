import type { Failed } from '../call.ts';
import { ERRORS, toGatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';

/** Turns what was thrown into an outcome: the code's public text and data, and nothing else of it. */
export function failedBy(thrown: unknown): Failed {
  const error = toGatewardError(thrown);
  const rpc = ERRORS[error.code].rpc ?? ERRORS.INTERNAL_ERROR.rpc;
  const body = {
    code: rpc,
    message: error.message,
    ...(error.data === undefined ? {} : { data: error.data }),
  };
  return {
    kind: 'error',
    error: JsonText.of(body),
    code: error.code,
    retryAfterSeconds: error.retryAfterSeconds,
  };
}

/** An error that an upstream answered, as it came. */
export function failedUpstream(error: JsonText): Failed {
  return { kind: 'error', error, code: undefined, retryAfterSeconds: undefined };
}
