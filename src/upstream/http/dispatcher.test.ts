import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type HttpUpstream,
  portOf,
  type Received,
  startHttpUpstream,
} from '../../../test/support/http-upstream.ts';
import { createUpstreamDispatcher, type DispatcherOptions } from './dispatcher.ts';
import { createEndpoint, type HttpEndpoint } from './http-endpoint.ts';
import { exchangeHttp } from './http-exchange.ts';

const TLS = join(import.meta.dirname, '../../../test/fixtures/tls');
const fixture = (name: string): string => join(TLS, name);

const closers: (() => Promise<unknown>)[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-tls-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

async function serveTls(answer: (received: Received) => unknown, name = 'server'): Promise<HttpUpstream> {
  const server = await startHttpUpstream(answer, {
    cert: await readFile(fixture(`${name}.pem`)),
    key: await readFile(fixture(`${name}.key`)),
    ca: await readFile(fixture('ca.pem')),
    requestCert: true,
    rejectUnauthorized: false,
  });
  closers.push(() => server.close());
  return server;
}

async function endpointOf(url: URL, more: Partial<DispatcherOptions> = {}): Promise<HttpEndpoint> {
  const dispatcher = await createUpstreamDispatcher({
    url,
    proxy: null,
    connectTimeoutMs: 1_000,
    maxConnections: 2,
    ...more,
  });
  closers.push(() => dispatcher.close());
  return createEndpoint({ url, dispatcher, headers: {}, maxResponseBytes: 1_000 });
}

async function get(endpoint: HttpEndpoint): Promise<string> {
  const signal = new AbortController().signal;
  const end = await exchangeHttp({ endpoint, method: 'GET', headers: [], pool: 'calls', signal });
  if (end.kind !== 'body') throw new TypeError('No body.');
  return `${end.head.status} ${end.body.toString()}`;
}

function peerOf({ req }: Received): string {
  const subject = (req.socket as TLSSocket).getPeerCertificate().subject;
  return subject === undefined ? 'nobody' : String(subject.CN);
}

test('a certificate of an unknown authority is not accepted', async () => {
  const server = await serveTls(({ res }) => res.end());
  await expect(get(await endpointOf(server.url))).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: expect.stringContaining('certificate'),
  });
  expect(server.received).toHaveLength(0);
});

test('a certificate of the configured authority is accepted, for its names only', async () => {
  const server = await serveTls((received) => received.res.end(peerOf(received)));
  const tls = { ca: fixture('ca.pem') };
  expect(await get(await endpointOf(server.url, { tls }))).toBe('200 nobody');
  const other = new URL(server.url);
  other.hostname = '127.0.0.2';
  await expect(get(await endpointOf(other, { tls }))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('the client certificate is shown, and a new one as soon as the files change', async () => {
  const server = await serveTls((received) => {
    received.res.setHeader('connection', 'close');
    received.res.end(peerOf(received));
  });
  const tls = { ca: fixture('ca.pem'), cert: join(folder, 'c.pem'), key: join(folder, 'c.key') };
  await copyFile(fixture('client.pem'), tls.cert);
  await copyFile(fixture('client.key'), tls.key);
  const endpoint = await endpointOf(server.url, { tls });
  expect(await get(endpoint)).toBe('200 client');
  await copyFile(fixture('renewed.pem'), tls.cert);
  await copyFile(fixture('renewed.key'), tls.key);
  expect(await get(endpoint)).toBe('200 renewed');
});

test('a TLS file that vanishes makes new connections fail, and says so', async () => {
  const server = await serveTls(({ res }) => {
    res.setHeader('connection', 'close');
    res.end();
  });
  const ca = join(folder, 'ca.pem');
  await copyFile(fixture('ca.pem'), ca);
  const endpoint = await endpointOf(server.url, { tls: { ca } });
  await get(endpoint);
  await rm(ca);
  await expect(get(endpoint)).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: expect.stringContaining('tls'),
  });
});

test('a server that accepts and then says nothing of TLS is given up in time', async () => {
  const server = createTcpServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const url = new URL(`https://127.0.0.1:${portOf(server)}/mcp`);
  await expect(get(await endpointOf(url, { connectTimeoutMs: 100 }))).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: expect.stringContaining('in time'),
  });
});

interface Proxy {
  readonly url: string;
  readonly seen: string[];
}

/** A proxy that forwards and tunnels, and asks for the credentials `user:pass`. */
async function startProxy(): Promise<Proxy> {
  const seen: string[] = [];
  const allowed = (req: IncomingMessage): boolean =>
    req.headers['proxy-authorization'] === `Basic ${Buffer.from('user:pass').toString('base64')}`;
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    if (allowed(req)) res.end('forwarded');
    else res.writeHead(407).end();
  });
  server.on('connect', (req, socket) => {
    seen.push(`CONNECT ${req.url}`);
    if (!allowed(req)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host, port] = (req.url ?? '').split(':');
    const target = connectTcp(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    socket.on('error', () => target.destroy());
    target.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `127.0.0.1:${portOf(server)}`, seen };
}

test('a proxy tunnels to https and forwards to http, with its credentials', async () => {
  const proxy = await startProxy();
  const server = await serveTls((received) => received.res.end(peerOf(received)));
  const tls = { ca: fixture('ca.pem'), cert: fixture('client.pem'), key: fixture('client.key') };
  const tunnelled = await endpointOf(server.url, { tls, proxy: `http://user:pass@${proxy.url}` });
  expect(await get(tunnelled)).toBe('200 client');
  const forwarded = await endpointOf(new URL('http://upstream.test/mcp'), {
    proxy: `http://user:pass@${proxy.url}`,
  });
  expect(await get(forwarded)).toBe('200 forwarded');
  expect(proxy.seen).toEqual([`CONNECT ${server.url.host}`, 'GET http://upstream.test/mcp']);
});

test('a proxy that refuses the credentials is named, and nothing was run', async () => {
  const proxy = await startProxy();
  const server = await serveTls(({ res }) => res.end());
  for (const url of [server.url, new URL('http://upstream.test/mcp')]) {
    await expect(
      get(await endpointOf(url, { proxy: `http://user:nope@${proxy.url}` })),
    ).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('proxy'),
    });
  }
  expect(server.received).toHaveLength(0);
});

test('a TLS file that cannot be read stops the making', async () => {
  await expect(
    endpointOf(new URL('https://127.0.0.1/'), { tls: { ca: join(folder, 'none') } }),
  ).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
  });
});
