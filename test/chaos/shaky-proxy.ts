import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy whose connections can be cut and slowed. */
export interface ShakyProxy {
  readonly port: number;
  /** Breaks every connection, and takes none for so long. */
  cut(forMs: number): void;
  /** Holds back what the server sends by `delayMs`, for so long. */
  slow(delayMs: number, forMs: number): void;
  stop(): Promise<void>;
}

/** Starts a proxy to one port of this machine. */
export async function startShakyProxy(target: number): Promise<ShakyProxy> {
  const sockets = new Set<Socket>();
  let closedUntil = 0;
  let slowUntil = 0;
  let delayMs = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (Date.now() < closedUntil) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    keep(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (Date.now() >= slowUntil) client.write(chunk);
      else setTimeout(() => client.write(chunk), delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut(forMs) {
      closedUntil = Date.now() + forMs;
      for (const socket of sockets) socket.destroy();
    },
    slow(byMs, forMs) {
      delayMs = byMs;
      slowUntil = Date.now() + forMs;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
