/** A TCP proxy on loopback that loses what it is told to lose. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A proxy that runs. */
export interface LossyProxy {
  readonly port: number;
  /** Passes the next request on that holds these bytes, and cuts its connection when the answer comes. */
  loseAnswerTo(words: string): void;
  /** Answers lost so far. */
  lost(): number;
  /** Says nothing any more on the connections that there are, without ending them. New ones are not affected. */
  swallow(): void;
  stop(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startLossyProxy(target: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  const swallowed = new Set<Socket>();
  let wanted: string | undefined;
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let loses = false;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!swallowed.has(from)) to.destroy();
      });
      from.on('data', (chunk: Buffer) => {
        if (swallowed.has(from)) return;
        if (from === client && wanted !== undefined && chunk.includes(wanted)) {
          wanted = undefined;
          loses = true;
        }
        if (from === client || !loses) {
          to.write(chunk);
          return;
        }
        lost += 1;
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return {
    port: address.port,
    loseAnswerTo: (words) => {
      wanted = words;
    },
    lost: () => lost,
    swallow: () => {
      for (const socket of sockets) swallowed.add(socket);
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
