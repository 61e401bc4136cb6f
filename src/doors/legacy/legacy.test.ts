import { afterEach, describe, expect, it } from 'vitest';
import { EventReader } from '../../../test/support/event-reader.ts';
import {
  complete,
  type DoorTestOptions,
  type DoorUnderTest,
  openSession,
  postRaw,
  startLegacyDoor,
} from '../../../test/support/legacy-door.ts';
import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';

let door: DoorUnderTest | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
});

async function start(options: DoorTestOptions = {}): Promise<DoorUnderTest> {
  door = await startLegacyDoor(options);
  return door;
}

const request = (id: unknown, method: string, params?: object) => ({ jsonrpc: '2.0', id, method, params });
const notification = (method: string, params?: object) => ({ jsonrpc: '2.0', method, params });
const callTool = (id: unknown, name = 't', _meta?: object) =>
  request(id, 'tools/call', { name, arguments: {}, ...(_meta === undefined ? {} : { _meta }) });

function notify(call: Call, method: string, params: object): void {
  void call.notify(JsonText.of({ jsonrpc: '2.0', method, params }));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('initialize', () => {
  it('answers what the inside discovers, in the words of legacy', async () => {
    const { url, calls } = await start();
    const session = await openSession(url, '2025-06-18', { elicitation: {}, roots: { listChanged: true } });
    expect(session.id).toMatch(/^[\x21-\x7e]{20,3072}$/);
    expect(session.result).toEqual({
      protocolVersion: '2025-06-18',
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      serverInfo: { name: 'scripted', version: '1.2.3' },
      instructions: 'Be brief.',
    });
    expect(calls[0]?.call.meta.clientCapabilities.value()).toEqual({ elicitation: { form: {} }, roots: {} });
  });

  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['1999-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ])('agrees on a version for %s: %s', async (asked, agreed) => {
    const { url } = await start();
    expect((await openSession(url, asked)).result['protocolVersion']).toBe(agreed);
  });

  it('refuses params that lack what they must have, and opens nothing', async () => {
    const { url } = await start();
    const response = await postRaw(url, request(0, 'initialize', { protocolVersion: '2025-11-25' }));
    expect(response.status).toBe(200);
    expect(response.headers.get('mcp-session-id')).toBeNull();
    expect(await response.json()).toMatchObject({ id: 0, error: { code: -32602 } });
  });

  it('passes on why the inside failed', async () => {
    const { url } = await start({ handle: async () => failedBy(new GatewardError('UPSTREAM_UNAVAILABLE')) });
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    };
    const response = await postRaw(url, request(0, 'initialize', params));
    expect(await response.json()).toMatchObject({ error: { code: -32603 } });
  });
});

describe('a session', () => {
  it('is required, and must be known, alive and of this server', async () => {
    const { url } = await start();
    const session = await openSession(url);
    expect((await postRaw(url, request(1, 'ping'))).status).toBe(400);
    expect((await session.post(request(1, 'ping'), { 'mcp-session-id': `${session.id}x` })).status).toBe(404);
    const other = url.replace('/mcp', '/other/mcp');
    expect((await postRaw(other, request(1, 'ping'), { 'mcp-session-id': session.id })).status).toBe(404);
    expect((await session.post(notification('notifications/initialized'))).status).toBe(202);
    expect((await session.delete()).status).toBe(200);
    expect((await session.post(request(1, 'ping'))).status).toBe(404);
    expect((await session.get()).status).toBe(404);
    expect((await session.delete()).status).toBe(404);
  });

  it('takes any legacy version in the header, and no other', async () => {
    const { url } = await start();
    const session = await openSession(url);
    const ping = (version: string) => session.post(request(1, 'ping'), { 'mcp-protocol-version': version });
    expect((await ping('2024-11-05')).status).toBe(200);
    expect((await ping('2025-11-25')).status).toBe(200);
    expect((await ping('1.0')).status).toBe(400);
  });

  it('answers ping and setLevel with an empty object, exactly', async () => {
    const { url } = await start();
    const session = await openSession(url);
    expect(await (await session.post(request(1, 'ping'))).text()).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{}}',
    );
    const level = await session.post(request('a', 'logging/setLevel', { level: 'error' }));
    expect(await level.text()).toBe('{"jsonrpc":"2.0","id":"a","result":{}}');
    const wrong = await session.post(request(2, 'logging/setLevel', { level: 'loud' }));
    expect(await wrong.json()).toMatchObject({ error: { code: -32602 } });
  });

  it('stamps calls with the envelope, and keeps every other byte', async () => {
    const { url, calls } = await start();
    const session = await openSession(url, '2025-11-25', { sampling: {} });
    await session.post(request(1, 'logging/setLevel', { level: 'warning' }));
    await session.post(
      '{"jsonrpc":"2.0", "id":18446744073709551617,"method":"tools/call","params":{"name":"t","x":1.50,"_meta":{"progressToken":7,"a/b":[ 1 ]}}}',
    );
    const call = calls.at(-1)?.call;
    expect(call?.id).toBe('18446744073709551617');
    expect(call?.name).toBe('t');
    expect(call?.meta.progressToken?.text).toBe('7');
    expect(call?.meta.logLevel).toBe('warning');
    expect(call?.legacy?.session.version).toBe('2025-11-25');
    expect(call?.message.text).toContain('"name":"t","x":1.50,"_meta":{"progressToken":7,"a/b":[ 1 ],');
    expect(call?.message.at('params', '_meta')?.value()).toEqual({
      progressToken: 7,
      'a/b': [1],
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/logLevel': 'warning',
    });
  });

  it('does not offer what only modern or nobody knows', async () => {
    const { url } = await start();
    const session = await openSession(url);
    for (const method of ['server/discover', 'subscriptions/listen', 'tasks/update', 'no/such']) {
      const response = await session.post(request(1, method, {}));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ error: { code: -32601 } });
    }
  });

  it('is opened anew by initialize, whatever session the client names', async () => {
    const { url } = await start();
    const session = await openSession(url);
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    };
    const again = await session.post(request(1, 'initialize', params));
    expect(again.headers.get('mcp-session-id')).not.toBe(session.id);
    expect((await session.post(request(1, 'ping'))).status).toBe(200);
  });

  it('refuses a second request with the id of one in work', async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { url } = await start({ script: () => gate.promise });
    const session = await openSession(url);
    const first = session.post(callTool(1));
    await sleep(50);
    const second = await session.post(callTool(1));
    expect(second.status).toBe(400);
    expect(await second.json()).toMatchObject({ error: { code: -32600 } });
    gate.resolve(complete({ content: [] }));
    expect(await (await first).json()).toEqual({ jsonrpc: '2.0', id: 1, result: { content: [] } });
    expect((await session.post(callTool(1))).status).toBe(200);
  });

  it('tells upstream sessions when it ends and when its roots change', async () => {
    const seen: string[] = [];
    const { url } = await start({
      script: ({ legacy }) => {
        legacy?.session.ended.addEventListener('abort', () => seen.push('ended'));
        legacy?.session.onRootsChanged?.(() => seen.push('roots'), new AbortController().signal);
        return complete({ content: [] });
      },
    });
    const session = await openSession(url, '2025-11-25', { roots: { listChanged: true } });
    await session.post(callTool(1));
    await session.post(notification('notifications/roots/list_changed'));
    await session.delete();
    expect(seen).toEqual(['roots', 'ended']);
  });

  it('sends a failure as 200 unless it speaks of the request as a whole', async () => {
    const codes = ['METHOD_NOT_FOUND', 'RATE_LIMITED', 'MISSING_CAPABILITY', 'UNKNOWN_RESOURCE'] as const;
    let at = 0;
    const { url } = await start({
      script: () => failedBy(new GatewardError(codes[at] ?? 'INTERNAL_ERROR', { retryAfterSeconds: 2.5 })),
    });
    const session = await openSession(url);
    const seen: unknown[] = [];
    for (at = 0; at < codes.length; at++) {
      const response = await session.post(request(1, 'resources/read', { uri: 'x:1' }));
      const { error } = (await response.json()) as { error: { code: number } };
      seen.push([response.status, error.code, response.headers.get('retry-after')]);
    }
    expect(seen).toEqual([
      [200, -32601, '3'],
      [429, 1001, '3'],
      [200, -32603, '3'],
      [200, -32002, '3'],
    ]);
  });
});

describe('the answer to a POST', () => {
  it('is JSON when it comes at once and in silence', async () => {
    const { url } = await start({ script: () => complete({ content: [], structuredContent: [1, 2] }) });
    const session = await openSession(url);
    const response = await session.post(callTool(1));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: '[1,2]' }], structuredContent: { result: [1, 2] } },
    });
  });

  it('is a primed stream for 2025-11-25 once a notification comes', async () => {
    const { url } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 7, progress: 1 });
        notify(call, 'notifications/message', { level: 'debug', data: 'too quiet' });
        notify(call, 'notifications/message', { level: 'info', data: 'heard' });
        return complete({ content: [] });
      },
    });
    const session = await openSession(url);
    const response = await session.post(callTool(1));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = new EventReader(response);
    const first = await reader.next();
    expect(first).toMatchObject({ data: '', retryMs: 1000 });
    expect(first?.id).toMatch(/^p.{12}\.0$/);
    const messages = await reader.rest();
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 7, progress: 1 } },
      { method: 'notifications/message', params: { data: 'heard' } },
      { id: 1, result: { content: [] } },
    ]);
  });

  it('is an unprimed stream for older revisions', async () => {
    const { url } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 7, progress: 1 });
        return complete({ content: [] });
      },
    });
    const session = await openSession(url, '2025-06-18');
    const reader = new EventReader(await session.post(callTool(1)));
    const first = await reader.next();
    expect(first?.message).toMatchObject({ method: 'notifications/progress' });
    expect(first?.id).toMatch(/\.1$/);
  });

  it('becomes a stream after a quarter of a second of silence', async () => {
    const { url } = await start({
      script: async () => {
        await sleep(400);
        return complete({ content: [] });
      },
    });
    const session = await openSession(url);
    const response = await session.post(callTool(1));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await new EventReader(response).rest()).toMatchObject([{ id: 1 }]);
  });

  it('is JSON without notifications for a client that takes no stream', async () => {
    const { url, calls } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 7, progress: 1 });
        await sleep(300);
        return complete({ content: [] });
      },
    });
    const session = await openSession(url);
    const response = await session.post(callTool(1), { accept: 'application/json' });
    expect(await response.json()).toMatchObject({ id: 1 });
    expect(calls.at(-1)?.call.meta.logLevel).toBeUndefined();
    expect((await session.post(callTool(1), { accept: 'text/html' })).status).toBe(406);
  });

  it('is a stream at once for a client that takes nothing else', async () => {
    const { url } = await start();
    const session = await openSession(url);
    const response = await session.post(callTool(1), { accept: 'text/event-stream' });
    expect(await new EventReader(response).rest()).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  it('says that the gateway stops where a call is still in work', async () => {
    const started = await start({ script: () => new Promise(() => undefined) });
    const session = await openSession(started.url);
    const reader = new EventReader(await session.post(callTool(1)));
    await reader.next();
    started.closeDoors();
    expect(await reader.rest()).toMatchObject([{ id: 1, error: { code: 1002 } }]);
  });

  it('drops progress that does not rise', async () => {
    const { url } = await start({
      script: async (call) => {
        for (const progress of [1, 3, 2, 3, 4])
          notify(call, 'notifications/progress', { progressToken: 1, progress });
        return complete({});
      },
    });
    const session = await openSession(url);
    const messages = await new EventReader(await session.post(callTool(1))).rest();
    expect(
      messages.flatMap(({ params }) => (params as { progress?: number } | undefined)?.progress ?? []),
    ).toEqual([1, 3, 4]);
  });

  it('has no response when the client cancels, and the call is aborted', async () => {
    let aborted = false;
    const { url } = await start({
      script: (call) =>
        new Promise((resolve) => {
          call.signal.addEventListener('abort', () => {
            aborted = true;
            notify(call, 'notifications/progress', { progressToken: 1, progress: 9 });
            resolve(complete({}));
          });
        }),
    });
    const session = await openSession(url);
    const response = session.post(callTool('x'));
    await sleep(30);
    expect((await session.post(notification('notifications/cancelled', { requestId: 'x' }))).status).toBe(
      202,
    );
    expect(await new EventReader(await response).rest()).toEqual([]);
    expect(aborted).toBe(true);
  });
});

describe('a client that went away', () => {
  it('comes back for what it missed, and the call was not cancelled', async () => {
    const gate = Promise.withResolvers<void>();
    const { url } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
        await gate.promise;
        notify(call, 'notifications/progress', { progressToken: 1, progress: 2 });
        await sleep(100);
        expect(call.signal.aborted).toBe(false);
        return complete({ content: [] });
      },
    });
    const session = await openSession(url);
    const broken = new EventReader(await session.post(callTool(1)));
    const last = await broken.message();
    await broken.close();
    gate.resolve();
    await sleep(50);
    const resumed = await session.get({ 'last-event-id': last?.id ?? '' });
    expect(resumed.headers.get('content-type')).toBe('text/event-stream');
    expect(await new EventReader(resumed).rest()).toMatchObject([{ params: { progress: 2 } }, { id: 1 }]);
    const again = await session.get({ 'last-event-id': last?.id ?? '' });
    expect(await new EventReader(again).rest()).toHaveLength(2);
  });

  it('is told to stop when nothing follows, and refused what was never sent', async () => {
    const { url } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
        return complete({});
      },
    });
    const session = await openSession(url);
    const reader = new EventReader(await session.post(callTool(1)));
    let last = '';
    for (let event = await reader.next(); event !== undefined; event = await reader.next())
      last = event.id ?? last;
    expect((await session.get({ 'last-event-id': last })).status).toBe(204);
    expect((await session.get({ 'last-event-id': last.replace(/\d+$/, '99') })).status).toBe(400);
    expect((await session.get({ 'last-event-id': 'nonsense' })).status).toBe(400);
    const stranger = await openSession(url);
    expect((await stranger.get({ 'last-event-id': last })).status).toBe(400);
  });

  it('is hung up and comes back where the upstream does that', async () => {
    const { url } = await start({
      script: async (call) => {
        call.legacy?.stream?.hungUp(40);
        await sleep(100);
        return complete({ content: [] });
      },
    });
    const session = await openSession(url);
    const reader = new EventReader(await session.post(callTool(1)));
    expect(await reader.next()).toMatchObject({ data: '', retryMs: 1000 });
    const pause = await reader.next();
    expect(pause).toMatchObject({ data: '', retryMs: 40 });
    expect(await reader.next()).toBeUndefined();
    const resumed = await session.get({ 'last-event-id': pause?.id ?? '' });
    expect(await new EventReader(resumed).rest()).toMatchObject([{ id: 1 }]);
  });
});

describe('the GET stream', () => {
  it('carries changes, with the keys of the modern envelope taken away', async () => {
    const { url, listens } = await start();
    const session = await openSession(url);
    const response = await session.get();
    expect(response.status).toBe(200);
    const reader = new EventReader(response);
    expect(await reader.next()).toMatchObject({ data: '', retryMs: 1000 });
    expect([...listens][0]?.filter).toEqual({
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
    });
    for (const listen of listens) listen.send('notifications/tools/list_changed');
    expect((await reader.message())?.data).toBe(
      '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    );
    await reader.close();
    await sleep(50);
    expect(listens.size).toBe(0);
  });

  it('needs an Accept that allows it', async () => {
    const { url } = await start();
    const session = await openSession(url);
    expect((await session.get({ accept: 'application/json' })).status).toBe(406);
  });

  it('gives each message to the newest stream only, and closes the oldest beyond the bound', async () => {
    const { url, listens } = await start({ maxStreamsPerSession: 2 });
    const session = await openSession(url, '2025-06-18');
    const readers: EventReader[] = [];
    for (let count = 0; count < 3; count++) readers.push(new EventReader(await session.get()));
    expect(await readers[0]?.next()).toBeUndefined();
    expect(listens.size).toBe(1);
    for (const listen of listens) listen.send('notifications/tools/list_changed');
    expect((await readers[2]?.message())?.id).toMatch(/^g.{12}\.1$/);
    await readers[2]?.close();
    await sleep(50);
    for (const listen of listens) listen.send('notifications/prompts/list_changed');
    expect((await readers[1]?.message())?.data).toContain('prompts');
  });

  it('makes up for changes when it is resumed', async () => {
    const { url } = await start();
    const session = await openSession(url);
    await session.post(request(1, 'resources/subscribe', { uri: 'x:1' }));
    const reader = new EventReader(await session.get());
    const primed = await reader.next();
    await reader.close();
    await sleep(50);
    const resumed = new EventReader(await session.get({ 'last-event-id': primed?.id ?? '' }));
    const methods: unknown[] = [];
    for (let count = 0; count < 4; count++) methods.push((await resumed.message())?.message?.['method']);
    expect(methods).toEqual([
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/updated',
    ]);
  });

  it('hears of resources that were subscribed before and after it was opened', async () => {
    const { url, listens } = await start({ subscribable: (uri) => uri !== 'x:no' });
    const session = await openSession(url);
    expect(await (await session.post(request(1, 'resources/subscribe', { uri: 'x:1' }))).text()).toContain(
      '"result":{}',
    );
    expect(listens.size).toBe(0);
    const reader = new EventReader(await session.get());
    await session.post(request(2, 'resources/subscribe', { uri: 'x:2' }));
    expect(listens.size).toBe(1);
    expect([...listens][0]?.filter['resourceSubscriptions']).toEqual(['x:1', 'x:2']);
    const refused = await session.post(request(3, 'resources/subscribe', { uri: 'x:no' }));
    expect(await refused.json()).toMatchObject({ error: { code: -32602 } });
    expect([...listens][0]?.filter['resourceSubscriptions']).toEqual(['x:1', 'x:2']);
    for (const listen of listens) listen.send('notifications/resources/updated', { uri: 'x:2' });
    expect((await reader.message())?.message).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri: 'x:2' },
    });
    await session.post(request(4, 'resources/unsubscribe', { uri: 'x:1' }));
    expect([...listens][0]?.filter['resourceSubscriptions']).toEqual(['x:2']);
  });

  it('refuses a subscription where the server has none to offer', async () => {
    const { url } = await start({
      subscribable: () => false,
      discovered: {
        supportedVersions: ['2026-07-28'],
        capabilities: { resources: {} },
      },
    });
    const session = await openSession(url);
    const refused = await session.post(request(1, 'resources/subscribe', { uri: 'x:1' }));
    expect(await refused.json()).toMatchObject({ error: { code: -32601 } });
    const level = await session.post(request(2, 'logging/setLevel', { level: 'info' }));
    expect(await level.json()).toMatchObject({ error: { code: -32601 } });
  });

  it('listens again when the listen ends by itself, and makes up for what was missed', async () => {
    const { url, listens } = await start();
    const session = await openSession(url);
    const reader = new EventReader(await session.get());
    await reader.next();
    for (const listen of [...listens]) listen.end();
    expect((await reader.message())?.message?.['method']).toBe('notifications/tools/list_changed');
    expect(listens.size).toBe(1);
  });

  it('ends when the gateway stops, and no new one opens', async () => {
    const { url, drain } = await start();
    const session = await openSession(url);
    const reader = new EventReader(await session.get());
    await reader.next();
    drain();
    expect(await reader.next()).toBeUndefined();
    expect((await session.get()).status).toBe(503);
    expect((await session.post(callTool(1))).status).toBe(200);
  });
});

describe('batches', () => {
  it('are answered in one array by 2025-03-26', async () => {
    const { url } = await start();
    const session = await openSession(url, '2025-03-26');
    const response = await session.post([
      request(1, 'ping'),
      notification('notifications/initialized'),
      request('b', 'tools/call', { name: 't' }),
    ]);
    expect(await response.json()).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 'b', result: {} },
    ]);
    expect((await session.post([notification('notifications/initialized')])).status).toBe(202);
  });

  it('are answered in one stream when one of them is slow', async () => {
    const { url } = await start({
      script: async (call) => {
        notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
        return complete({});
      },
    });
    const session = await openSession(url, '2025-03-26');
    const response = await session.post([request(1, 'ping'), callTool(2)]);
    const messages = await new EventReader(response).rest();
    expect(messages.map(({ id, method }) => id ?? method).sort()).toEqual([1, 2, 'notifications/progress']);
  });

  it.each(['2025-11-25', '2025-06-18', '2024-11-05'])('are refused by %s', async (version) => {
    const { url } = await start();
    const session = await openSession(url, version);
    const response = await session.post([request(1, 'ping')]);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32600 } });
  });

  it('are refused as a whole for initialize, doubled ids and what is no message', async () => {
    const { url } = await start();
    const session = await openSession(url, '2025-03-26');
    const wrong: unknown[] = [
      [request(1, 'initialize', {})],
      [request(1, 'ping'), request(1, 'ping')],
      [request(1, 'ping'), 5],
      [],
      Array.from({ length: 257 }, (_, id) => request(id, 'ping')),
    ];
    for (const body of wrong) expect((await session.post(body)).status).toBe(400);
    expect((await session.post(request(1, 'ping'))).status).toBe(200);
  });
});
