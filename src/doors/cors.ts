import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** Response headers that pages may read beside the safe ones (Fetch §CORS-safelisted response-header name). */
const EXPOSED = 'Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After';
const METHODS = 'GET, POST, DELETE';
const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'baggage',
  'content-type',
  'dpop',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'traceparent',
  'tracestate',
]);
const PARAM_PREFIX = 'mcp-param-';
const MAX_AGE_SECONDS = 600;

/** Lets the pages of an allowed origin read the answers of an MCP endpoint. */
export function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  response.setHeader('Vary', 'Origin');
}

/** Answers a preflight for an MCP endpoint (Fetch §CORS-preflight fetch). `allowOrigin` came before. */
export function answerPreflight(response: ServerResponse, headers: IncomingHttpHeaders): void {
  const asked = (headers['access-control-request-headers'] ?? '').split(',').map((name) => name.trim());
  const allowed = asked.filter((name) => isRequestHeader(name.toLowerCase()));
  response.setHeader('Vary', 'Origin, Access-Control-Request-Headers');
  response.writeHead(204, {
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': allowed.join(', '),
    'Access-Control-Max-Age': MAX_AGE_SECONDS,
  });
  response.end();
}

/** Answers a preflight for a document that anyone may read (Server Card discovery §CORS). */
export function answerPublicPreflight(response: ServerResponse): void {
  allowAnyone(response);
  response.writeHead(204, { 'Access-Control-Max-Age': MAX_AGE_SECONDS });
  response.end();
}

/** Lets the pages of every origin read a public document. */
export function allowAnyone(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, If-None-Match');
  response.setHeader('Access-Control-Expose-Headers', 'ETag');
}

function isRequestHeader(name: string): boolean {
  return (
    REQUEST_HEADERS.has(name) || (name.startsWith(PARAM_PREFIX) && /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
  );
}
