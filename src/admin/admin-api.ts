import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS, type ErrorCode, GatewardError, toGatewardError } from '../errors.ts';
import { approvalResource, approvalsResource, approveResource, rejectResource } from './approvals.ts';
import { checkKey } from './check-key.ts';
import type { AdminParts, Resource } from './parts.ts';
import { reloadResource } from './reload.ts';
import { serverResource, serversResource } from './servers.ts';
import { statusResource } from './status.ts';
import { cancelTaskResource, retryTaskResource, taskResource, tasksResource } from './tasks.ts';
import { upstreamResource, upstreamsResource } from './upstreams.ts';

/** Where the listener mounts the API. */
export const ADMIN_PREFIX = '/admin/api/';

const RESOURCES: readonly Resource[] = [
  statusResource,
  upstreamsResource,
  upstreamResource,
  serversResource,
  serverResource,
  tasksResource,
  taskResource,
  cancelTaskResource,
  retryTaskResource,
  approvalsResource,
  approvalResource,
  approveResource,
  rejectResource,
  reloadResource,
];

/** Statuses of errors whose own status is that of an answer to MCP. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  TASK_NOT_FOUND: 404,
  CURSOR_INVALID: 400,
  INVALID_PARAMS: 400,
};

/**
 * The admin API: JSON over HTTP below /admin/api/, for the command line. The listener has checked Host before. Answers
 * every request itself; errors are `{"error":{"code","message"}}` with the status of their code.
 */
export function createAdminApi(
  parts: AdminParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    // Bodies say nothing here; unread, they would hold the connection.
    request.resume();
    try {
      checkKey(request.headers, parts.key);
      send(response, 200, await answer(parts, request, response));
    } catch (thrown) {
      sendError(response, thrown, parts);
    }
  };
}

function answer(parts: AdminParts, request: IncomingMessage, response: ServerResponse): unknown {
  const [whole = '', query] = (request.url ?? '').split(/\?(.*)/s);
  const path = whole.slice(ADMIN_PREFIX.length);
  const found = RESOURCES.filter((resource) => resource.path.test(path));
  const resource = found.find(({ method }) => method === request.method);
  if (resource !== undefined) {
    return resource.answer(parts, resource.path.exec(path)?.[1] ?? '', new URLSearchParams(query));
  }
  if (found.length === 0) throw new GatewardError('ADMIN_NOT_FOUND');
  response.setHeader('allow', found.map(({ method }) => method).join(', '));
  throw new GatewardError('HTTP_METHOD_NOT_ALLOWED');
}

function sendError(response: ServerResponse, thrown: unknown, { log }: AdminParts): void {
  const error = toGatewardError(thrown);
  const { code, message, data } = error;
  if (code === 'INTERNAL_ERROR') log.error('the admin API failed', { thrown });
  if (code === 'ADMIN_KEY_REQUIRED') response.setHeader('www-authenticate', 'Bearer realm="gateward admin"');
  const status = STATUSES[code] ?? ERRORS[code].status;
  // Codes of the MCP endpoints may have status 200, which here would say that all is well.
  send(response, status >= 400 ? status : 500, { error: { ...data, code, message } });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${JSON.stringify(body)}\n`);
}
