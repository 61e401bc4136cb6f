import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askModern, type Json, resultOf } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { readDefinitions } from '../support/schemas.ts';
import { type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';
import { VOUCHED } from '../support/vouched.ts';

const STEADY = fileURLToPath(new URL('../fixtures/stdio/steady.js', import.meta.url));
const CARD = 'application/mcp-server-card+json';
const schema = readDefinitions('server-card.json');

let upstream: ScriptedServer;
let gateway: RunningGateway;
beforeAll(async () => {
  upstream = await startScripted({
    tools: { echo: () => text('hello') },
    methods: {
      'server/discover': () => ({
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'private',
        _meta: {
          'io.modelcontextprotocol/serverInfo': {
            name: 'inner-name',
            title: 'Weather of the world',
            version: '3.1.4',
            description: `Knows the weather.\n\n${'And much more. '.repeat(20)}`,
          },
        },
      }),
    },
  });
  gateway = await startGateway({ configText: JSON.stringify(config()) });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function config(more: Json = {}): Json {
  return {
    listen: { port: 0, allowedHosts: ['gateway.lan'] },
    launch: VOUCHED,
    upstreams: {
      weather: { url: `${upstream.url}?key=internal-query` },
      steady: { command: process.execPath, args: [STEADY, '--name', 'internal-argument'] },
      hidden: { url: upstream.url },
    },
    servers: {
      all: { public: true, title: 'Everything' },
      weather: { public: true },
      steady: {
        public: true,
        title: 'Steady',
        card: { name: 'org.example/steady', version: '9.9.9', description: 'Says what it is told to' },
      },
      hidden: {},
    },
    ...more,
  };
}

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json(): Json;
}

/** Gets a path; `host` goes into the header, which `fetch` would not let be set. */
function get(
  path: string,
  options: { host?: string; method?: string; headers?: Record<string, string> } = {},
) {
  const { host, method = 'GET', headers = {} } = options;
  return new Promise<Got>((resolve, reject) => {
    request(
      `${gateway.url}${path}`,
      { method, headers: { ...headers, ...(host !== undefined && { host }) } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          body += piece;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: new Headers(
              Object.entries(response.headers).map(([name, value]): [string, string] => [
                name,
                String(value),
              ]),
            ),
            text: body,
            json: () => JSON.parse(body),
          }),
        );
      },
    )
      .on('error', reject)
      .end();
  });
}

const PATHS: readonly [string, string][] = [
  ['the merged server', '/mcp'],
  ['a server over HTTP', '/servers/weather/mcp'],
  ['a server that is a process', '/servers/steady/mcp'],
];

describe.each(PATHS)('the card of %s', (_, path) => {
  it('is below its endpoint, valid, and leads back to it', async () => {
    const got = await get(`${path}/server-card`);
    expect(got.status).toBe(200);
    expect(got.headers.get('content-type')).toBe(CARD);
    const card = got.json();
    expect(schema.faultsOf('ServerCard', card)).toEqual([]);
    expect(card['remotes']).toEqual([
      {
        type: 'streamable-http',
        url: `${gateway.url}${path}`,
        supportedProtocolVersions: expect.arrayContaining(['2026-07-28', '2025-11-25']),
      },
    ]);
    expect(card).not.toHaveProperty('tools');
  });

  it('says of the live server what that says of itself', async () => {
    const { message } = await askModern(`${gateway.url}${path}`, 'server/discover');
    const { _meta, supportedVersions } = resultOf(message) as { _meta: Json; supportedVersions: string[] };
    const info = _meta['io.modelcontextprotocol/serverInfo'] as Json;
    const card = (await get(`${path}/server-card`)).json();
    if (path !== '/servers/steady/mcp') {
      expect(card).toMatchObject({ version: info['version'], title: info['title'] });
    }
    const [remote] = card['remotes'] as { supportedProtocolVersions: string[] }[];
    expect(remote?.supportedProtocolVersions).toEqual(expect.arrayContaining(supportedVersions));
    for (const version of remote?.supportedProtocolVersions ?? []) {
      if (version === '2026-07-28') continue;
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 't', version: '1' } },
        }),
      });
      expect(await response.text()).toContain(`"protocolVersion":"${version}"`);
    }
  });

  it('may be read by every page and kept for an hour', async () => {
    const { headers } = await get(`${path}/server-card`, { headers: { origin: 'https://anywhere.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-methods')).toContain('GET');
    expect(headers.get('access-control-allow-headers')).toBe('Content-Type, If-None-Match');
    expect(headers.get('access-control-expose-headers')).toContain('ETag');
    expect(headers.get('cache-control')).toBe('public, max-age=3600');
    expect(headers.get('etag')).toMatch(/^"[^"]+"$/);
  });

  it('is not sent again to who has it, and answers HEAD without a body', async () => {
    const first = await get(`${path}/server-card`);
    const etag = first.headers.get('etag') ?? '';
    const again = await get(`${path}/server-card`, { headers: { 'if-none-match': etag } });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(again.headers.get('etag')).toBe(etag);
    expect(again.headers.get('access-control-allow-origin')).toBe('*');
    const head = await get(`${path}/server-card`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers.get('etag')).toBe(etag);
    expect(head.headers.get('content-type')).toBe(CARD);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(first.text)));
  });

  it('and everything about it names nothing that lies behind the gateway', async () => {
    const texts = [
      await get(`${path}/server-card`),
      await get('/.well-known/ai-catalog.json'),
      await get(`${path}/server-card`, { method: 'POST' }),
    ];
    const inner = [
      new URL(upstream.url).port,
      'internal-',
      STEADY,
      process.execPath,
      'steady.js',
      'inner-name',
    ];
    for (const { text: said, headers } of texts) {
      const all = said + JSON.stringify([...headers]);
      for (const word of inner) expect(all).not.toContain(word);
    }
  });
});

describe('a card', () => {
  it('has the words of the operator where there are some', async () => {
    expect((await get('/servers/steady/mcp/server-card')).json()).toMatchObject({
      name: 'org.example/steady',
      version: '9.9.9',
      description: 'Says what it is told to',
      title: 'Steady',
    });
  });

  it('else has those of the live server, cut where they are too long', async () => {
    const card = (await get('/servers/weather/mcp/server-card')).json();
    expect(card).toMatchObject({
      name: 'localhost/weather',
      title: 'Weather of the world',
      version: '3.1.4',
    });
    expect(card['description']).toMatch(/^Knows the weather\. And much more\./);
    expect(String(card['description']).length).toBeLessThanOrEqual(100);
  });

  it.each(['hidden', 'absent'])('of a server that is not public is not there: %s', async (name) => {
    expect((await get(`/servers/${name}/mcp/server-card`)).status).toBe(404);
    expect((await get('/.well-known/ai-catalog.json')).text).not.toContain(name);
  });

  it('names the host that the client used, if it is one of the gateway', async () => {
    const named = await get('/servers/weather/mcp/server-card', { host: 'gateway.lan:8080' });
    expect(named.json()).toMatchObject({
      name: 'lan.gateway/weather',
      remotes: [{ url: 'http://gateway.lan:8080/servers/weather/mcp' }],
    });
    const foreign = await get('/servers/weather/mcp/server-card', { host: 'attacker.example' });
    expect(foreign.status).toBe(403);
    expect(foreign.text).not.toContain('attacker.example');
    expect((await get('/.well-known/ai-catalog.json', { host: 'attacker.example' })).status).toBe(403);
  });

  it('keeps its tag as long as it says the same, and gets another where it does not', async () => {
    const tag = async (host: string) =>
      (await get('/servers/weather/mcp/server-card', { host })).headers.get('etag');
    const first = await tag('gateway.lan');
    expect(await tag('gateway.lan')).toBe(first);
    expect(await tag('localhost')).not.toBe(first);
  });

  it.each(['POST', 'PUT', 'DELETE'])('refuses %s', async (method) => {
    const got = await get('/servers/weather/mcp/server-card', { method });
    expect(got.status).toBe(405);
    expect(got.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers the preflight of any page', async () => {
    const got = await get('/servers/weather/mcp/server-card', {
      method: 'OPTIONS',
      headers: { origin: 'https://anywhere.example', 'access-control-request-method': 'GET' },
    });
    expect(got.status).toBe(204);
    expect(got.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('the catalog', () => {
  it('has an entry for each public server, each of which leads to its card', async () => {
    const got = await get('/.well-known/ai-catalog.json');
    expect(got.status).toBe(200);
    expect(got.headers.get('content-type')).toBe('application/ai-catalog+json');
    expect(got.headers.get('access-control-allow-origin')).toBe('*');
    expect(got.headers.get('cache-control')).toBe('public, max-age=3600');
    const { specVersion, entries } = got.json() as { specVersion: string; entries: Json[] };
    expect(specVersion).toBe('1.0');
    expect(entries.map(({ identifier }) => identifier).toSorted()).toEqual([
      'urn:air:127.0.0.1:mcp:all',
      'urn:air:127.0.0.1:mcp:steady',
      'urn:air:127.0.0.1:mcp:weather',
    ]);
    for (const { type, mediaType, displayName, url, data } of entries) {
      expect({ type, mediaType, data }).toEqual({ type: CARD, mediaType: CARD, data: undefined });
      expect(displayName).toEqual(expect.any(String));
      const response = await fetch(String(url));
      expect(response.headers.get('content-type')).toBe(CARD);
      expect(schema.faultsOf('ServerCard', await response.json())).toEqual([]);
    }
  });

  it('has a tag, and answers HEAD', async () => {
    const etag = (await get('/.well-known/ai-catalog.json')).headers.get('etag') ?? '';
    const headers = { 'if-none-match': etag };
    expect(await get('/.well-known/ai-catalog.json', { headers })).toMatchObject({ status: 304, text: '' });
    const head = await get('/.well-known/ai-catalog.json', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
  });
});

describe('with a public URL', () => {
  let other: RunningGateway;
  beforeAll(async () => {
    other = gateway;
    gateway = await startGateway({
      configText: JSON.stringify(config({ publicUrl: 'https://mcp.example.com/gate' })),
    });
    // What it prints as its URL is the public one.
    gateway = { ...gateway, url: `http://127.0.0.1:${gateway.port}` };
  });
  afterAll(async () => {
    await gateway.stop();
    gateway = other;
  });

  it('cards and catalog say it, whatever Host the client used', async () => {
    for (const host of ['127.0.0.1', 'mcp.example.com', 'gateway.lan:99']) {
      expect((await get('/servers/weather/mcp/server-card', { host })).json()).toMatchObject({
        name: 'com.example.mcp/weather',
        remotes: [{ url: 'https://mcp.example.com/gate/servers/weather/mcp' }],
      });
      const { entries } = (await get('/.well-known/ai-catalog.json', { host })).json() as { entries: Json[] };
      expect(entries).toContainEqual(
        expect.objectContaining({
          identifier: 'urn:air:mcp.example.com:mcp:weather',
          url: 'https://mcp.example.com/gate/servers/weather/mcp/server-card',
        }),
      );
    }
  });
});

describe('a server that cannot be reached', () => {
  it('still has a valid card, which tells nothing of why', async () => {
    const gone = await startGateway({
      configText: JSON.stringify({
        listen: { port: 0 },
        upstreams: { gone: { url: 'http://127.0.0.1:1/mcp', connectTimeoutMs: 500 } },
        servers: { gone: { public: true } },
      }),
    });
    try {
      const response = await vi.waitFor(() => fetch(`${gone.url}/servers/gone/mcp/server-card`));
      expect(response.status).toBe(200);
      const card = await response.text();
      expect(schema.faultsOf('ServerCard', JSON.parse(card))).toEqual([]);
      expect(card).not.toMatch(/127\.0\.0\.1:1\/|refused|down/);
    } finally {
      await gone.stop();
    }
  });
});
