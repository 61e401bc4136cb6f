import { ERRORS, GatewardError, toGatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';
import { writeError } from '../../wire/message.ts';

/** What a failed exchange with the server means to the client of the stdio door, for whom that server is the gateway. */
export function relayError(thrown: unknown): GatewardError {
  const error = toGatewardError(thrown);
  if (error.code === 'UPSTREAM_REFUSED') {
    const detail = `${detailOf(error) ?? ''} Give a key in GATEWARD_KEY, or credentials by --header.`;
    return new GatewardError('UPSTREAM_REFUSED', { detail: detail.trimStart(), cause: error });
  }
  if (error.code !== 'UPSTREAM_UNAVAILABLE') return error;
  return new GatewardError('GATEWAY_UNREACHABLE', { detail: detailOf(error), cause: error });
}

/** Why an exchange with the server failed, in one sentence for standard error. */
export function reasonOf(thrown: unknown): string {
  const error = toGatewardError(thrown);
  return detailOf(error) ?? error.message;
}

/** What an error says beside the text of its code. */
function detailOf({ code, message }: GatewardError): string | undefined {
  const detail = message.slice(ERRORS[code].text.length).trim();
  return detail === '' ? undefined : detail;
}

/** The response with an error; `id` is raw text. */
export function errorMessage(id: string | undefined, thrown: unknown): JsonText {
  return JsonText.parse(writeError(id, failedBy(relayError(thrown)).error));
}
