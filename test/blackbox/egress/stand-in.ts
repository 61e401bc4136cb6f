/** Stand-ins for the open internet and for what must never be reached from it. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { type AddressKind, judgeAddress } from '../../../src/guard/egress/judge-address.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { portOf } from '../../support/http-upstream.ts';

/** The one address of loopback that counts as public, for the tests alone. */
export const PUBLIC_ADDRESS = '127.0.0.2';

/** The rules for addresses, but for the stand-in. */
export function judgeForTests(address: string): AddressKind {
  return address === PUBLIC_ADDRESS ? 'public' : judgeAddress(address);
}

/** Listens where nobody may connect to, and counts who does. */
export interface Canary {
  readonly port: number;
  hits(): number;
  close(): Promise<void>;
}

/** A canary on 127.0.0.1, which 0.0.0.0 reaches too, and on ::1 where there is one. */
export async function startCanary(): Promise<Canary> {
  let hits = 0;
  const make = (): Server =>
    createTcpServer((socket) => {
      hits += 1;
      socket.destroy();
    });
  const first = make().listen(0, '127.0.0.1');
  await once(first, 'listening');
  const port = portOf(first);
  const second = make();
  const hasSecond = await new Promise<boolean>((resolve) => {
    second.once('error', () => resolve(false));
    second.listen({ port, host: '::1', ipv6Only: true }, () => resolve(true));
  });
  const close = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));
  return {
    port,
    hits: () => hits,
    close: async () => {
      await Promise.all([close(first), ...(hasSecond ? [close(second)] : [])]);
    },
  };
}

/** A web server at the public address. */
export interface PublicServer {
  /** PEM of the authority that signed for it. */
  readonly ca: string;
  /** The requests so far, as `HOST PATH`. */
  readonly seen: readonly string[];
  /** The headers of the newest request. */
  headers(): IncomingMessage['headers'];
  close(): Promise<void>;
}

/** Starts a web server for these names at the public address, at the canary's port. */
export async function startPublic(
  { port, hosts }: { readonly port: number; readonly hosts: readonly string[] },
  answer: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<PublicServer> {
  const { cert, key } = makeCertificate('public', hosts);
  const seen: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  const server = createServer({ cert, key }, (req, res) => {
    seen.push(`${req.headers.host} ${req.url}`);
    headers = req.headers;
    answer(req, res);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(port, PUBLIC_ADDRESS);
  await once(server, 'listening');
  return {
    ca: cert,
    seen,
    headers: () => headers,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
