import { GatewardError } from '../errors.ts';
import { answerJson, refuse } from './answer.ts';
import type { Page, PageExchange } from './routes.ts';

/** How one upstream is. */
export interface UpstreamHealth {
  readonly name: string;
  readonly state: string;
}

/** Whether the gateway can serve, and how its upstreams are. */
export interface Health {
  readonly ready: boolean;
  /** Undefined where they are nobody's business who shows no key. */
  readonly upstreams: readonly UpstreamHealth[] | undefined;
}

/**
 * `/healthz`: the process runs. `/readyz`: 200 or 503, whether it can serve. Probes come by address, so any Host passes,
 * but only a caller who knows one of the gateway's names is told of the upstreams, and nobody where callers show keys.
 */
export function healthPages(readHealth: () => Health): readonly Page[] {
  const alive = () => ({ status: 200, body: { status: 'ok' } });
  const ready = ({ hostKnown }: PageExchange) => {
    const { ready, upstreams } = readHealth();
    const status = ready ? 'ready' : 'not ready';
    return {
      status: ready ? 200 : 503,
      body: hostKnown && upstreams !== undefined ? { status, upstreams } : { status },
    };
  };
  return [probe('/healthz', alive), probe('/readyz', ready)];
}

function probe(path: string, read: (exchange: PageExchange) => { status: number; body: unknown }): Page {
  return {
    path,
    audience: 'probe',
    handle(exchange) {
      const { request, response } = exchange;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        refuse(response, new GatewardError('HTTP_METHOD_NOT_ALLOWED'), { allow: 'GET, HEAD' });
        return;
      }
      const { status, body } = read(exchange);
      response.setHeader('Cache-Control', 'no-store');
      answerJson(response, status, Buffer.from(JSON.stringify(body)));
    },
  };
}
