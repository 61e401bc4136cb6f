import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewardError } from '../errors.ts';
import { type Client, clientBehind } from './client-address.ts';
import { allowOrigin, answerPreflight, answerPublicPreflight } from './cors.ts';
import type { Rules } from './http-settings.ts';
import { isServerPath, type Route, readTarget, type Target } from './routes.ts';
import { createSingleHeaderCheck } from './single-headers.ts';

/** A request that may go on, and what the guard found out about it. */
export interface Admitted {
  readonly route: Route;
  readonly path: string;
  readonly query: string;
  /** Scheme and authority as the client sees them. */
  readonly baseUrl: string;
  readonly remoteAddress: string;
  /** False only on pages for probes. */
  readonly hostKnown: boolean;
}

/** What the guard needs beside the request. */
export interface GuardContext {
  readonly rules: Rules;
  /** The other end of the connection. */
  readonly peer: Client;
  readonly scheme: 'http' | 'https';
  readonly nowMs: number;
}

const findBadHeader = createSingleHeaderCheck();

/**
 * What stands before the body is read, in this order: limit per address, path, Host, Origin (Streamable HTTP 2026-07-28
 * §Security & Endpoint), CORS, single headers. Gives the error to answer, or undefined where the request was a CORS
 * preflight and is answered.
 */
export function admit(
  request: IncomingMessage,
  response: ServerResponse,
  { rules, peer, scheme, nowMs }: GuardContext,
): Admitted | GatewardError | undefined {
  const trusted = rules.isTrustedProxy;
  const client = trusted === undefined ? peer : clientBehind(peer, request, trusted);
  const waitMs = rules.buckets === undefined ? 0 : rules.buckets.take(client.block, nowMs);
  if (waitMs > 0) return new GatewardError('RATE_LIMITED', { retryAfterSeconds: waitMs / 1000 });
  const target = readTarget(request.url ?? '');
  const route = rules.route(target.path);
  if (route === undefined) return notFound(target);
  const host = client.host ?? target.authority ?? request.headers.host;
  const hostKnown = host !== undefined && rules.isOwnHost(host);
  if (!hostKnown && audienceOf(route) !== 'probe') {
    return host === undefined
      ? new GatewardError('HEADER_INVALID', { detail: 'Host is missing.' })
      : new GatewardError('HOST_REFUSED');
  }
  const ownOrigin = `${client.proto ?? scheme}://${host ?? ''}`;
  const { origin } = request.headers;
  if (origin !== undefined || request.method === 'OPTIONS') {
    const error = checkOrigin(request, response, { rules, route, ownOrigin });
    if (error !== undefined || response.writableEnded) return error;
  }
  const bad = findBadHeader(request.rawHeaders);
  if (bad !== undefined) return new GatewardError('HEADER_INVALID', { detail: `It is ${bad}.` });
  return {
    route,
    path: target.path,
    query: target.query,
    baseUrl: rules.settings.publicUrl ?? ownOrigin,
    remoteAddress: client.address,
    hostKnown,
  };
}

interface OriginFacts {
  readonly rules: Rules;
  readonly route: Route;
  readonly ownOrigin: string;
}

/** Refuses a foreign Origin, lets an allowed one read the answer, and answers OPTIONS. */
function checkOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  { rules, route, ownOrigin }: OriginFacts,
): GatewardError | undefined {
  const { origin } = request.headers;
  const audience = audienceOf(route);
  if (audience !== 'own') {
    if (request.method === 'OPTIONS') answerPublicPreflight(response);
    return undefined;
  }
  if (origin !== undefined && origin !== ownOrigin && !rules.origins.has(origin)) {
    return new GatewardError('ORIGIN_REFUSED');
  }
  if (origin !== undefined && route.kind !== 'page') allowOrigin(response, origin);
  if (request.method === 'OPTIONS') answerPreflight(response, request.headers);
  return undefined;
}

function audienceOf(route: Route): 'own' | 'public' | 'probe' {
  return route.kind === 'page' ? route.page.audience : 'own';
}

function notFound({ path }: Target): GatewardError {
  return new GatewardError(isServerPath(path) ? 'SERVER_NOT_FOUND' : 'PATH_NOT_FOUND');
}
