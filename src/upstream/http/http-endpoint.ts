import type { IncomingHttpHeaders } from 'node:http';
import type { UpstreamDispatcher } from './dispatcher.ts';
import type { ReplyHead } from './http-reply.ts';

/** Where an HTTP upstream is, and what every request to it carries. */
export interface HttpEndpoint {
  readonly dispatcher: UpstreamDispatcher;
  /** Path and query of the MCP endpoint. Changes when the upstream moves it within its origin. */
  path: string;
  /** Configured headers as flat name-value pairs. */
  readonly headers: readonly string[];
  /** Bytes that one message may have. */
  readonly maxResponseBytes: number;
}

/** What an endpoint is made of. */
export interface EndpointOptions {
  readonly url: URL;
  readonly dispatcher: UpstreamDispatcher;
  /** Configured headers, by name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxResponseBytes: number;
}

/** The endpoint at a URL. */
export function createEndpoint({
  url,
  dispatcher,
  headers,
  maxResponseBytes,
}: EndpointOptions): HttpEndpoint {
  return {
    dispatcher,
    path: url.pathname + url.search,
    headers: Object.entries(headers).flat(),
    maxResponseBytes,
  };
}

/**
 * Notes the new path if the reply moves the endpoint within its origin by 307 or 308 (RFC 9110 §15.4.8, §15.4.9),
 * the two that keep method and body; many servers answer `/mcp` so when they mean `/mcp/`. True if it did: send again.
 */
export function followMove(endpoint: HttpEndpoint, sentTo: string, head: ReplyHead): boolean {
  if (head.status !== 307 && head.status !== 308) return false;
  const path = pathWithin(endpoint.dispatcher.origin, sentTo, head.headers);
  if (path === undefined || path === sentTo) return false;
  endpoint.path = path;
  return true;
}

function pathWithin(origin: string, sentTo: string, headers: IncomingHttpHeaders): string | undefined {
  const { location } = headers;
  const base = new URL(sentTo, origin);
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  const url = new URL(location, base);
  return url.origin === origin ? url.pathname + url.search : undefined;
}
