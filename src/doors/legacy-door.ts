import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonText } from '../lib/json-text.ts';

/**
 * One HTTP request to a server's endpoint that passed the guard: address limit, Host, Origin, single headers. CORS
 * headers are already set on the response, so answer with `setHeader` and `writeHead` as usual.
 */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Name of the server in the configuration; `all` for the one at `/mcp`. */
  readonly server: string;
  /** The path without its query, e.g. `/servers/files/mcp`. */
  readonly path: string;
  /** What stands behind `?`, without it; empty if there is none. */
  readonly query: string;
  /** Scheme and authority as the client sees them, e.g. `https://mcp.example.com`. */
  readonly baseUrl: string;
  /** The client's address, read from the headers of trusted proxies. */
  readonly remoteAddress: string;
}

/** A POST whose body is read: within its limits, strict JSON. `request.headers` holds each MCP header at most once. */
export interface PostExchange extends Exchange {
  readonly body: JsonText;
}

/**
 * The door of legacy Streamable HTTP (2025-03-26 to 2025-11-25), behind the listener that both eras share. It answers
 * every exchange itself, refusals included, and never throws; a promise may not reject.
 */
export interface LegacyDoor {
  /** Anything that is classified legacy: a request, a notification, a response, or an array of them. */
  post(exchange: PostExchange): void | Promise<void>;
  /** Called only with an `Mcp-Session-Id` header; without one the listener answers 405. */
  get(exchange: Exchange): void | Promise<void>;
  /** Called only with an `Mcp-Session-Id` header; without one the listener answers 405. */
  delete(exchange: Exchange): void | Promise<void>;
}

/** The door of HTTP+SSE (2024-11-05), at `/sse` and `/servers/NAME/sse`, under the same rules. */
export interface SseDoor {
  /** GET of the stream. */
  open(exchange: Exchange): void | Promise<void>;
  /** POST to `.../sse/messages`; `path` ends so, and `query` names the stream. */
  post(exchange: PostExchange): void | Promise<void>;
}
