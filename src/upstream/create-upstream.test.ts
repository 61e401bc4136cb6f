import { afterEach, describe, expect, test } from 'vitest';
import { startLegacyHttp } from '../../test/fixtures/servers/legacy-http.ts';
import { startLegacySse } from '../../test/fixtures/servers/legacy-sse.ts';
import { startModernHttp } from '../../test/fixtures/servers/modern-http.ts';
import { makeCall } from '../../test/support/calls.ts';
import {
  closedPort,
  openStream,
  type Received,
  sendJson,
  startHttpUpstream,
} from '../../test/support/http-upstream.ts';
import { upstreamAt } from '../../test/support/upstream-over-http.ts';
import type { HttpUpstreamConfig } from '../config/types.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Upstream } from './upstream.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function make(url: string, config: Partial<HttpUpstreamConfig> = {}): Upstream {
  const upstream = upstreamAt(url, { config });
  closers.push(() => upstream.close());
  return upstream;
}

async function serve(answer: (received: Received) => unknown): Promise<string> {
  const server = await startHttpUpstream(answer);
  closers.push(() => server.close());
  return server.url.href;
}

const simpleText = makeCall({ params: { name: 'test_simple_text', arguments: {} } });
const listTools = makeCall({ method: 'tools/list', params: {}, name: undefined });

async function expectServed(upstream: Upstream): Promise<void> {
  for (const call of [listTools, simpleText]) {
    const outcome = await upstream.call(call, 'c');
    expect(outcome).toMatchObject({ kind: 'complete' });
    expect(outcome.kind === 'complete' && outcome.result.get('resultType')?.string()).toBe('complete');
  }
}

describe('a real server', () => {
  test('of the modern era is found out and served', async () => {
    const fixture = await startModernHttp();
    closers.push(() => fixture.stop());
    const upstream = make(String(fixture.url));
    await expectServed(upstream);
    expect(upstream.status()).toMatchObject({
      state: 'up',
      era: 'modern',
      transport: 'http',
      protocolVersion: '2026-07-28',
    });
    expect(upstream.status().serverInfo?.get('name')?.kind).toBe('string');
  });

  test.each([{ era: 'auto' }, { era: 'legacy' }, { era: 'legacy', transport: 'http' }] as const)(
    'of the legacy era is found out and served with %j',
    async (config) => {
      const fixture = await startLegacyHttp();
      closers.push(() => fixture.stop());
      const upstream = make(String(fixture.url), config);
      await expectServed(upstream);
      expect(upstream.status()).toMatchObject({
        state: 'up',
        era: 'legacy',
        transport: 'http',
        protocolVersion: '2025-11-25',
      });
      expect(upstream.status().serverInfo?.get('name')?.kind).toBe('string');
      await upstream.close();
      expect(fixture.sessionCount()).toBe(0);
    },
  );

  test.each(['auto', 'sse'] as const)('of HTTP+SSE is served with transport %s', async (transport) => {
    const fixture = await startLegacySse();
    closers.push(() => fixture.stop());
    const upstream = make(String(fixture.url), { transport });
    await expectServed(upstream);
    expect(upstream.status()).toMatchObject({ state: 'up', era: 'legacy', transport: 'sse' });
  });

  test('of the legacy era with polling streams gives its answer and its progress', async () => {
    const fixture = await startLegacyHttp({ retryMs: 50 });
    closers.push(() => fixture.stop());
    const upstream = make(String(fixture.url));
    const call = makeCall({ params: { name: 'test_reconnection', arguments: {} } });
    await expect(upstream.call(call, 'c')).resolves.toMatchObject({ kind: 'complete' });
  });

  test('tells a listen of its changes, in either era', async () => {
    for (const start of [startModernHttp, startLegacyHttp]) {
      const fixture = await start();
      closers.push(() => fixture.stop());
      const upstream = make(String(fixture.url));
      const abort = new AbortController();
      const heard: string[] = [];
      const changed = Promise.withResolvers<void>();
      const acknowledged = Promise.withResolvers<void>();
      const notify = (json: JsonText): undefined => {
        const method = json.get('method')?.string() ?? '';
        heard.push(method);
        if (method.endsWith('acknowledged')) acknowledged.resolve();
        if (method === 'notifications/tools/list_changed') changed.resolve();
      };
      const params = { notifications: { toolsListChanged: true } };
      const listen = makeCall({ method: 'subscriptions/listen', params, signal: abort.signal, notify });
      const ended = upstream.call(listen, 'c');
      await acknowledged.promise;
      await upstream.call(makeCall({ params: { name: 'test_trigger_tool_change', arguments: {} } }), 'c');
      await changed.promise;
      abort.abort(new TypeError('enough'));
      await expect(ended).rejects.toThrow('enough');
    }
  });
});

describe('an upstream is down', () => {
  test('when nobody listens', async () => {
    const upstream = make(`http://127.0.0.1:${await closedPort()}/mcp`);
    await upstream.settled();
    expect(upstream.status()).toMatchObject({
      state: 'down',
      era: undefined,
      lastError: { code: 'UPSTREAM_UNAVAILABLE' },
    });
  });

  test.each([
    [401, 'UPSTREAM_REFUSED'],
    [503, 'UPSTREAM_FAILED'],
    [429, 'RATE_LIMITED'],
    [404, 'UPSTREAM_INVALID'],
  ])('when it answers everything by HTTP %i', async (status, code) => {
    const upstream = make(await serve(({ res }) => res.writeHead(status).end()));
    await upstream.settled();
    expect(upstream.status()).toMatchObject({ state: 'down', lastError: { code } });
  });

  test('when it says nothing', async () => {
    const upstream = make(await serve(() => undefined), { timeoutMs: 100 });
    await upstream.settled();
    expect(upstream.status()).toMatchObject({ state: 'down', lastError: { code: 'UPSTREAM_UNAVAILABLE' } });
  });

  test('when it is legacy and the configuration says modern', async () => {
    const fixture = await startLegacyHttp();
    closers.push(() => fixture.stop());
    const upstream = make(String(fixture.url), { era: 'modern' });
    await upstream.settled();
    expect(upstream.status()).toMatchObject({ state: 'down', lastError: { code: 'UPSTREAM_INVALID' } });
  });

  test('when a file of its TLS settings is missing', async () => {
    const upstream = make('https://127.0.0.1:9/mcp', { tls: { ca: '/nonexistent/ca.pem' } });
    await upstream.settled();
    expect(upstream.status().lastError?.text).toContain('tls');
  });
});

describe('the probe', () => {
  const discover = { supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'complete' };

  test('takes its answer from a stream too, and closes it', async () => {
    const closed = Promise.withResolvers<void>();
    const url = await serve(({ res }) => {
      res.on('close', () => closed.resolve());
      openStream(res).write(
        `: hi\n\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: discover })}\n\n`,
      );
    });
    const upstream = make(url);
    await upstream.settled();
    await closed.promise;
    expect(upstream.status()).toMatchObject({ state: 'up', era: 'modern' });
  });

  test('follows a move within the origin', async () => {
    const url = await serve(({ path, res }) => {
      if (path === '/mcp/') sendJson(res, { jsonrpc: '2.0', id: 1, result: discover });
      else res.writeHead(308, { location: '/mcp/' }).end();
    });
    const upstream = make(url);
    await upstream.settled();
    expect(upstream.status()).toMatchObject({ state: 'up', era: 'modern' });
  });

  test('takes a server that fails at the unknown method for legacy if it can be initialized', async () => {
    const url = await serve(({ method, body, res }) => {
      if (method === 'DELETE') res.writeHead(200).end();
      else if (body.includes('"initialize"')) {
        const result = {
          protocolVersion: '2025-06-18',
          capabilities: {},
          serverInfo: { name: 's', version: '1' },
        };
        res.setHeader('mcp-session-id', 'abc');
        sendJson(res, { jsonrpc: '2.0', id: JSON.parse(body).id, result });
      } else if (body.includes('server/discover')) {
        sendJson(res, { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'boom' } }, 500);
      } else res.writeHead(202).end();
    });
    const upstream = make(url);
    await upstream.settled();
    expect(upstream.status()).toMatchObject({ state: 'up', era: 'legacy', protocolVersion: '2025-06-18' });
  });

  test('does not ask again where the server names legacy versions only', async () => {
    const versions: unknown[] = [];
    const url = await serve(({ headers, res }) => {
      versions.push(headers['mcp-protocol-version']);
      const error = { code: -32022, message: 'no', data: { supported: ['2025-11-25'] } };
      sendJson(res, { jsonrpc: '2.0', id: 1, error }, 400);
    });
    const upstream = make(url, { era: 'modern' });
    await upstream.settled();
    expect(versions).toEqual(['2026-07-28']);
    expect(upstream.status().state).toBe('down');
  });
});

test('an upstream that is renewed from legacy to modern is served on', async () => {
  const legacy = await startLegacyHttp();
  closers.push(() => legacy.stop());
  const modern = await startModernHttp();
  closers.push(() => modern.stop());
  let target = String(legacy.url);
  const url = await serve(async ({ method, headers, body, res }) => {
    const answer = await fetch(target, {
      method,
      headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
        name === 'host' || name === 'connection' || typeof value !== 'string' ? [] : [[name, value]],
      ),
      ...(method === 'POST' ? { body } : {}),
    });
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    res.end(Buffer.from(await answer.arrayBuffer()));
  });
  const upstream = make(url, { era: 'auto' });
  await upstream.settled();
  expect(upstream.status().era).toBe('legacy');
  target = String(modern.url);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  upstream.checkSoon();
  await expect.poll(() => upstream.status().era, { timeout: 5_000 }).toBe('modern');
  await expectServed(upstream);
});
