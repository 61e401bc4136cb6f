import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askModern, type Json, modernMeta, resultOf } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');
const pem = (name: string): string => readFileSync(join(TLS, name), 'utf8');
const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];

const ends: (() => Promise<unknown>)[] = [];
let folder: string;
let upstream: ScriptedServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-network-'));
  upstream = await startScripted({ tools: { echo: () => text('hello') } });
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});

function keep<T>(thing: T, end: (thing: T) => Promise<unknown>): T {
  ends.push(() => end(thing));
  return thing;
}

async function serve(config: Json, env: Record<string, string | undefined> = {}): Promise<RunningGateway> {
  const configText = JSON.stringify({
    listen: { port: 0 },
    upstreams: { a: { url: upstream.url } },
    ...config,
  });
  return keep(await startGateway({ configText, env }), (gateway) => gateway.stop());
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

interface Sketch {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly ca?: string;
}

/** Any request, on a connection of its own, with whatever headers. */
function send(url: string, { method = 'GET', headers = {}, body, ca }: Sketch = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      let whole = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        whole += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: whole }),
      );
    };
    const options = { method, headers, agent: false as const };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, ...(ca !== undefined && { ca }) }, take)
      : httpRequest(url, options, take);
    request.on('error', reject).end(body);
  });
}

/** A modern request as `send` takes it. */
function modern(method: string, headers: OutgoingHttpHeaders = {}): Sketch {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: modernMeta() } }),
  };
}

/** `fetch` for an authority of our own. */
function trusting(ca: string) {
  return (url: string, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      httpsRequest(url, { method: init.method, headers: Object(init.headers), ca }, (response) => {
        const { statusCode, headers } = response;
        const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
        // The types of web streams differ between Node and the library of the compiler.
        const body = Readable.toWeb(response) as unknown as ReadableStream<Uint8Array>;
        resolve(new Response(body, { status: statusCode ?? 0, headers: pairs }));
      })
        .on('error', reject)
        .end(init.body);
    });
}

describe('a listener with TLS', () => {
  let gateway: RunningGateway;
  let cert: string;
  let key: string;
  beforeAll(async () => {
    [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await Promise.all([copyFile(join(TLS, 'server.pem'), cert), copyFile(join(TLS, 'server.key'), key)]);
    gateway = await serve({ listen: { port: 0, tls: { cert, key } } });
  });

  const serial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        { host: '127.0.0.1', port: gateway.port, ca: pem('ca.pem'), servername: 'localhost' },
        () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  const serialOf = (file: string): string => new X509Certificate(pem(file)).serialNumber;

  it('serves whoever trusts its authority, in both eras, and nobody else', async () => {
    expect(gateway.url).toMatch(/^https:/);
    const viaTls = trusting(pem('ca.pem'));
    const { message } = await askModern(`${gateway.url}/mcp`, 'tools/call', {
      params: { name: 'a__echo', arguments: {} },
      fetch: viaTls,
    });
    expect(textOf(resultOf(message))).toBe('hello');
    const initialize = await send(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      }),
      ca: pem('ca.pem'),
    });
    expect(initialize.status).toBe(200);
    expect(initialize.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/);
    await expect(send(`${gateway.url}/healthz`)).rejects.toThrow(/certificate|self.signed|verify/);
  });

  it('answers plain HTTP with nothing that hurts', async () => {
    const plain = connectSocket({ host: '127.0.0.1', port: gateway.port });
    let said = '';
    plain.setEncoding('latin1').on('data', (piece: string) => {
      said += piece;
    });
    plain.on('error', () => undefined);
    plain.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await new Promise((resolve) => plain.once('close', resolve));
    expect(said).not.toContain('200');
    expect((await send(`${gateway.url}/healthz`, { ca: pem('ca.pem') })).status).toBe(200);
  });

  it('takes a renewed certificate while a stream is open, and no pair that does not fit', async () => {
    const { length } = gateway.stderr();
    const stream = await trusting(pem('ca.pem'))(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: {
        ...(modern('subscriptions/listen').headers as Record<string, string>),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'subscriptions/listen',
        params: { notifications: { toolsListChanged: true }, _meta: modernMeta() },
      }),
    });
    expect(stream.status).toBe(200);
    let isOpen = true;
    void stream.text().then(
      () => {
        isOpen = false;
      },
      () => undefined,
    );
    expect(await serial()).toBe(serialOf('server.pem'));
    // The new certificate with the old key: what a writer leaves between two writes.
    await copyFile(join(TLS, 'renewed.pem'), cert);
    await vi.waitFor(() => expect(gateway.stderr().slice(length)).toMatch(/certificate or key/), 8000);
    expect(await serial()).toBe(serialOf('server.pem'));
    await copyFile(join(TLS, 'renewed.key'), key);
    await vi.waitFor(async () => expect(await serial()).toBe(serialOf('renewed.pem')), {
      timeout: 8000,
      interval: 200,
    });
    expect(isOpen).toBe(true);
  });

  it('that cannot be had ends the start with what is wrong', async () => {
    const bad = join(folder, 'bad.pem');
    await writeFile(bad, 'no certificate\n');
    const start = startGateway({
      configText: JSON.stringify({ listen: { port: 0, tls: { cert: bad, key: bad } } }),
    });
    await expect(start).rejects.toThrow(/LISTEN_FAILED[\s\S]*certificate or key/);
  });
});

describe('an upstream with TLS', () => {
  it('is reached with its own authority and a client certificate, and not without', async () => {
    const strict = await startScripted({
      tools: { echo: () => text('from behind TLS') },
      tls: {
        cert: pem('server.pem'),
        key: pem('server.key'),
        ca: pem('ca.pem'),
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    keep(strict, (one) => one.close());
    const { url } = strict;
    const ca = join(TLS, 'ca.pem');
    const own = { cert: join(TLS, 'client.pem'), key: join(TLS, 'client.key') };
    const gateway = await serve({
      upstreams: {
        right: { url, tls: { ca, ...own } },
        stranger: { url, tls: { ca } },
        doubter: { url, tls: own },
      },
    });
    const call = async (name: string) =>
      (
        await askModern(`${gateway.url}/servers/${name}/mcp`, 'tools/call', {
          params: { name: 'echo', arguments: {} },
        })
      ).message;
    expect(textOf(resultOf(await call('right')))).toBe('from behind TLS');
    for (const name of ['stranger', 'doubter']) {
      expect(await call(name)).toMatchObject({
        error: { code: -32_603, message: expect.stringContaining(name) },
      });
    }
    const { upstreams } = JSON.parse((await send(`${gateway.url}/readyz`)).text);
    expect(upstreams).toEqual([
      { name: 'right', state: 'up' },
      { name: 'stranger', state: 'down' },
      { name: 'doubter', state: 'down' },
    ]);
    expect(gateway.stderr()).toMatch(/"upstream":"doubter"[^\n]*certificate/i);
  });
});

describe('a proxy on the way out', () => {
  it('is used as the upstream says, with its password, or as the variables say, but not where it is excepted', async () => {
    const port = Number(new URL(upstream.url).port);
    const [own, common] = await Promise.all([startHttpProxy(port), startHttpProxy(port)]);
    keep(own, (one) => one.close());
    keep(common, (one) => one.close());
    const gateway = await serve(
      {
        upstreams: {
          own: { url: 'http://inner.invalid/mcp', proxy: `http://user:p%40ss@127.0.0.1:${own.port}` },
          common: { url: 'http://outer.invalid/mcp' },
          direct: { url: 'http://direct.invalid/mcp', proxy: 'none', connectTimeoutMs: 2000 },
          excepted: { url: 'http://excepted.invalid/mcp', connectTimeoutMs: 2000 },
          loopback: { url: upstream.url },
        },
      },
      { http_proxy: `http://127.0.0.1:${common.port}`, HTTP_PROXY: '', no_proxy: 'excepted.invalid' },
    );
    const { upstreams } = JSON.parse((await send(`${gateway.url}/readyz`)).text);
    expect(upstreams).toEqual([
      { name: 'own', state: 'up' },
      { name: 'common', state: 'up' },
      { name: 'direct', state: 'down' },
      { name: 'excepted', state: 'down' },
      { name: 'loopback', state: 'up' },
    ]);
    for (const name of ['own', 'common']) {
      const { message } = await askModern(`${gateway.url}/servers/${name}/mcp`, 'tools/call', {
        params: { name: 'echo', arguments: {} },
      });
      expect(textOf(resultOf(message))).toBe('hello');
    }
    const credentials = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(own.requests.length).toBeGreaterThan(0);
    for (const { target, authorization } of own.requests) {
      expect(target).toContain('inner.invalid');
      expect(authorization).toBe(credentials);
    }
    expect(common.requests.length).toBeGreaterThan(0);
    for (const { target, authorization } of common.requests) {
      expect(target).toContain('outer.invalid');
      expect(authorization).toBeUndefined();
    }
    // The proxy's password is the proxy's alone.
    for (const { headers } of upstream.received) {
      expect(JSON.stringify(headers)).not.toContain(credentials.slice(6));
    }
    expect(gateway.stderr()).not.toMatch(/p%40ss|p@ss/);
  });
});

describe('what proxies before the gateway say', () => {
  const card = async (gateway: RunningGateway, headers: OutgoingHttpHeaders): Promise<unknown> => {
    const got = await send(`http://127.0.0.1:${gateway.port}/servers/a/mcp/server-card`, { headers });
    return got.status === 200 ? JSON.parse(got.text).remotes[0].url : got.status;
  };
  const forwarded = {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'mcp.example.com',
  };
  const standard = { forwarded: 'for=203.0.113.9;proto=https;host=mcp.example.com' };
  const settings = { servers: { a: { public: true } } };

  it('is believed where the proxy is trusted', async () => {
    const gateway = await serve({
      ...settings,
      listen: { port: 0, allowedHosts: ['mcp.example.com'], trustedProxies: ['127.0.0.0/8'] },
    });
    const outside = 'https://mcp.example.com/servers/a/mcp';
    expect(await card(gateway, forwarded)).toBe(outside);
    expect(await card(gateway, standard)).toBe(outside);
    expect(await card(gateway, { ...forwarded, ...standard })).toBe(outside);
    expect(await card(gateway, {})).toBe(`${gateway.url}/servers/a/mcp`);
    // A host that is not the gateway's is refused, whoever says it.
    expect(await card(gateway, { ...forwarded, 'x-forwarded-host': 'attacker.example' })).toBe(403);
    // Two stories: one of them came from the client, and neither is believed.
    const mixed = { ...standard, 'x-forwarded-for': '198.51.100.7' };
    expect(await card(gateway, mixed)).toBe(`${gateway.url}/servers/a/mcp`);
  });

  it('is not believed by default, nor of a proxy that is not trusted', async () => {
    const [silent, other] = await Promise.all([
      serve({ ...settings, listen: { port: 0, allowedHosts: ['mcp.example.com'] } }),
      serve({
        ...settings,
        listen: { port: 0, allowedHosts: ['mcp.example.com'], trustedProxies: ['10.0.0.0/8'] },
      }),
    ]);
    for (const gateway of [silent, other]) {
      for (const headers of [forwarded, standard]) {
        expect(await card(gateway, headers)).toBe(`${gateway.url}/servers/a/mcp`);
      }
    }
  });
});

describe('requests of web pages and of strangers', () => {
  let gateway: RunningGateway;
  let url: string;
  beforeAll(async () => {
    gateway = await serve({
      listen: { port: 0, allowedOrigins: ['https://app.example'], allowedHosts: ['gateway.lan'] },
    });
    url = `${gateway.url}/mcp`;
  });

  const preflight = (origin: string): Sketch => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers':
        'content-type, mcp-protocol-version, mcp-method, mcp-param-region, x-evil',
    },
  });

  it('of an allowed origin pass their preflight, with the headers of the protocol and no others', async () => {
    const { status, headers, text: body } = await send(url, preflight('https://app.example'));
    expect({ status, body }).toEqual({ status: 204, body: '' });
    expect(headers['access-control-allow-origin']).toBe('https://app.example');
    expect(headers['access-control-allow-methods']).toMatch(/POST/);
    expect(headers['access-control-allow-headers']).toBe(
      'content-type, mcp-protocol-version, mcp-method, mcp-param-region',
    );
    expect(headers['vary']).toMatch(/Origin/);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('of an allowed origin may read the answers, errors too, and the headers that they need', async () => {
    for (const method of ['tools/list', 'no/such']) {
      const { headers } = await send(url, modern(method, { origin: 'https://app.example' }));
      expect(headers['access-control-allow-origin']).toBe('https://app.example');
      expect(headers['access-control-expose-headers']).toMatch(/Mcp-Session-Id/);
      expect(headers['access-control-expose-headers']).toMatch(/Retry-After/);
    }
  });

  it.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'null',
    'http://127.0.0.1:1',
  ])('of the origin %s are refused before anything is run', async (origin) => {
    const before = upstream.received.length;
    const got = await send(`${gateway.url}/servers/a/mcp`, modern('tools/list', { origin }));
    expect(got.status).toBe(403);
    expect(got.headers['access-control-allow-origin']).toBeUndefined();
    const asked = await send(url, preflight(origin));
    expect(asked.status).toBe(403);
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    expect(upstream.received).toHaveLength(before);
  });

  it('of the gateway’s own origin pass', async () => {
    expect((await send(url, modern('tools/list', { origin: gateway.url }))).status).toBe(200);
  });

  it.each([
    'attacker.example',
    'attacker.example:3232',
    '127.0.0.1.attacker.example',
    '169.254.169.254',
    'localhost.evil',
  ])(
    'under the name %s are refused on every path, as the name may have been bound to this address',
    async (host) => {
      for (const [path, sketch] of [
        ['/mcp', modern('tools/list')],
        ['/servers/a/mcp', modern('tools/list')],
        ['/admin/api/status', { headers: { authorization: `Bearer ${gateway.adminKey}` } }],
        ['/.well-known/ai-catalog.json', {}],
      ] as const) {
        const got = await send(`${gateway.url}${path}`, { ...sketch, headers: { ...sketch.headers, host } });
        expect([path, got.status]).toEqual([path, 403]);
      }
      // Probes come by address: they learn that it lives, and nothing else.
      const probe = await send(`${gateway.url}/readyz`, { headers: { host } });
      expect(probe.status).toBe(200);
      expect(JSON.parse(probe.text)).toEqual({ status: 'ready' });
    },
  );

  it.each(['localhost', '127.0.0.1:9', '[::1]:80', 'gateway.lan', 'GATEWAY.LAN:1'])(
    'under the name %s pass',
    async (host) => {
      expect((await send(url, modern('tools/list', { host }))).status).toBe(200);
    },
  );

  it('without a name are refused', async () => {
    const connection = await RawConnection.open(gateway.port);
    connection.send('GET /mcp HTTP/1.1\r\n\r\n');
    expect((await connection.answer()).status).toBe(400);
    connection.close();
  });
});

describe('the limit of each address', () => {
  it('answers 429 with the time to wait, and lets go on after it', async () => {
    const gateway = await serve({ listen: { port: 0, perAddress: { requestsPerSecond: 2, burst: 5 } } });
    const url = `${gateway.url}/servers/a/mcp`;
    const before = upstream.requests('tools/list').length;
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(url, modern('tools/list'))));
    const refused = answers.filter(({ status }) => status === 429);
    const passed = answers.filter(({ status }) => status === 200);
    expect(refused.length + passed.length).toBe(30);
    expect(passed.length).toBeGreaterThanOrEqual(5);
    expect(passed.length).toBeLessThanOrEqual(10);
    expect(upstream.requests('tools/list').length - before).toBe(passed.length);
    for (const { headers, text: body } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', error: { code: 1001 } });
    }
    await wait(Number(refused[0]?.headers['retry-after']) * 1000 + 100);
    expect((await send(url, modern('tools/list'))).status).toBe(200);
  });

  it('counts the clients behind a trusted proxy apart, and nobody’s claims', async () => {
    const listen = { port: 0, perAddress: { requestsPerSecond: 1, burst: 3 } };
    const [trusting, plain] = await Promise.all([
      serve({ listen: { ...listen, trustedProxies: ['127.0.0.1'] } }),
      serve({ listen }),
    ]);
    const statuses = async (gateway: RunningGateway, from: (index: number) => string) =>
      Promise.all(
        Array.from({ length: 9 }, async (_, index) => {
          const headers = { 'x-forwarded-for': from(index) };
          return (await send(`${gateway.url}/mcp`, modern('tools/list', headers))).status;
        }),
      );
    expect(await statuses(trusting, (index) => `203.0.113.${index}`)).toEqual(Array(9).fill(200));
    expect(
      (await statuses(trusting, () => '198.51.100.1')).filter((status) => status === 429).length,
    ).toBeGreaterThan(3);
    expect(
      (await statuses(plain, (index) => `203.0.113.${index}`)).filter((status) => status === 429).length,
    ).toBeGreaterThan(3);
  });
});
