import { afterEach, describe, expect, it } from 'vitest';
import { healthPages } from '../../src/doors/health.ts';
import type { Page } from '../../src/doors/routes.ts';
import { cardPages } from '../../src/doors/well-known.ts';
import { GatewardError } from '../../src/errors.ts';
import { type RawAnswer, RawConnection } from '../support/raw-http.ts';
import { type DoorTarget, startDoor } from './door-target.ts';
import { head, post } from './requests.ts';

const targets: DoorTarget[] = [];

afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(pages: readonly Page[]): Promise<DoorTarget> {
  const target = await startDoor({ pages });
  targets.push(target);
  return target;
}

async function ask(target: DoorTarget, bytes: string | Buffer): Promise<RawAnswer> {
  const connection = await RawConnection.open(target.port);
  try {
    connection.send(bytes);
    return await connection.answer();
  } finally {
    connection.close();
  }
}

const json = (answer: RawAnswer) => JSON.parse(answer.body.toString());
const header = (answer: RawAnswer, name: string) => answer.headers.get(name)?.join();

describe('health', () => {
  const health = { ready: true, upstreams: [{ name: 'files', state: 'ready' }] };

  it('is told by address, the upstreams only by name', async () => {
    const target = await start(healthPages(() => health));
    const probe = (path: string) => ask(target, `GET ${path} HTTP/1.1\r\nHost: 10.0.0.7:3232\r\n\r\n`);
    expect(json(await probe('/healthz'))).toEqual({ status: 'ok' });
    expect(json(await probe('/readyz'))).toEqual({ status: 'ready' });
    const own = await ask(target, head('GET', '/readyz'));
    expect(json(own)).toEqual({ status: 'ready', upstreams: health.upstreams });
    expect(header(own, 'cache-control')).toBe('no-store');
  });

  it('is 503 while nothing can be served', async () => {
    const target = await start(healthPages(() => ({ ...health, ready: false })));
    const answer = await ask(target, head('GET', '/readyz'));
    expect(answer.status).toBe(503);
    expect(json(answer).status).toBe('not ready');
    expect((await ask(target, head('POST', '/readyz', ['Content-Length: 0']))).status).toBe(405);
  });
});

describe('public documents', () => {
  const document = (text: string, mediaType: string) => ({
    bytes: Buffer.from(text),
    etag: `"${text.length}"`,
    mediaType,
  });
  const pages = cardPages(
    [
      { name: 'all', path: '/mcp' },
      { name: 'one', path: '/servers/one/mcp' },
    ],
    {
      card: async (server, baseUrl) =>
        server === 'one'
          ? undefined
          : document(`${server} at ${baseUrl}`, 'application/mcp-server-card+json'),
      aiCatalog: () => document('catalog', 'application/ai-catalog+json'),
    },
  );

  it('are read by pages of any origin', async () => {
    const answer = await ask(
      await start(pages),
      head('GET', '/mcp/server-card', ['Origin: https://any.example']),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('all at http://localhost');
    expect(header(answer, 'content-type')).toBe('application/mcp-server-card+json');
    expect(header(answer, 'access-control-allow-origin')).toBe('*');
    expect(header(answer, 'access-control-expose-headers')).toBe('ETag');
    expect(header(answer, 'cache-control')).toBe('public, max-age=3600');
    expect(header(answer, 'etag')).toBe('"23"');
  });

  it.each(['"23"', 'W/"23"', '"1", "23"', '*'])('are not sent again to who has them: %s', async (tag) => {
    const answer = await ask(await start(pages), head('GET', '/mcp/server-card', [`If-None-Match: ${tag}`]));
    expect(answer.status).toBe(304);
    expect(header(answer, 'etag')).toBe('"23"');
    expect(answer.body.length).toBe(0);
  });

  it('answer preflights, and no method but GET and HEAD', async () => {
    const target = await start(pages);
    const preflight = await ask(
      target,
      head('OPTIONS', '/.well-known/ai-catalog.json', ['Origin: https://any.example']),
    );
    expect(preflight.status).toBe(204);
    expect(header(preflight, 'access-control-allow-headers')).toBe('Content-Type, If-None-Match');
    const answer = await ask(target, post({ path: '/mcp/server-card' }));
    expect([answer.status, header(answer, 'allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('are kept to themselves where a server is not public, and from rebound names', async () => {
    const target = await start(pages);
    expect((await ask(target, head('GET', '/servers/one/mcp/server-card'))).status).toBe(404);
    expect((await ask(target, 'GET /mcp/server-card HTTP/1.1\r\nHost: evil.example\r\n\r\n')).status).toBe(
      403,
    );
  });
});

describe('a page', () => {
  const echo: Page = {
    path: '/admin/api/',
    audience: 'own',
    async handle({ response, path, query, readBody }) {
      const body = await readBody();
      response.end(`${path}|${query}|${body}`);
    },
  };

  it('covers what lies below its path, and reads bodies within the limits', async () => {
    const target = await start([echo]);
    expect((await ask(target, post({ path: '/admin/api/x/y?q=1', body: 'hello' }))).status).toBe(200);
    expect((await ask(target, post({ path: '/admin/apix', body: 'hello' }))).status).toBe(404);
    expect((await ask(target, post({ path: '/admin/api/', body: 'x'.repeat(100_001) }))).status).toBe(413);
    const slow = post({ path: '/admin/api/', headers: { 'Content-Length': '500' }, body: 'x' });
    expect((await ask(target, slow)).status).toBe(408);
  });

  it('is closed to foreign pages, and gives no page the right to read', async () => {
    const target = await start([echo]);
    const from = (origin: string) => post({ path: '/admin/api/', body: '', headers: { Origin: origin } });
    expect((await ask(target, from('https://evil.example'))).status).toBe(403);
    const own = await ask(target, from('http://localhost'));
    expect(own.status).toBe(200);
    expect(own.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('that fails is answered without a word of why', async () => {
    const fails = (path: string, handle: Page['handle']): Page => ({ path, audience: 'own', handle });
    const target = await start([
      fails('/throws', () => {
        throw new TypeError('secret');
      }),
      fails('/rejects', async () => Promise.reject(new TypeError('secret'))),
      fails('/refuses', async () => Promise.reject(new GatewardError('ADMIN_KEY_REQUIRED'))),
    ]);
    for (const path of ['/throws', '/rejects']) {
      const answer = await ask(target, head('GET', path));
      expect(answer.status).toBe(500);
      expect(answer.body.toString()).not.toContain('secret');
    }
    expect((await ask(target, head('GET', '/refuses'))).status).toBe(401);
  });
});

describe('other settings', () => {
  it('hold from the next request on, on open connections too', async () => {
    const target = await start([]);
    const connection = await RawConnection.open(target.port);
    connection.send(post({ path: '/servers/two/mcp' }));
    expect((await connection.answer()).status).toBe(404);
    target.door.update({
      ...target.settings,
      servers: [{ name: 'two', path: '/servers/two/mcp' }],
      publicUrl: 'https://mcp.example.com',
    });
    connection.send(
      post({
        path: '/servers/two/mcp',
        headers: { Host: 'mcp.example.com', Origin: 'https://mcp.example.com' },
      }),
    );
    expect((await connection.answer()).status).toBe(200);
    connection.close();
  });
});
