import { ERRORS, GatewardError, toGatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { failedBy } from '../wire/failure.ts';
import { writeError } from '../wire/message.ts';

/** What a failed exchange with the server means to the client of the stdio door, for whom that server is the gateway. */
export function relayError(thrown: unknown): GatewardError {
  const error = toGatewardError(thrown);
  if (error.code !== 'UPSTREAM_UNAVAILABLE') return error;
  const why = error.message.slice(ERRORS.UPSTREAM_UNAVAILABLE.text.length).trim();
  return new GatewardError('GATEWAY_UNREACHABLE', { detail: why === '' ? undefined : why, cause: error });
}

/** The response with an error; `id` is raw text. */
export function errorMessage(id: string | undefined, thrown: unknown): JsonText {
  return JsonText.parse(writeError(id, failedBy(relayError(thrown)).error));
}
