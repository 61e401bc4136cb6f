import { afterEach, describe, expect, test } from 'vitest';
import { makeCall } from '../../../test/support/calls.ts';
import {
  closedPort,
  event,
  type HttpUpstream,
  openStream,
  type Received,
  sendJson,
  startHttpUpstream,
} from '../../../test/support/http-upstream.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { Connector } from '../connector.ts';
import { Deadlines } from '../deadline.ts';
import { createUpstreamDispatcher } from './dispatcher.ts';
import { createEndpoint } from './http-endpoint.ts';
import { createModernHttpConnector } from './http-modern.ts';
import type { ModernHooks } from './modern-exchange.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(answer: (received: Received) => unknown): Promise<HttpUpstream> {
  const server = await startHttpUpstream(answer);
  closers.push(() => server.close());
  return server;
}

interface Setup {
  readonly hooks?: ModernHooks;
  readonly maxResponseBytes?: number;
  readonly timeoutMs?: number;
  readonly maxConnections?: number;
}

async function connect(url: URL, setup: Setup = {}): Promise<Connector> {
  const dispatcher = await createUpstreamDispatcher({
    url,
    proxy: null,
    connectTimeoutMs: 2_000,
    maxConnections: setup.maxConnections ?? 4,
  });
  const connector = createModernHttpConnector({
    endpoint: createEndpoint({
      url,
      dispatcher,
      headers: { authorization: 'Bearer secret' },
      maxResponseBytes: setup.maxResponseBytes ?? 100_000,
    }),
    deadlines: new Deadlines({
      timeoutMs: setup.timeoutMs ?? 20_000,
      maxTimeoutMs: 60_000,
      now: () => performance.now(),
    }),
    hooks: setup.hooks ?? {},
  });
  closers.push(async () => {
    await connector.close();
    await dispatcher.close();
  });
  return connector;
}

const RESULT = { jsonrpc: '2.0', id: 1, result: { resultType: 'complete', content: [] } };
const progress = (value: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 1, progress: value },
});

describe('the request', () => {
  test('carries the bytes of the call under headers of its own', async () => {
    const server = await serve(({ res }) => sendJson(res, RESULT));
    const connector = await connect(server.url, {
      hooks: { paramHeaders: () => ({ 'Mcp-Param-Region': 'eu' }) },
    });
    const call = makeCall({ params: { name: 'größe', arguments: { n: 1 } } });
    await connector.call(call, 'c');
    const [received] = server.received;
    expect(received?.body).toBe(call.message.text);
    expect(received?.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      'content-length': String(call.message.bytes.length),
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('größe').toString('base64')}?=`,
      'mcp-param-region': 'eu',
    });
  });

  test.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
    'names the task in Mcp-Name: %s',
    async (method) => {
      const server = await serve(({ res }) => sendJson(res, RESULT));
      const connector = await connect(server.url);
      await connector.call(makeCall({ method, params: { taskId: 't-1' }, name: 't-1' }), 'c');
      expect(server.received[0]?.headers).toMatchObject({ 'mcp-method': method, 'mcp-name': 't-1' });
    },
  );

  test('has no Mcp-Name where the call is about nothing', async () => {
    const server = await serve(({ res }) => sendJson(res, RESULT));
    const connector = await connect(server.url);
    await connector.call(makeCall({ method: 'tools/list', params: {} }), 'c');
    expect(server.received[0]?.headers).not.toHaveProperty('mcp-name');
  });

  test('of a method that no header can hold is refused before it is sent', async () => {
    const server = await serve(({ res }) => sendJson(res, RESULT));
    const connector = await connect(server.url);
    await expect(connector.call(makeCall({ method: 'a\r\nb' }), 'c')).rejects.toMatchObject({
      code: 'METHOD_NOT_FOUND',
    });
    expect(server.received).toHaveLength(0);
  });

  test('reuses its connections', async () => {
    const server = await serve(({ res }) => sendJson(res, RESULT));
    const connector = await connect(server.url);
    for (let i = 0; i < 6; i++) await connector.call(makeCall(), 'c');
    // undici gives a connection back one turn of the loop after its answer.
    expect(server.accepted()).toBeLessThanOrEqual(2);
  });

  test('follows a move within the origin, and remembers it', async () => {
    const server = await serve(({ path, res }) => {
      if (path === '/mcp/') sendJson(res, RESULT);
      else res.writeHead(307, { location: '/mcp/' }).end();
    });
    const connector = await connect(server.url);
    await connector.call(makeCall(), 'c');
    await connector.call(makeCall(), 'c');
    expect(server.received.map(({ path }) => path)).toEqual(['/mcp', '/mcp/', '/mcp/']);
  });

  test('never follows a move to another origin', async () => {
    const other = await serve(({ res }) => sendJson(res, RESULT));
    const server = await serve(({ res }) => res.writeHead(307, { location: other.url.href }).end());
    const connector = await connect(server.url);
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(other.received).toHaveLength(0);
  });
});

describe('a JSON answer', () => {
  test('gives the result byte for byte', async () => {
    const raw = '{ "resultType":"complete", "n": 12345678901234567890, "x": {"a" : 1e400} }';
    const server = await serve(({ res }) => sendJson(res, `{"jsonrpc":"2.0","id":1,"result":${raw}}`));
    const connector = await connect(server.url);
    const outcome = await connector.call(makeCall(), 'c');
    expect(outcome.kind === 'complete' && outcome.result.text).toBe(raw);
  });

  test('without resultType is complete and gets it', async () => {
    const server = await serve(({ res }) => sendJson(res, { jsonrpc: '2.0', id: 1, result: { a: 1 } }));
    const connector = await connect(server.url);
    const outcome = await connector.call(makeCall(), 'c');
    expect(outcome.kind === 'complete' && outcome.result.text).toBe('{"a":1,"resultType":"complete"}');
  });

  test('that asks for input is an input_required outcome', async () => {
    const result = { resultType: 'input_required', inputRequests: {}, requestState: 's' };
    const server = await serve(({ res }) => sendJson(res, { jsonrpc: '2.0', id: 1, result }));
    const connector = await connect(server.url);
    const outcome = await connector.call(makeCall(), 'c');
    expect(outcome.kind === 'input_required' && outcome.result.value()).toEqual(result);
  });

  test('with an error passes the error, whatever the status', async () => {
    for (const status of [200, 400, 404, 500]) {
      const error = { code: -32601, message: 'no', data: { big: 1 } };
      const server = await serve(({ res }) => sendJson(res, { jsonrpc: '2.0', id: 1, error }, status));
      const connector = await connect(server.url);
      const outcome = await connector.call(makeCall(), 'c');
      expect(outcome.kind === 'error' && outcome.error.value()).toEqual(error);
    }
  });

  test.each([
    ['1', '1'],
    ['9223372036854775808', '9223372036854776000'],
    ['"a\\u0062"', '"ab"'],
  ])('to the id %s may carry the id %s', async (ours, theirs) => {
    const server = await serve(({ res }) =>
      sendJson(res, `{"jsonrpc":"2.0","id":${theirs},"result":{"resultType":"complete"}}`),
    );
    const connector = await connect(server.url);
    await expect(connector.call(makeCall({ id: ours }), 'c')).resolves.toMatchObject({ kind: 'complete' });
  });
});

describe('an answer that is not valid MCP ends in UPSTREAM_INVALID:', () => {
  const json = { 'content-type': 'application/json' };
  test.each<[string, Record<string, string>, string]>([
    ['the id of another request', json, '{"jsonrpc":"2.0","id":2,"result":{}}'],
    ['a numeric id as a string', json, '{"jsonrpc":"2.0","id":"1","result":{}}'],
    [
      'an error with the id of another request',
      json,
      '{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":""}}',
    ],
    ['an unknown resultType', json, '{"jsonrpc":"2.0","id":1,"result":{"resultType":"later"}}'],
    ['a result that is no object', json, '{"jsonrpc":"2.0","id":1,"result":[]}'],
    ['a request', json, '{"jsonrpc":"2.0","id":1,"method":"ping"}'],
    ['an array', json, '[]'],
    ['half of JSON', json, '{"jsonrpc":"2.0","id":1,'],
    ['the same key twice', json, '{"jsonrpc":"2.0","id":1,"id":1,"result":{}}'],
    ['HTML', { 'content-type': 'text/html' }, '<html></html>'],
    ['no content type', {}, '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['compression', { ...json, 'content-encoding': 'gzip' }, 'x'],
    ['too many bytes', json, `{"jsonrpc":"2.0","id":1,"result":{"a":"${'a'.repeat(2_000)}"}}`],
    ['the refused version', json, '{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no"}}'],
    ['refused headers', json, '{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"no"}}'],
  ])('%s', async (_, headers, body) => {
    const server = await serve(({ res }) => res.writeHead(200, headers).end(body));
    const connector = await connect(server.url, { maxResponseBytes: 1_000 });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('something that is not HTTP', async () => {
    const server = await serve(({ res }) => res.socket?.end('SSH-2.0-nope\r\n'));
    const connector = await connect(server.url);
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });
});

describe('a status without a JSON-RPC answer', () => {
  test.each([
    [401, 'UPSTREAM_REFUSED'],
    [403, 'UPSTREAM_REFUSED'],
    [429, 'RATE_LIMITED'],
    [404, 'UPSTREAM_INVALID'],
    [202, 'UPSTREAM_INVALID'],
    [500, 'UPSTREAM_FAILED'],
    [502, 'UPSTREAM_FAILED'],
    [503, 'UPSTREAM_FAILED'],
  ])('%i ends in %s', async (status, code) => {
    const server = await serve(({ res }) => res.writeHead(status, { 'retry-after': '7' }).end('nope'));
    const connector = await connect(server.url);
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({
      code,
      retryAfterSeconds: status === 429 ? 7 : undefined,
    });
  });
});

describe('a connection', () => {
  test('that is refused ends in UPSTREAM_UNAVAILABLE, which says why', async () => {
    const connector = await connect(new URL(`http://127.0.0.1:${await closedPort()}/mcp`));
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('It refused the connection.'),
    });
  });

  test('that is cut before the answer ends in UPSTREAM_LOST', async () => {
    const server = await serve(({ res }) => res.socket?.destroy());
    const connector = await connect(server.url);
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  });

  test('that is cut within the answer ends in UPSTREAM_LOST', async () => {
    const server = await serve(({ res }) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      res.write('{"jsonrpc"', () => res.socket?.destroy());
    });
    const connector = await connect(server.url);
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  });

  test('is waited for when all are busy', async () => {
    const waiting: Received[] = [];
    const server = await serve((received) => {
      waiting.push(received);
      if (waiting.length === 2) for (const { res } of waiting) sendJson(res, RESULT);
      if (waiting.length > 2) sendJson(received.res, RESULT);
    });
    const connector = await connect(server.url, { maxConnections: 2 });
    await Promise.all(Array.from({ length: 6 }, () => connector.call(makeCall(), 'c')));
    expect(server.accepted()).toBe(2);
  });
});

describe('a stream', () => {
  test('gives the notifications before the response, as they came', async () => {
    const server = await serve(({ res }) => {
      openStream(res).write(`: hello\n\nid: 0\ndata:\n\n${event(progress(1))}`);
      res.write(event(progress(2)));
      res.write(event(RESULT));
      res.end();
    });
    const connector = await connect(server.url);
    const seen: string[] = [];
    const notify = (json: JsonText): undefined => void seen.push(json.text);
    const outcome = await connector.call(makeCall({ notify }), 'c');
    expect(outcome.kind).toBe('complete');
    expect(seen).toEqual([JSON.stringify(progress(1)), JSON.stringify(progress(2))]);
  });

  test('is read no faster than its notifications are taken', async () => {
    const padding = 'x'.repeat(20_000);
    let written = 0;
    const server = await serve(({ res }) => {
      openStream(res);
      const pump = (): void => {
        while (written < 1_000) {
          written++;
          if (!res.write(event({ ...progress(written), padding }))) {
            res.once('drain', pump);
            return;
          }
        }
        res.end(event(RESULT));
      };
      pump();
    });
    const connector = await connect(server.url);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = 0;
    const notify = (): Promise<void> | undefined => (taken++ === 0 ? gate : Promise.resolve());
    const outcome = connector.call(makeCall({ notify }), 'c');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(taken).toBe(1);
    expect(written).toBeLessThan(700);
    release();
    expect((await outcome).kind).toBe('complete');
    expect(taken).toBe(1_000);
  });

  test('that ends or breaks without the response ends in UPSTREAM_LOST', async () => {
    for (const end of [
      (received: Received) => received.res.end(),
      (received: Received) => received.res.socket?.destroy(),
    ]) {
      const server = await serve((received) => {
        openStream(received.res).write(event(progress(1)), () => end(received));
      });
      const connector = await connect(server.url);
      await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    }
  });

  test('that breaks after the response loses nothing, however slow the reader is', async () => {
    const server = await serve(({ res }) => {
      openStream(res).write(event(progress(1)) + event(RESULT), () =>
        setTimeout(() => res.socket?.destroy(), 20),
      );
    });
    const connector = await connect(server.url);
    const notify = () => new Promise<void>((resolve) => setTimeout(resolve, 150));
    await expect(connector.call(makeCall({ notify }), 'c')).resolves.toMatchObject({ kind: 'complete' });
  });

  test.each([
    ['a request of the server', event({ jsonrpc: '2.0', id: 9, method: 'elicitation/create' })],
    ['a response to another request', event({ ...RESULT, id: 2 })],
    ['data that is no JSON', 'data: {\n\n'],
    ['an event that is too large', `data: ${'x'.repeat(2_000)}`],
  ])('with %s ends in UPSTREAM_INVALID and is cut', async (_, text) => {
    const closed = Promise.withResolvers<void>();
    const server = await serve(({ res }) => {
      res.on('close', () => closed.resolve());
      openStream(res).write(text);
    });
    const connector = await connect(server.url, { maxResponseBytes: 1_000 });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    await closed.promise;
  });

  test('that stays open after the response is cut', async () => {
    const closed = Promise.withResolvers<void>();
    const server = await serve(({ res }) => {
      res.on('close', () => closed.resolve());
      openStream(res).write(event(RESULT));
    });
    const connector = await connect(server.url);
    await connector.call(makeCall(), 'c');
    await closed.promise;
  });

  test('of a client that fails to take notifications is cut', async () => {
    const server = await serve(({ res }) => openStream(res).write(event(progress(1))));
    const connector = await connect(server.url);
    const notify = () => Promise.reject(new TypeError('gone'));
    await expect(connector.call(makeCall({ notify }), 'c')).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  });
});

describe('cancellation', () => {
  test('closes the request and rejects with the reason', async () => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const server = await serve(({ res }) => {
      res.on('close', () => closed.resolve());
      arrived.resolve();
    });
    const connector = await connect(server.url);
    const abort = new AbortController();
    const outcome = connector.call(makeCall({ signal: abort.signal }), 'c');
    await arrived.promise;
    const reason = new TypeError('client gone');
    abort.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    await closed.promise;
  });

  test('of a call that waits for a connection sends nothing and leaves the connection to others', async () => {
    const held = Promise.withResolvers<Received>();
    const server = await serve((received) => {
      if (server.received.length === 1) held.resolve(received);
      else sendJson(received.res, RESULT);
    });
    const connector = await connect(server.url, { maxConnections: 1 });
    const first = connector.call(makeCall(), 'c');
    const { res } = await held.promise;
    const abort = new AbortController();
    const second = connector.call(makeCall({ signal: abort.signal }), 'c');
    abort.abort(new TypeError('never mind'));
    await expect(second).rejects.toThrow('never mind');
    sendJson(res, RESULT);
    await first;
    await connector.call(makeCall(), 'c');
    expect(server.received).toHaveLength(2);
    expect(server.accepted()).toBe(1);
  });

  test('of a call before it starts sends nothing', async () => {
    const server = await serve(({ res }) => sendJson(res, RESULT));
    const connector = await connect(server.url);
    await expect(
      connector.call(makeCall({ signal: AbortSignal.abort(new TypeError('early')) }), 'c'),
    ).rejects.toThrow('early');
    expect(server.received).toHaveLength(0);
  });

  test('by closing the connector ends calls in UPSTREAM_LOST, and later ones in UPSTREAM_UNAVAILABLE', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve(() => arrived.resolve());
    const connector = await connect(server.url);
    const outcome = connector.call(makeCall(), 'c');
    await arrived.promise;
    await connector.close();
    await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('a deadline', () => {
  test('ends a silent call in UPSTREAM_TIMEOUT and closes its request', async () => {
    const closed = Promise.withResolvers<void>();
    const server = await serve(({ res }) => res.on('close', () => closed.resolve()));
    const connector = await connect(server.url, { timeoutMs: 60 });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await closed.promise;
  });

  test('is extended by progress', async () => {
    const server = await serve(({ res }) => {
      openStream(res);
      let count = 0;
      const timer = setInterval(() => {
        if (++count <= 8) res.write(event(progress(count)));
        else {
          clearInterval(timer);
          res.end(event(RESULT));
        }
      }, 50);
    });
    const connector = await connect(server.url, { timeoutMs: 200 });
    await expect(connector.call(makeCall(), 'c')).resolves.toMatchObject({ kind: 'complete' });
  });

  test('does not end a listen that was acknowledged', async () => {
    const acknowledged = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: {} };
    const server = await serve(({ res }) => {
      openStream(res).write(event(acknowledged));
      setTimeout(() => res.end(event(RESULT)), 250);
    });
    const connector = await connect(server.url, { timeoutMs: 60 });
    const call = makeCall({ method: 'subscriptions/listen', params: { notifications: {} } });
    await expect(connector.call(call, 'c')).resolves.toMatchObject({ kind: 'complete' });
  });

  test('ends a listen that is never acknowledged', async () => {
    const server = await serve(({ res }) => openStream(res));
    const connector = await connect(server.url, { timeoutMs: 60 });
    const call = makeCall({ method: 'subscriptions/listen', params: { notifications: {} } });
    await expect(connector.call(call, 'c')).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });
});

describe('listens', () => {
  test('do not take the connections of calls', async () => {
    const server = await serve(({ headers, res }) => {
      if (headers['mcp-method'] === 'subscriptions/listen') openStream(res).write(event(progress(1)));
      else sendJson(res, RESULT);
    });
    const connector = await connect(server.url, { maxConnections: 1 });
    const abort = new AbortController();
    const listens = Array.from({ length: 5 }, () => {
      const heard = Promise.withResolvers<void>();
      const notify = (): undefined => void heard.resolve();
      const call = makeCall({ method: 'subscriptions/listen', params: {}, signal: abort.signal, notify });
      return { heard: heard.promise, ended: connector.call(call, 'c') };
    });
    await Promise.all(listens.map(({ heard }) => heard));
    await expect(connector.call(makeCall(), 'c')).resolves.toMatchObject({ kind: 'complete' });
    abort.abort(new TypeError('done'));
    for (const { ended } of listens) await expect(ended).rejects.toThrow('done');
  });
});

describe('a refusal that concerns this hop', () => {
  const refusal = (code: number) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'no' } });

  test('of the headers is mended once', async () => {
    const server = await serve(({ headers, res }) => {
      if (headers['mcp-param-a'] === 'new') sendJson(res, RESULT);
      else sendJson(res, refusal(-32020), 400);
    });
    let value = 'old';
    const connector = await connect(server.url, {
      hooks: {
        paramHeaders: () => ({ 'mcp-param-a': value }),
        onHeaderMismatch: async () => {
          value = 'new';
        },
      },
    });
    await expect(connector.call(makeCall(), 'c')).resolves.toMatchObject({ kind: 'complete' });
    expect(server.received).toHaveLength(2);
  });

  test('of the headers twice ends in UPSTREAM_INVALID', async () => {
    const server = await serve(({ res }) => sendJson(res, refusal(-32020), 400));
    const connector = await connect(server.url, { hooks: { onHeaderMismatch: async () => undefined } });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(server.received).toHaveLength(2);
  });

  test('of the version is reported and never relayed', async () => {
    const server = await serve(({ res }) => sendJson(res, refusal(-32022), 400));
    let reported = 0;
    const connector = await connect(server.url, { hooks: { onVersionRefused: () => reported++ } });
    await expect(connector.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(reported).toBe(1);
  });

  test('of a capability of the client is relayed', async () => {
    const server = await serve(({ res }) => sendJson(res, refusal(-32021), 400));
    const connector = await connect(server.url);
    const outcome = await connector.call(makeCall(), 'c');
    expect(outcome.kind === 'error' && outcome.error.get('code')?.text).toBe('-32021');
  });
});
