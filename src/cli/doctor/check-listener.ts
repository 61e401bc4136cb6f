import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Config, ListenConfig } from '../../config/types.ts';
import type { Finding } from './finding.ts';

/** Looks whether the gateway could listen where the configuration says. */
export async function checkListener({ listen }: Config): Promise<Finding[]> {
  const tls = await checkTls(listen);
  return tls === undefined ? [await checkAddress(listen)] : [await checkAddress(listen), tls];
}

async function checkAddress({ host, port }: ListenConfig): Promise<Finding> {
  const subject = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return { level: 'ok', subject, message: 'free to listen on' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      const message = 'in use: the gateway may be running already.';
      const cure = 'See it with: gateward server list. If that is another program, change listen.port.';
      return { level: 'warning', subject, message, cure };
    }
    const message = `The gateway cannot listen there (${String(code)}).`;
    return { level: 'problem', subject, message, cure: 'Change listen.host or listen.port.' };
  }
}

async function checkTls({ tls }: ListenConfig): Promise<Finding | undefined> {
  if (tls === undefined) return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
    createSecureContext({ cert, key });
    return { level: 'ok', subject: 'listen.tls', message: 'the certificate and its key can be used' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `The certificate or its key cannot be used: ${why}`;
    const cure = 'listen.tls takes two PEM files that belong together.';
    return { level: 'problem', subject: 'listen.tls', message, cure };
  }
}
