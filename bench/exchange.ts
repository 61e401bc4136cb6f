import { connect, type Socket } from 'node:net';
import { readBody, readHeader, readResponse } from './response.ts';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  header(name: string): string | undefined;
}

/** Opens a connection to a port on 127.0.0.1, from another loopback address if `localAddress` is given. */
export function openSocket(port: number, localAddress?: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Sends one raw request on `socket` and waits for its whole answer; rejects with TypeError when the peer hangs up. */
export function exchangeOn(socket: Socket, raw: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let buffer: Buffer = Buffer.alloc(0);
    const settle = (finish: () => void): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      finish();
    };
    const onClose = (): void => settle(() => reject(new TypeError('connection closed before the answer')));
    const onData = (chunk: Buffer): void => {
      buffer = Buffer.concat([buffer, chunk]);
      const response = readResponse(buffer);
      if (response === undefined) return;
      const header = (name: string): string | undefined => readHeader(response.head, name);
      settle(() => resolve({ status: response.status, body: readBody(buffer, response), header }));
    };
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.write(raw);
  });
}

/** One request on a connection of its own. */
export async function exchange(port: number, raw: string): Promise<Answer> {
  const socket = await openSocket(port);
  socket.on('error', () => socket.destroy());
  socket.setTimeout(30_000, () => socket.destroy());
  try {
    return await exchangeOn(socket, raw);
  } finally {
    socket.destroy();
  }
}
