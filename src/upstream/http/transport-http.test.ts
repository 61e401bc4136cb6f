import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  closedPort,
  event,
  type HttpUpstream,
  openStream,
  type Received,
  sendJson,
  startHttpUpstream,
} from '../../../test/support/http-upstream.ts';
import { TransportRecorder } from '../../../test/support/transport-recorder.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { LegacyTransport } from '../legacy/legacy-transport.ts';
import { createUpstreamDispatcher } from './dispatcher.ts';
import { createEndpoint } from './http-endpoint.ts';
import { createHttpTransport } from './transport-http.ts';

/** Real time a hundred times as fast, so that pauses are seen without being waited for; or at another speed. */
function fastClock(speed = 100): { readonly clock: Clock; readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    clock: {
      now: () => Date.now(),
      after: (delayMs, run) => {
        waits.push(delayMs);
        const timer = setTimeout(run, delayMs / speed);
        return () => clearTimeout(timer);
      },
    },
  };
}

const closers: (() => Promise<unknown>)[] = [];
let recorder = new TransportRecorder();
let waits: number[] = [];
beforeEach(() => {
  recorder = new TransportRecorder();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(answer: (received: Received) => unknown): Promise<HttpUpstream> {
  const server = await startHttpUpstream(answer);
  closers.push(() => server.close());
  return server;
}

async function start(url: URL, speed?: number): Promise<LegacyTransport> {
  const transport = await create(url, speed);
  await transport.start(recorder.events);
  return transport;
}

async function create(url: URL, speed?: number): Promise<LegacyTransport> {
  const dispatcher = await createUpstreamDispatcher({
    url,
    proxy: null,
    connectTimeoutMs: 2_000,
    maxConnections: 8,
  });
  const endpoint = createEndpoint({ url, dispatcher, headers: { 'x-own': '1' }, maxResponseBytes: 10_000 });
  const time = fastClock(speed);
  waits = time.waits;
  const transport = createHttpTransport({
    endpoint,
    clock: time.clock,
    random: () => 0.5,
    log: recorder.log,
  });
  closers.push(async () => {
    await transport.close();
    await dispatcher.close();
  });
  return transport;
}

const request = (id: number, method = 'tools/call'): JsonText => JsonText.of({ jsonrpc: '2.0', id, method });
const result = (id: number | string): object => ({ jsonrpc: '2.0', id, result: {} });
const note = (text: string): object => ({
  jsonrpc: '2.0',
  method: 'notifications/message',
  params: { text },
});
const asRequest = (id: number) => ({ requestId: String(id), signal: undefined });
const noRequest = { requestId: undefined, signal: undefined };

/** Opens a session as the connection above the transport does. */
async function open(transport: LegacyTransport, version = '2025-11-25'): Promise<void> {
  await transport.send(request(0, 'initialize'), asRequest(0));
  await recorder.message(0);
  transport.useVersion(version);
}

function answerInitialize({ body, res }: Received, sessionId?: string): boolean {
  if (!body.includes('"initialize"')) return false;
  if (sessionId !== undefined) res.setHeader('mcp-session-id', sessionId);
  sendJson(res, result(0));
  return true;
}

describe('a request', () => {
  test('is posted as it is, with the configured headers, and its JSON answer is handed on', async () => {
    const server = await serve(({ res }) => sendJson(res, result(1)));
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(await recorder.message(0)).toEqual({ text: JSON.stringify(result(1)), requestId: '1' });
    expect(server.received[0]?.body).toBe(request(1).text);
    expect(server.received[0]?.headers).toMatchObject({
      'x-own': '1',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    });
    expect(server.received[0]?.headers).not.toHaveProperty('mcp-protocol-version');
    expect(server.received[0]?.headers).not.toHaveProperty('mcp-session-id');
  });

  test('after initialize carries the session id and the version', async () => {
    const server = await serve(
      (received) => answerInitialize(received, 's-1') || sendJson(received.res, result(1)),
    );
    const transport = await start(server.url);
    await open(transport);
    await transport.send(request(1), asRequest(1));
    await recorder.message(1);
    expect(server.received[1]?.headers).toMatchObject({
      'mcp-session-id': 's-1',
      'mcp-protocol-version': '2025-11-25',
    });
  });

  test('carries no version header before 2025-06-18', async () => {
    const server = await serve((received) => answerInitialize(received) || sendJson(received.res, result(1)));
    const transport = await start(server.url);
    await open(transport, '2025-03-26');
    await transport.send(request(1), asRequest(1));
    expect(server.received[1]?.headers).not.toHaveProperty('mcp-protocol-version');
  });

  test('gets what comes on its stream, told as its own', async () => {
    const server = await serve(({ res }) =>
      openStream(res).end(event(note('a')) + event(note('b')) + event(result(1))),
    );
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    await recorder.message(2);
    expect(recorder.messages.map(({ requestId }) => requestId)).toEqual(['1', '1', '1']);
    expect(recorder.failures).toEqual([]);
  });

  test('is delivered once its stream begins, long before it is answered', async () => {
    const answers: Received[] = [];
    const server = await serve((received) => {
      answers.push(received);
      openStream(received.res);
    });
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(recorder.messages).toEqual([]);
    answers[0]?.res.end(event(result(1)));
    await recorder.message(0);
  });

  test('gets a JSON-RPC error whatever its status, with its id where the server left it out', async () => {
    const error = { code: -32602, message: 'no' };
    const server = await serve(({ res }) => sendJson(res, { jsonrpc: '2.0', error, id: null }, 400));
    const transport = await start(server.url);
    await transport.send(request(7), asRequest(7));
    expect(JSON.parse((await recorder.message(0)).text)).toEqual({ jsonrpc: '2.0', error, id: 7 });
  });

  test('gets a batch of 2025-03-26 as one array', async () => {
    const server = await serve(({ res }) => sendJson(res, [note('a'), result(1)]));
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(JSON.parse((await recorder.message(0)).text)).toHaveLength(2);
  });

  test.each([
    [401, 'UPSTREAM_REFUSED'],
    [403, 'UPSTREAM_REFUSED'],
    [429, 'RATE_LIMITED'],
    [404, 'UPSTREAM_INVALID'],
    [500, 'UPSTREAM_FAILED'],
    [202, 'UPSTREAM_INVALID'],
  ])('answered by HTTP %i and no JSON-RPC fails with %s', async (status, code) => {
    const server = await serve(({ res }) => res.writeHead(status).end());
    const transport = await start(server.url);
    const sent = transport.send(request(1), asRequest(1));
    if (status === 202) {
      await sent;
      expect(await recorder.failure(0)).toMatchObject({ requestId: '1', code });
    } else await expect(sent).rejects.toMatchObject({ code });
  });

  test('that nobody listens for fails with UPSTREAM_UNAVAILABLE', async () => {
    const transport = await start(new URL(`http://127.0.0.1:${await closedPort()}/mcp`));
    await expect(transport.send(request(1), asRequest(1))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });

  test.each([
    ['half of JSON', (res: Received['res']) => sendJson(res, '{'), 'UPSTREAM_INVALID'],
    [
      'an answer that is too large',
      (res: Received['res']) => sendJson(res, `"${'x'.repeat(20_000)}"`),
      'UPSTREAM_INVALID',
    ],
    [
      'bad data on its stream',
      (res: Received['res']) => openStream(res).end('id: 1\ndata: {\n\n'),
      'UPSTREAM_INVALID',
    ],
    [
      'a stream without the response',
      (res: Received['res']) => openStream(res).end(event(note('a'))),
      'UPSTREAM_LOST',
    ],
  ])('that gets %s is told as failed', async (_, answer, code) => {
    const server = await serve(({ res }) => answer(res));
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(await recorder.failure(0)).toMatchObject({ requestId: '1', code });
  });

  test('that is aborted closes its stream and is not told as failed', async () => {
    const closed = Promise.withResolvers<void>();
    const server = await serve(({ res }) => {
      res.on('close', () => closed.resolve());
      openStream(res);
    });
    const transport = await start(server.url);
    const abort = new AbortController();
    await transport.send(request(1), { requestId: '1', signal: abort.signal });
    abort.abort();
    await closed.promise;
    expect(recorder.failures).toEqual([]);
  });
});

describe('a notification', () => {
  test('is delivered by 202, and by any other success', async () => {
    for (const status of [200, 202, 204]) {
      const server = await serve(({ res }) => res.writeHead(status).end());
      const transport = await start(server.url);
      await transport.send(JsonText.of(note('x')), noRequest);
    }
    expect(recorder.messages).toEqual([]);
  });

  test('does not wait for a connection of calls', async () => {
    const server = await serve(({ body, res }) => {
      if (body.includes('tools/call')) openStream(res);
      else res.writeHead(202).end();
    });
    const transport = await start(server.url);
    for (let id = 1; id <= 8; id++) await transport.send(request(id), asRequest(id));
    await transport.send(JsonText.of(note('x')), noRequest);
  });
});

describe('a session', () => {
  test.each([
    [404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }],
    [404, ''],
    [400, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No valid session ID provided' } }],
  ])('that the server answers by HTTP %i is lost, and nothing was run', async (status, body) => {
    const server = await serve(
      (received) => answerInitialize(received, 's') || sendJson(received.res, body, status),
    );
    const transport = await start(server.url);
    await open(transport);
    await expect(transport.send(request(1), asRequest(1))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    expect(recorder.closed.map(({ code }) => code)).toEqual(['UPSTREAM_UNAVAILABLE']);
    await expect(transport.send(request(2), asRequest(2))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    expect(server.received).toHaveLength(2);
  });

  test('is deleted when it is closed, and requests in flight end', async () => {
    const server = await serve((received) => {
      if (received.method === 'DELETE') received.res.writeHead(405).end();
      else if (!answerInitialize(received, 's')) openStream(received.res);
    });
    const transport = await start(server.url);
    await open(transport);
    await transport.send(request(1), asRequest(1));
    await transport.close();
    const last = server.received.at(-1);
    expect(last?.method).toBe('DELETE');
    expect(last?.headers).toMatchObject({ 'mcp-session-id': 's', 'mcp-protocol-version': '2025-11-25' });
    await expect(transport.send(request(2), asRequest(2))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });

  test('without an id is not deleted', async () => {
    const server = await serve((received) => answerInitialize(received));
    const transport = await start(server.url);
    await open(transport);
    await transport.close();
    expect(server.received).toHaveLength(1);
  });

  test('whose server never answers DELETE closes all the same', async () => {
    const server = await serve((received) => answerInitialize(received, 's'));
    const transport = await start(server.url);
    await open(transport);
    await transport.close();
    expect(server.received.at(-1)?.method).toBe('DELETE');
  });

  test('with an id that no header can carry is refused', async () => {
    const server = await serve((received) => answerInitialize(received, 'a b'));
    const transport = await start(server.url);
    await expect(transport.send(request(0, 'initialize'), asRequest(0))).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
  });
});

describe('resumption of a request', () => {
  test('goes on by GET where the stream broke', async () => {
    const server = await serve((received) => {
      const { method, headers, res } = received;
      if (answerInitialize(received, 's')) return;
      if (method === 'POST') {
        openStream(res).write(`id: 1\n${event(note('a'))}`, () => res.socket?.destroy());
      } else if (method === 'GET') {
        openStream(res).end(headers['last-event-id'] === '1' ? event(note('b')) + event(result(1)) : '');
      } else res.writeHead(200).end();
    });
    const transport = await start(server.url);
    await open(transport);
    await transport.send(request(1), asRequest(1));
    await recorder.message(3);
    expect(recorder.messages.slice(1).map(({ requestId }) => requestId)).toEqual(['1', '1', '1']);
    expect(server.received[2]?.headers).toMatchObject({ 'mcp-session-id': 's', accept: 'text/event-stream' });
  });

  test('polls a server that hangs up after a priming event, as often and as slowly as it asks', async () => {
    let polls = 0;
    const server = await serve(({ method, res }) => {
      if (method === 'POST') openStream(res).end('id: p0\nretry: 700\ndata:\n\n');
      else if (++polls < 8) openStream(res).end(`id: p${polls}\ndata:\n\n`);
      else openStream(res).end(event(result(1)));
    });
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    await recorder.message(0);
    expect(server.received.slice(1).map(({ headers }) => headers['last-event-id'])).toEqual(
      Array.from({ length: 8 }, (_, index) => `p${index}`),
    );
    expect(waits.filter((ms) => ms === 700)).toHaveLength(8);
  });

  test('ends in UPSTREAM_LOST after a few attempts that bring nothing', async () => {
    const server = await serve(({ method, res }) => {
      if (method === 'POST') openStream(res).end('id: 1\ndata:\n\n');
      else openStream(res).end();
    });
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(await recorder.failure(0)).toMatchObject({ code: 'UPSTREAM_LOST' });
    expect(server.received).toHaveLength(6);
  });

  test('that the server refuses ends in UPSTREAM_LOST', async () => {
    const server = await serve(({ method, res }) => {
      if (method === 'POST') openStream(res).end('id: 1\ndata:\n\n');
      else res.writeHead(405).end();
    });
    const transport = await start(server.url);
    await transport.send(request(1), asRequest(1));
    expect(await recorder.failure(0)).toMatchObject({ code: 'UPSTREAM_LOST' });
    expect(server.received).toHaveLength(2);
  });

  test('tells a session that is lost meanwhile', async () => {
    const server = await serve((received) => {
      if (answerInitialize(received, 's')) return;
      if (received.method === 'POST') openStream(received.res).end('id: 1\ndata:\n\n');
      else received.res.writeHead(404).end();
    });
    const transport = await start(server.url);
    await open(transport);
    await transport.send(request(1), asRequest(1));
    expect(await recorder.closing()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('the standalone stream', () => {
  test('gives messages that belong to no request', async () => {
    const server = await serve((received) => {
      if (answerInitialize(received, 's')) return;
      if (received.method === 'GET') openStream(received.res).write(event(note('a')));
    });
    const transport = await start(server.url);
    await open(transport);
    transport.openStandalone();
    transport.openStandalone();
    expect(await recorder.message(1)).toMatchObject({ requestId: undefined });
    expect(server.received[1]?.headers).toMatchObject({
      accept: 'text/event-stream',
      'mcp-session-id': 's',
      'mcp-protocol-version': '2025-11-25',
    });
    expect(server.received.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test('is open before the next request leaves', async () => {
    const order: string[] = [];
    const server = await serve((received) => {
      order.push(received.method);
      if (received.method === 'GET') setTimeout(() => openStream(received.res), 2);
      else sendJson(received.res, result(1));
    });
    const transport = await start(server.url);
    transport.openStandalone();
    await transport.send(request(1), asRequest(1));
    expect(order).toEqual(['GET', 'POST']);
  });

  test('is not waited for by a request that needs nothing of it', async () => {
    const gate = Promise.withResolvers<void>();
    const server = await serve(async ({ method, res }) => {
      if (method !== 'GET') return sendJson(res, result(1));
      await gate.promise;
      openStream(res);
    });
    const transport = await start(server.url, 0.01);
    transport.openStandalone();
    const waiting = transport.send(request(2), asRequest(2));
    await transport.send(request(1, 'tools/list'), { ...asRequest(1), atOnce: true });
    gate.resolve();
    await waiting;
    const posted = server.received.flatMap(({ method, body }) => (method === 'POST' ? [body] : []));
    expect(posted).toEqual([request(1, 'tools/list').text, request(2).text]);
  });

  test('is not asked for again where the server has none', async () => {
    const server = await serve(({ method, res }) => {
      if (method === 'GET') res.writeHead(405).end();
      else sendJson(res, result(1));
    });
    const transport = await start(server.url);
    transport.openStandalone();
    await transport.send(request(1), asRequest(1));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received.filter(({ method }) => method === 'GET')).toHaveLength(1);
    expect(recorder.closed).toEqual([]);
  });

  test('comes back where it broke, after the pause that the server asks for', async () => {
    let opened = 0;
    const server = await serve(({ headers, res }) => {
      opened++;
      if (opened === 1) openStream(res).end(`id: 9\nretry: 300\n${event(note('a'))}`);
      else openStream(res).write(event(note(String(headers['last-event-id']))));
    });
    const transport = await start(server.url);
    transport.openStandalone();
    expect(JSON.parse((await recorder.message(1)).text)).toEqual(note('9'));
    expect(waits).toContain(300);
  });

  test('leaves an invalid message out and goes on', async () => {
    const server = await serve(({ res }) => openStream(res).write(`data: {\n\n${event(note('b'))}`));
    const transport = await start(server.url);
    transport.openStandalone();
    expect(JSON.parse((await recorder.message(0)).text)).toEqual(note('b'));
  });

  test('tells that the session is lost', async () => {
    const server = await serve((received) => {
      if (!answerInitialize(received, 's')) received.res.writeHead(404).end();
    });
    const transport = await start(server.url);
    await open(transport);
    transport.openStandalone();
    expect(await recorder.closing()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('that can never be opened counts as a lost session', async () => {
    const server = await serve(({ res }) => res.writeHead(502).end());
    const transport = await start(server.url);
    transport.openStandalone();
    expect(await recorder.closing()).toMatchObject({ code: 'UPSTREAM_LOST' });
    expect(server.received).toHaveLength(10);
  });
});

describe('a session that another replica opened', () => {
  /** A server that hangs up on the call, so that its stream is there to be resumed, and what it was asked. */
  async function serveCall(resume: (received: Received) => unknown): Promise<HttpUpstream> {
    return serve((received) => {
      const { method, body, res } = received;
      if (answerInitialize(received, 's-1')) return;
      if (method === 'GET') resume(received);
      else if (body.includes('"tools/call"')) openStream(res).write(`id: e7\n${event(note('a'))}`);
      else res.writeHead(202).end();
    });
  }

  /** What a replica leaves that has sent a call and got an event of it. */
  async function leave(server: HttpUpstream) {
    const transport = await start(server.url);
    await open(transport);
    await transport.send(request(1), asRequest(1));
    await recorder.message(1);
    return { transport, handOver: transport.handOver, lastEventId: transport.handOver?.lastEventId('1') };
  }

  async function adopt(server: HttpUpstream, sessionId: string | undefined) {
    const transport = await create(server.url);
    transport.handOver?.adopt(recorder.events, { sessionId, lastEventId: undefined });
    transport.useVersion('2025-11-25');
    const { signal } = new AbortController();
    return {
      transport,
      resume: async (lastEventId: string) =>
        transport.handOver?.resume({ requestId: '1', lastEventId, signal }),
    };
  }

  test('is gone on with: its id, its version, and the stream of a request from the newest event on', async () => {
    const server = await serveCall(({ res }) => openStream(res).end(event(note('b')) + event(result(1))));
    const { handOver, lastEventId } = await leave(server);
    expect([handOver?.snapshot(), lastEventId]).toEqual([{ sessionId: 's-1', lastEventId: undefined }, 'e7']);
    const { resume } = await adopt(server, 's-1');
    await resume('e7');
    await recorder.message(3);
    expect(recorder.messages.slice(2)).toMatchObject([
      { text: JSON.stringify(note('b')), requestId: '1' },
      { text: JSON.stringify(result(1)), requestId: '1' },
    ]);
    expect(server.received.at(-1)).toMatchObject({
      method: 'GET',
      headers: { 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-11-25', 'last-event-id': 'e7' },
    });
  });

  test('goes on with its standalone stream where it was', async () => {
    const server = await serveCall(({ res }) => openStream(res).write(`id: g1\n${event(note('b'))}`));
    const transport = await create(server.url);
    transport.handOver?.adopt(recorder.events, { sessionId: 's-1', lastEventId: 'g0' });
    transport.openStandalone();
    await recorder.message(0);
    expect(server.received[0]?.headers['last-event-id']).toBe('g0');
    expect(transport.handOver?.snapshot()).toEqual({ sessionId: 's-1', lastEventId: 'g1' });
  });

  test.each([400, 404, 405])('cannot be gone on with: HTTP %s', async (status) => {
    const server = await serveCall(({ res }) => res.writeHead(status).end());
    const { resume } = await adopt(server, 's-1');
    await expect(resume('e7')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    expect(server.received).toHaveLength(1);
  });

  test('is asked for again while the server holds the broken connection for open', async () => {
    let asked = 0;
    const server = await serveCall(({ res }) => {
      if (++asked < 3) res.writeHead(409).end();
      else openStream(res).end(event(result(1)));
    });
    const { resume } = await adopt(server, 's-1');
    await resume('e7');
    expect((await recorder.message(0)).text).toBe(JSON.stringify(result(1)));
  });

  test('is not ended by the replica that left it', async () => {
    const server = await serveCall(() => undefined);
    const { transport, handOver } = await leave(server);
    handOver?.leave();
    await transport.close();
    expect(server.received.filter(({ method }) => method === 'DELETE')).toEqual([]);
    const { transport: adopted } = await adopt(server, 's-1');
    await adopted.close();
    expect(server.received.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's-1' } });
  });
});
