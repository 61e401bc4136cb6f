import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type DoorTarget, startDoor } from './door-target.ts';
import { callBody, callHeaders, post } from './requests.ts';

let folder = '';
const targets: DoorTarget[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-tls-'));
});

afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
  await rm(folder, { recursive: true });
});

const paths = () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') });

async function save({ cert, key }: Certificate): Promise<void> {
  await writeFile(paths().cert, cert);
  await writeFile(paths().key, key);
}

async function start(): Promise<DoorTarget> {
  const target = await startDoor({
    listen: { host: '127.0.0.1', port: 0, tls: paths(), maxConnections: 100 },
  });
  targets.push(target);
  return target;
}

/** Calls once on `agent`'s connection; gives the status and the name in the certificate. */
function call(
  port: number,
  ca: string,
  agent: Agent,
): Promise<{ status: number | undefined; name: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      Origin: `https://localhost:${port}`,
      ...callHeaders('echo'),
    };
    const sent = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: '/mcp',
      method: 'POST',
      ca,
      agent,
      headers: { ...headers, Host: `localhost:${port}` },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.resume();
      const { socket } = response;
      const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
      response.on('end', () => resolve({ status: response.statusCode, name: String(name) }));
    });
    sent.end(callBody('echo'));
  });
}

describe('the door over TLS', () => {
  it('serves, names https in its URL, and takes its own origin for https', async () => {
    const certificate = makeCertificate('first');
    await save(certificate);
    const target = await start();
    expect(target.door.url).toBe(`https://127.0.0.1:${target.port}`);
    expect(await call(target.port, certificate.cert, new Agent())).toEqual({ status: 200, name: 'first' });
  });

  it('takes a new certificate for new connections, and keeps those that are open', async () => {
    const first = makeCertificate('first');
    await save(first);
    const target = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await call(target.port, first.cert, agent);
    const second = makeCertificate('second');
    await save(second);
    await target.door.reloadTls();
    expect((await call(target.port, first.cert, agent)).name).toBe('first');
    expect((await call(target.port, second.cert, new Agent())).name).toBe('second');
    agent.destroy();
  });

  it('keeps what it has while certificate and key do not fit', async () => {
    const first = makeCertificate('first');
    await save(first);
    const target = await start();
    await writeFile(paths().key, makeCertificate('other').key);
    await target.door.reloadTls();
    expect((await call(target.port, first.cert, new Agent())).name).toBe('first');
    const second = makeCertificate('second');
    await save(second);
    await target.door.reloadTls();
    expect((await call(target.port, second.cert, new Agent())).name).toBe('second');
    await rm(paths().cert);
    await target.door.reloadTls();
    expect((await call(target.port, second.cert, new Agent())).name).toBe('second');
    await writeFile(paths().cert, '');
  });

  it('does not start without a certificate that it can use', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    await save({ cert: makeCertificate('a').cert, key: makeCertificate('b').key });
    await expect(start()).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });

  it('closes on bytes that are no TLS, and lives on', async () => {
    const certificate = makeCertificate('first');
    await save(certificate);
    const target = await start();
    for (const bytes of [post(), Buffer.from('16030100', 'hex'), Buffer.alloc(1000)]) {
      const connection = await RawConnection.open(target.port);
      connection.send(bytes);
      connection.socket.end();
      await connection.closed();
    }
    expect((await call(target.port, certificate.cert, new Agent())).status).toBe(200);
  });
});

describe('a door that cannot listen', () => {
  it('says so', async () => {
    const target = await startDoor();
    targets.push(target);
    const again = startDoor({
      listen: { host: '127.0.0.1', port: target.port, tls: undefined, maxConnections: 1 },
    });
    await expect(again).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });
});
