import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type HttpUpstream,
  openStream,
  type Received,
  startHttpUpstream,
} from '../../../test/support/http-upstream.ts';
import { TransportRecorder } from '../../../test/support/transport-recorder.ts';
import { systemClock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { LegacyTransport } from '../legacy/legacy-transport.ts';
import { createUpstreamDispatcher } from './dispatcher.ts';
import { createEndpoint } from './http-endpoint.ts';
import { createSseTransport } from './transport-sse.ts';

const closers: (() => Promise<unknown>)[] = [];
let recorder = new TransportRecorder();
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

async function prepare(url: URL): Promise<LegacyTransport> {
  const dispatcher = await createUpstreamDispatcher({
    url,
    proxy: null,
    connectTimeoutMs: 2_000,
    maxConnections: 8,
  });
  const endpoint = createEndpoint({ url, dispatcher, headers: {}, maxResponseBytes: 10_000 });
  const transport = createSseTransport({
    endpoint,
    clock: systemClock,
    random: () => 0.5,
    log: recorder.log,
  });
  closers.push(async () => {
    await transport.close();
    await dispatcher.close();
  });
  return transport;
}

const ping = JsonText.of({ jsonrpc: '2.0', id: 1, method: 'ping' });
const pong = '{"jsonrpc":"2.0","id":1,"result":{}}';
const asRequest = { requestId: '1', signal: undefined };

test('messages go to the URL of the endpoint event, and everything comes on the stream', async () => {
  let stream: Received['res'] | undefined;
  const server = await serve(({ method, res }) => {
    if (method === 'GET') {
      stream = openStream(res);
      stream.write('event: endpoint\ndata: messages?session=1\n\n');
      return;
    }
    res.writeHead(202).end();
    stream?.write(`event: message\ndata: ${pong}\n\n`);
  });
  const transport = await prepare(server.url);
  await transport.start(recorder.events);
  await transport.send(ping, asRequest);
  expect(await recorder.message(0)).toEqual({ text: pong, requestId: undefined });
  expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /mcp',
    'POST /messages?session=1',
  ]);
  expect(transport.tellsRequests).toBe(false);
});

test.each(['http://127.0.0.1:9/messages', '//elsewhere.example/messages', 'javascript:1', 'http://'])(
  'an endpoint event that names %s is refused',
  async (uri) => {
    const server = await serve(({ res }) => openStream(res).write(`event: endpoint\ndata: ${uri}\n\n`));
    const transport = await prepare(server.url);
    await expect(transport.start(recorder.events)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  },
);

test.each([
  [401, 'UPSTREAM_REFUSED'],
  [404, 'UPSTREAM_INVALID'],
  [503, 'UPSTREAM_FAILED'],
])('a stream refused by HTTP %i does not start', async (status, code) => {
  const server = await serve(({ res }) => res.writeHead(status).end());
  const transport = await prepare(server.url);
  await expect(transport.start(recorder.events)).rejects.toMatchObject({ code });
  expect(recorder.closed).toEqual([]);
});

test('the end of the stream is the end of the session', async () => {
  const server = await serve(({ res }) => {
    openStream(res).write('event: endpoint\ndata: /messages\n\n');
    setTimeout(() => res.socket?.destroy(), 20);
  });
  const transport = await prepare(server.url);
  await transport.start(recorder.events);
  expect(await recorder.closing()).toMatchObject({ code: 'UPSTREAM_LOST' });
  await expect(transport.send(ping, asRequest)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('a message refused by 404 means that the session is lost', async () => {
  const server = await serve(({ method, res }) => {
    if (method === 'GET') openStream(res).write('event: endpoint\ndata: /messages\n\n');
    else res.writeHead(404).end();
  });
  const transport = await prepare(server.url);
  await transport.start(recorder.events);
  await expect(transport.send(ping, asRequest)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(await recorder.closing()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('closing ends the stream, also while it starts', async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await serve(({ res }) => {
    res.on('close', () => closed.resolve());
    openStream(res);
    arrived.resolve();
  });
  const transport = await prepare(server.url);
  const started = transport.start(recorder.events);
  await arrived.promise;
  await transport.close();
  await expect(started).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  await closed.promise;
  expect(recorder.closed).toEqual([]);
});
