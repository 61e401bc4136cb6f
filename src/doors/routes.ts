import type { Exchange } from './legacy-door.ts';

/** A server's endpoint. */
export interface ServerPath {
  readonly name: string;
  /** Path of the MCP endpoint, such as `/servers/files/mcp`. */
  readonly path: string;
}

/** One HTTP request for something that is not an MCP endpoint, past the guard. */
export interface PageExchange extends Omit<Exchange, 'server'> {
  /** Whether Host is one of the gateway's names; always true but on pages that anyone may call by any name. */
  readonly hostKnown: boolean;
  /** Reads the body. Rejects with BODY_TOO_LARGE or BODY_TIMEOUT. */
  readBody(): Promise<Buffer>;
}

/** Something served beside the MCP endpoints. */
export interface Page {
  /** An exact path, or the start of paths if it ends in `/`. */
  readonly path: string;
  /**
   * Who may call. `own`: the gateway's own and the allowed origins, under its own names. `public`: pages of any origin,
   * under the gateway's names. `probe`: any origin and any name, as health checks come by address.
   */
  readonly audience: 'own' | 'public' | 'probe';
  /** Answers every method itself but OPTIONS. What it throws is answered. */
  handle(exchange: PageExchange): void | Promise<void>;
}

/** What a path leads to. */
export type Route =
  | { readonly kind: 'mcp' | 'sse' | 'sse-messages'; readonly server: string }
  | { readonly kind: 'page'; readonly page: Page };

/** Finds what a path leads to. */
export type Router = (path: string) => Route | undefined;

/** Paths to routes, computed once: the endpoints are exact, and only pages may cover what lies below them. */
export function createRouter(
  servers: readonly ServerPath[],
  options: { readonly legacySse: boolean; readonly pages: readonly Page[] },
): Router {
  const exact = new Map<string, Route>();
  const prefixes: { readonly prefix: string; readonly route: Route }[] = [];
  for (const page of options.pages) {
    const route: Route = { kind: 'page', page };
    if (page.path.endsWith('/')) prefixes.push({ prefix: page.path, route });
    else exact.set(page.path, route);
  }
  for (const { name, path } of servers) {
    exact.set(path, { kind: 'mcp', server: name });
    if (!options.legacySse) continue;
    const sse = ssePathOf(path);
    exact.set(sse, { kind: 'sse', server: name });
    exact.set(`${sse}/messages`, { kind: 'sse-messages', server: name });
  }
  return (path) => exact.get(path) ?? prefixes.find(({ prefix }) => path.startsWith(prefix))?.route;
}

/** Where a server's HTTP+SSE stands: `/sse` beside `/mcp`. */
function ssePathOf(path: string): string {
  return path.replace(/mcp$/, 'sse');
}

/** True for a path that would be a server's if there were one of that name. */
export function isServerPath(path: string): boolean {
  return /^\/servers\/[^/]*\/(?:mcp|sse|sse\/messages|mcp\/server-card)$/.test(path);
}

/** A request target taken apart. */
export interface Target {
  readonly path: string;
  readonly query: string;
  /** The authority of a target in absolute form, which stands above Host (RFC 9112 §3.2.2). */
  readonly authority: string | undefined;
}

/** Takes a request target apart. Nothing is decoded and no dots are resolved: paths are compared as they came. */
export function readTarget(url: string): Target {
  const absolute = url.startsWith('/') ? null : /^https?:\/\/([^/?#]*)(.*)$/is.exec(url);
  const rest = absolute === null ? url : (absolute[2] ?? '');
  const mark = rest.indexOf('?');
  return {
    path: mark === -1 ? rest : rest.slice(0, mark),
    query: mark === -1 ? '' : rest.slice(mark + 1),
    authority: absolute?.[1],
  };
}
