import type { Failed } from '../../call.ts';
import { ERRORS } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';
import { writeError, writeResult } from '../../wire/message.ts';
import { failureToLegacy } from '../../wire/rev2025-11-25/error-to-legacy.ts';

/** The response to one request of a legacy client. */
export interface Reply {
  readonly body: Buffer;
  /** Holds while no stream is committed. */
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
}

/** The response to a request that was answered. `id` is raw text. */
export function resultReply(id: string, result: JsonText): Reply {
  return { body: writeResult(id, result), status: 200, retryAfterSeconds: undefined };
}

/** The response to a request that failed, in the words of legacy. */
export function failureReply(id: string, failed: Failed, method: string): Reply {
  const failure = failureToLegacy(failed, method);
  if (failure.kind === 'result') return resultReply(id, failure.result);
  return {
    body: writeError(id, failure.error),
    status: statusOf(failed),
    retryAfterSeconds: failed.retryAfterSeconds,
  };
}

/** The response to a request that ended in what was thrown: an error of the list, or INTERNAL_ERROR. */
export function errorReply(id: string, thrown: unknown, method: string): Reply {
  return failureReply(id, failedBy(thrown), method);
}

/**
 * Errors of JSON-RPC and MCP travel in a 200: legacy clients read 404 as the end of their session. Gateward's own, with
 * positive codes, speak of the request as a whole and have their status.
 */
function statusOf({ code }: Failed): number {
  if (code === undefined) return 200;
  const { rpc, status } = ERRORS[code];
  return rpc !== null && rpc > 0 ? status : 200;
}
