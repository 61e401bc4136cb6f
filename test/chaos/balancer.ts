import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A load balancer that sends each request to the next replica, without affinity and without health checks. */
export interface Balancer {
  readonly url: string;
  /** Breaks connections of clients that have waited for an answer for a while, at most so many. */
  cut(max: number): number;
  stop(): Promise<void>;
}

/**
 * Starts a balancer in front of these ports. A replica that takes no connection is passed over, as every balancer does;
 * a request that a replica has begun to read is never sent again.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<ServerResponse>();
  let next = 0;
  const server = createServer((incoming, outgoing) => {
    open.add(outgoing);
    outgoing.on('close', () => open.delete(outgoing));
    const first = next++;
    const order = ports.map((_, index) => ports[(first + index) % ports.length] ?? 0);
    void readBody(incoming).then(
      (body) => forward({ incoming, outgoing, body }, order),
      () => outgoing.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    cut(max) {
      const streams = [...open].filter((response) => response.headersSent).slice(0, max);
      for (const response of streams) response.destroy();
      return streams.length;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
}

function forward(exchange: Exchange, [port, ...others]: readonly number[]): void {
  const { incoming, outgoing, body } = exchange;
  if (port === undefined) {
    outgoing.writeHead(502).end();
    return;
  }
  const sent: ClientRequest = request(
    {
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
      agent: false,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    },
  );
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' && !outgoing.headersSent) forward(exchange, others);
    else outgoing.destroy();
  });
  outgoing.on('close', () => sent.destroy());
  sent.end(body);
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}
