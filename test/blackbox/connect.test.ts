import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { gatewardCommand, isRunning } from '../support/gateway.ts';
import { closedPort, type Received, sendJson, startHttpUpstream } from '../support/http-upstream.ts';
import { type StdioClient, startStdioClient } from '../support/stdio-client.ts';

/** For what takes a moment, on a slow machine too. */
const WITHIN = { timeout: 20_000 };

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function endLater<T>(value: T, end: (value: T) => Promise<unknown>): T {
  ends.push(() => end(value));
  return value;
}

const [program, ...args] = gatewardCommand();
const commandFor = (url: string) => ({ command: program, args: [...args, 'connect', url] });

async function startModern() {
  return endLater(await startModernHttp(), (server) => server.stop());
}

async function startLegacy(port = 0) {
  return endLater(await startLegacyHttp({ port }), (server) => server.stop());
}

async function connectModern(url: string): Promise<ModernClient> {
  const client = new ModernClient(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: {}, sampling: {}, roots: {} }, versionNegotiation: { mode: 'auto' } },
  );
  client.setRequestHandler('elicitation/create', ({ params }) => {
    const field = Object.keys('requestedSchema' in params ? params.requestedSchema.properties : {})[0] ?? '';
    return { action: 'accept', content: { [field]: params.message } };
  });
  await client.connect(new ModernStdio(commandFor(url)));
  return endLater(client, (open) => open.close());
}

async function connectLegacy(url: string): Promise<{ client: LegacyClient; transport: LegacyStdio }> {
  const client = new LegacyClient(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} } },
  );
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    const field = Object.keys('requestedSchema' in params ? params.requestedSchema.properties : {})[0] ?? '';
    return { action: 'accept', content: { [field]: params.message } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    content: { type: 'text', text: 'Hello' },
    model: 'test',
  }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work' }] }));
  const transport = new LegacyStdio(commandFor(url));
  await client.connect(transport);
  endLater(client, (open) => open.close());
  return { client, transport };
}

/** A bare stdio client of `gateward connect`. */
function open(url: string, ...more: string[]): StdioClient {
  return endLater(startStdioClient([program, ...args, 'connect', url, ...more]), (client) => client.kill());
}

function textOf(result: Record<string, unknown>): string {
  const [block] = result['content'] as [{ text: string }];
  return block.text;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const modern = (id: unknown, method: string, params: object = {}): object => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: { ...META, ...('_meta' in params ? (params._meta as object) : {}) } },
});
const initialize = (id: unknown = 1, protocolVersion = '2025-11-25'): object => ({
  jsonrpc: '2.0',
  id,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});

describe('a modern client through gateward connect', () => {
  it('lists, calls, answers questions and hears progress', async () => {
    const server = await startModern();
    const client = await connectModern(server.url);
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    const rounds = await client.callTool({ name: 'ask_rounds', arguments: { rounds: 2 } });
    expect(textOf(rounds)).toBe('Answers: Round 1 of 2, Round 2 of 2');
    const seen: number[] = [];
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: ({ progress }) => void seen.push(progress) },
    );
    // The SDK may not have told of the last step before it resolves the call.
    expect(seen.slice(0, 2)).toEqual([0, 50]);
  });

  it('cancels a call at the server', async () => {
    const server = await startModern();
    const client = await connectModern(server.url);
    const abort = new AbortController();
    const call = client.callTool(
      { name: 'slow', arguments: { ms: 60_000, steps: 600 } },
      { signal: abort.signal, onprogress: () => abort.abort() },
    );
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(server.state.calls.count('cancelled:slow')).toBe(1), WITHIN);
  });

  it('hears of changes on a listen, and of several calls at once', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern('L', 'subscriptions/listen', { notifications: { toolsListChanged: true } }));
    await client.next(({ method }) => method === 'notifications/subscriptions/acknowledged');
    for (const id of [1, 'two', 3]) {
      client.send(modern(id, 'tools/call', { name: 'slow', arguments: { ms: id === 1 ? 400 : 10 } }));
    }
    client.send(modern(4, 'tools/call', { name: 'set_extra_tool', arguments: { present: true } }));
    const change = await client.next(({ method }) => method === 'notifications/tools/list_changed');
    expect(change).toMatchObject({
      params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'L' } },
    });
    for (const id of [1, 'two', 3]) {
      expect(await client.next((message) => message['id'] === id)).toMatchObject({
        result: { resultType: 'complete' },
      });
    }
    const order = client.received.flatMap((message) => ('id' in message ? [message['id']] : []));
    expect(order.indexOf(1)).toBeGreaterThan(order.indexOf('two'));
  });

  it('sends the headers that mirror arguments, listed before or not', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern(1, 'tools/call', { name: 'test_x_mcp_header', arguments: { region: 'eu-ü' } }));
    expect(await client.next(({ id }) => id === 1)).toMatchObject({ result: { resultType: 'complete' } });
    client.send(modern(2, 'tools/call', { name: 'test_x_mcp_header', arguments: { region: 'us' } }));
    expect(await client.next(({ id }) => id === 2)).toMatchObject({ result: { resultType: 'complete' } });
    expect(server.state.calls.count('test_x_mcp_header')).toBe(2);
  });

  it('hears nothing for a call that it cancelled, and may use its id again', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern(7, 'tools/call', { name: 'slow', arguments: { ms: 60_000 } }));
    await vi.waitFor(() => expect(server.state.calls.count('slow')).toBe(1), WITHIN);
    client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } });
    await vi.waitFor(() => expect(server.state.calls.count('cancelled:slow')).toBe(1), WITHIN);
    client.send(modern(7, 'tools/call', { name: 'echo', arguments: { message: 'again' } }));
    expect(JSON.stringify(await client.next(({ id }) => id === 7))).toContain('again');
    expect(client.received).toHaveLength(1);
  });

  it('is told that initialize asks for another version, once it has shown its era', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern(1, 'tools/list'));
    await client.next(({ id }) => id === 1);
    client.send(initialize(2));
    expect(await client.next(({ id }) => id === 2)).toMatchObject({
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2025-11-25' } },
    });
    client.send({ jsonrpc: '2.0', id: 3, method: 'tools/list' });
    expect(await client.next(({ id }) => id === 3)).toMatchObject({ error: { code: -32602 } });
  });

  it('keeps ids, numbers and unknown members as they are, both ways', async () => {
    const answer = '"result":{"resultType":"complete","content":[],"big":12345678901234567890,"x":1.0}}';
    const server = endLater(
      await startHttpUpstream(({ body, res }) => {
        sendJson(res, `{"jsonrpc":"2.0","id":${/"id":(\d+)/.exec(body)?.[1]},${answer}`);
      }),
      (one) => one.close(),
    );
    const client = open(server.url.href);
    const call = JSON.stringify(modern('ID', 'tools/call', { name: 'ä', more: 'N' }))
      .replace('"ID"', '9007199254740993')
      .replace('"N"', '1.50e+2');
    client.send(call);
    await client.next(() => true);
    expect(client.lines()).toEqual([`{"jsonrpc":"2.0","id":9007199254740993,${answer}`]);
    expect(server.received[0]?.body).toBe(call);
    expect(server.received[0]?.headers['mcp-name']).toBe('=?base64?w6Q=?=');
  });

  it('hears all that belongs to a call before its answer', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern(1, 'tools/call', { name: 'test_tool_with_progress', _meta: { progressToken: 'P' } }));
    await client.next(({ id }) => id === 1);
    const steps = client.received.flat().map(({ params }) => (params as { progress?: number })?.progress);
    expect(steps).toEqual([0, 50, 100, undefined]);
  });
});

describe('a legacy client through gateward connect', () => {
  it('lists, calls, and answers elicitation, sampling and roots', async () => {
    const server = await startLegacy();
    const { client, transport } = await connectLegacy(server.url);
    expect(server.sessionCount()).toBe(1);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    for (const [name, text] of Object.entries({
      test_input_required_result_multiple_inputs: 'Hello What is your name?, 1 root(s) visible',
      test_reconnection: 'The stream was closed, and this result came after it',
    })) {
      expect(textOf(await client.callTool({ name }))).toBe(text);
    }
    const pid = transport.pid ?? 0;
    await client.close();
    await vi.waitFor(() => expect(server.sessionCount()).toBe(0), WITHIN);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), WITHIN);
  });

  it('hears of changes, progress and cancels', async () => {
    const server = await startLegacy();
    const { client } = await connectLegacy(server.url);
    const seen: string[] = [];
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void seen.push('tools'));
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void seen.push(params.uri),
    );
    await client.subscribeResource({ uri: 'test://watched-resource' });
    // What changes before the stream for changes is open is nobody's to hear: so it changes until it is heard.
    let present = false;
    await vi.waitFor(async () => {
      present = !present;
      await client.callTool({ name: 'set_extra_tool', arguments: { present } });
      await client.callTool({ name: 'touch_watched_resource' });
      expect(new Set(seen)).toEqual(new Set(['test://watched-resource', 'tools']));
    }, WITHIN);
    const abort = new AbortController();
    const call = client.callTool({ name: 'slow', arguments: { ms: 60_000, steps: 600 } }, undefined, {
      signal: abort.signal,
      onprogress: () => abort.abort(),
    });
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(server.state.calls.count('cancelled:slow')).toBe(1), WITHIN);
  });

  it('goes on in a new session when the server was started again', async () => {
    const first = await startLegacyHttp();
    const port = Number(new URL(first.url).port);
    const { client } = await connectLegacy(first.url);
    const changes: string[] = [];
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes.push('tools'));
    await first.stop();
    const second = await startLegacy(port);
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'back' } }))).toContain('back');
    expect(second.sessionCount()).toBe(1);
    await vi.waitFor(() => expect(changes).toContain('tools'), WITHIN);
  });

  it('gets one array for an array, in the one revision that has them', async () => {
    const answer = ({ body, res }: Received): void => {
      const { id, method } = JSON.parse(body || '{}');
      if (id === undefined) res.writeHead(202).end();
      else if (method === 'initialize') {
        const result = { protocolVersion: '2025-03-26', capabilities: {}, serverInfo: {} };
        sendJson(res, { jsonrpc: '2.0', id, result });
      } else sendJson(res, { jsonrpc: '2.0', id, result: { method } });
    };
    const server = endLater(await startHttpUpstream(answer), (one) => one.close());
    const client = open(server.url.href);
    client.send(initialize(1, '2025-03-26'));
    await client.next(({ id }) => id === 1);
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' };
    client.send([note, { jsonrpc: '2.0', id: 2, method: 'a' }, { jsonrpc: '2.0', id: 3, method: 'b' }]);
    await client.next(({ id }) => id === 3);
    expect(client.received.at(-1)).toHaveLength(2);
  });
});

describe('a modern client before a server that is only legacy', () => {
  it('is told so, and opens a legacy session instead', async () => {
    const server = await startLegacy();
    const client = await connectModern(server.url);
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    const result = await client.callTool({ name: 'echo', arguments: { message: 'x' } });
    expect(textOf(result)).toBe('{"message":"x"}');
  });
});

describe('gateward connect', () => {
  it('answers what is no message with errors, and goes on', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send('not json');
    client.send('');
    client.send('{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}');
    client.send('[]');
    client.send({ jsonrpc: '1.0', id: 5, method: 'x' });
    client.send(modern(6, 'tools/call', { name: 'echo', arguments: { message: 'still here' } }));
    await client.next(({ id }) => id === 6);
    const errors = client.received.flat().filter((message) => 'error' in message);
    expect(errors.map(({ error, ...rest }) => [(error as { code: number }).code, rest['id']])).toEqual([
      [-32700, undefined],
      [-32700, undefined],
      [-32600, undefined],
      [-32600, 5],
    ]);
  });

  it('writes nothing but messages to standard output, and ends when its input does', async () => {
    const server = await startModern();
    const client = open(server.url);
    client.send(modern(1, 'server/discover'));
    client.end();
    expect(await client.ended).toBe(0);
    expect(client.received).toMatchObject([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends its session on %s', async (name) => {
    const server = await startLegacy();
    const client = open(server.url);
    client.send(initialize());
    await client.next(({ id }) => id === 1);
    expect(server.sessionCount()).toBe(1);
    client.signal(name);
    expect(await client.ended).toBe(0);
    expect(server.sessionCount()).toBe(0);
  });

  it('waits for a gateway that is just starting', async () => {
    const port = await closedPort();
    const client = open(`http://127.0.0.1:${port}`);
    client.send(initialize());
    await vi.waitFor(() => expect(client.stderr()).toContain('trying again'), WITHIN);
    await startLegacy(port);
    expect(await client.next(({ id }) => id === 1)).toMatchObject({
      result: { serverInfo: { name: 'gateward-fixture-legacy' } },
    });
  });

  it('says in an error that no gateway answers, and what to do', { timeout: 60_000 }, async () => {
    const client = open(`http://127.0.0.1:${await closedPort()}/mcp`);
    client.send(initialize('a'));
    client.send(modern('b', 'tools/list'));
    for (const wanted of ['a', 'b']) {
      expect(await client.next(({ id }) => id === wanted)).toMatchObject({
        error: { code: -32603, message: expect.stringMatching(/gateward serve.*refused the connection/) },
      });
    }
  });

  it('sends the headers that it is given, with variables filled in', async () => {
    const server = endLater(
      await startHttpUpstream(({ body, res }) => {
        sendJson(res, { jsonrpc: '2.0', id: JSON.parse(body).id, result: { resultType: 'complete' } });
      }),
      (one) => one.close(),
    );
    const variable = ['$', '{TOKEN}'].join('');
    const client = endLater(
      startStdioClient(
        [program, ...args, 'connect', server.url.href, '--header', `Authorization: Bearer ${variable}`],
        { TOKEN: 't0p' },
      ),
      (one) => one.kill(),
    );
    client.send(modern(1, 'tools/list'));
    await client.next(({ id }) => id === 1);
    expect(server.received[0]?.headers).toMatchObject({
      authorization: 'Bearer t0p',
      'mcp-method': 'tools/list',
      'mcp-protocol-version': '2026-07-28',
    });
  });

  it.each([
    [['no-url'], 2],
    [['ftp://127.0.0.1/'], 2],
    [['http://user:pass@127.0.0.1/'], 2],
    [['http://127.0.0.1/', '--header', 'broken'], 2],
    [[], 2],
  ])('refuses %j with exit code %i, and says why on standard error', async (given, code) => {
    const client = startStdioClient([program, ...args, 'connect', ...given]);
    expect(await client.ended).toBe(code);
    expect(client.received).toEqual([]);
    expect(client.stderr()).not.toBe('');
    expect(client.stderr()).not.toContain('pass@');
  });
});
