import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS, GatewardError, toGatewardError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { checkKey } from './check-key.ts';

/** Where the listener mounts the metrics. */
export const METRICS_PATH = '/metrics';

/** What the page of the metrics is made of. */
export interface MetricsPageParts {
  /** The administrator's key. */
  readonly key: string;
  /** Whether callers show keys: then whoever reads the metrics shows the administrator's. */
  readonly keysAsked: boolean;
  readonly contentType: string;
  readonly read: () => Promise<string>;
  readonly log: Log;
}

/** One request for the metrics. */
export interface MetricsExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether Host is one of the gateway's names. */
  readonly hostKnown: boolean;
}

/**
 * `GET /metrics`. Where callers show keys, it takes the administrator's, whatever Host says, since scrapers come by
 * address. Where they do not, the gateway listens on loopback only and anybody there may read, by one of the gateway's
 * names: a page that has its own name point here (DNS rebinding) has none of them. Answers every request itself.
 */
export function createMetricsPage(parts: MetricsPageParts): (exchange: MetricsExchange) => Promise<void> {
  return async ({ request, response, hostKnown }) => {
    request.resume();
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        throw new GatewardError('HTTP_METHOD_NOT_ALLOWED');
      }
      if (request.headers.origin !== undefined) throw new GatewardError('ORIGIN_REFUSED');
      if (parts.keysAsked || !hostKnown) checkKey(request.headers, parts.key);
      send(response, { status: 200, type: parts.contentType, text: await parts.read() });
    } catch (thrown) {
      const { code, message } = toGatewardError(thrown);
      if (code === 'INTERNAL_ERROR') parts.log.error('the metrics could not be read', { thrown });
      if (code === 'ADMIN_KEY_REQUIRED') response.setHeader('www-authenticate', 'Bearer realm="gateward"');
      const status = code === 'INTERNAL_ERROR' ? 500 : ERRORS[code].status;
      send(response, { status, type: 'text/plain; charset=utf-8', text: `${message}\n` });
    }
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function send(response: ServerResponse, { status, type, text }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
