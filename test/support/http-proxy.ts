/** A small HTTP proxy on loopback that takes every name to one port. */
import { createServer, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { portOf } from './http-upstream.ts';

/** What one client asked of the proxy. */
export interface ProxyRequest {
  /** `host:port` of a tunnel, or the whole URL. */
  readonly target: string;
  readonly authorization: string | undefined;
}

export interface HttpProxy {
  readonly port: number;
  readonly requests: readonly ProxyRequest[];
  close(): Promise<void>;
}

/** Starts a proxy which leads wherever it is asked to, but always to `port`. */
export async function startHttpProxy(port: number): Promise<HttpProxy> {
  const requests: ProxyRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const { url = '', method, headers } = incoming;
    requests.push({ target: url, authorization: headers['proxy-authorization'] });
    const { pathname, search } = new URL(url);
    const { 'proxy-authorization': _, ...others } = headers;
    const onward = request({
      host: '127.0.0.1',
      port,
      path: `${pathname}${search}`,
      method,
      headers: others,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, client: Socket, head: Buffer) => {
    requests.push({
      target: incoming.url ?? '',
      authorization: incoming.headers['proxy-authorization'],
    });
    const onward = connect({ host: '127.0.0.1', port }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [client, onward]) socket.on('error', () => socket.destroy());
    sockets.add(onward);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    requests,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
