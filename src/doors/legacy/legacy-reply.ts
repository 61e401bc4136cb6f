import type { Complete, Failed, TaskMade } from '../../call.ts';
import { ERRORS, GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';
import { writeError, writeResult } from '../../wire/message.ts';
import { failureToLegacy } from '../../wire/rev2025-11-25/error-to-legacy.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';
import { createTaskToLegacy, withRelatedTask } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';
import { isPlainResult, resultToLegacy } from '../../wire/rev2025-11-25/to-legacy.ts';

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

/** What was asked. */
export interface Answered {
  readonly method: string;
  /** What the request was about. */
  readonly name: string | undefined;
  readonly revision: Revision;
}

/** The response to a request by what the inside made of it, in the words of the client's revision. */
export function outcomeReply(id: string, outcome: Complete | TaskMade | Failed, answered: Answered): Reply {
  const { method, name, revision } = answered;
  if (outcome.kind === 'error') return failureReply(id, outcome, method);
  const { kind, result } = outcome;
  if (kind === 'task' && method === 'tools/call' && revision.tasks)
    return resultReply(id, createTaskToLegacy(result));
  if (kind === 'task' || !isPlainResult(result))
    return errorReply(id, new GatewardError('UPSTREAM_INVALID'), method);
  const told = resultToLegacy(result, { method, revision, wrapped: outcome.wrapped === true });
  // 2025-11-25 basic/utilities/tasks §Related Task Metadata.
  return resultReply(
    id,
    method === 'tasks/result' && name !== undefined ? withRelatedTask(told, name) : told,
  );
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
