import { afterEach, describe, expect, it } from 'vitest';
import { RpcError } from '../../../test/support/fake-legacy-server.ts';
import {
  ASKABLE,
  bodyOf,
  type Rig,
  type Sketch,
  sketchCall,
  sketchSession,
  startRig,
} from '../../../test/support/legacy-upstream.ts';
import { quiet } from '../../../test/support/manual-clock.ts';
import { JsonText } from '../../lib/json-text.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.connector.close();
  expect(rig?.server.open ?? []).toEqual([]);
});

function start(...args: Parameters<typeof startRig>): Rig {
  rig = startRig(...args);
  return rig;
}

async function run({ connector }: Rig, sketch: Sketch) {
  const sent = sketchCall(sketch);
  const outcome = await connector.call(sent.call, 'context');
  return { ...sent, outcome, body: bodyOf(outcome) };
}

const echo = ({ params }: { params: Record<string, unknown> }) => ({ content: [], got: params });

describe('a call to a legacy server', () => {
  it('opens a session as 2025-11-25, introduces the gateway and takes the version that comes back', async () => {
    const it = start({ version: '2025-03-26', tools: { echo } });
    await run(it, { params: { name: 'echo' } });
    const [session] = it.server.sessions;
    expect(session?.received.map((message) => message['method'])).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
    expect(session?.received[0]?.['params']).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'gateward', version: '1' },
    });
    expect(session?.versionUsed).toBe('2025-03-26');
  });

  it('sends the params without the envelope and keeps every other member and byte', async () => {
    const it = start({ tools: { echo } });
    const { call } = sketchCall({ params: { name: 'echo' } });
    const message = JsonText.written(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","big":12345678901234567890,"task":{},' +
        '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"00-1","x/y":1.0}}}',
    );
    const sent: string[] = [];
    const { createTransport } = it.server;
    const spy = start(
      { tools: { echo } },
      {
        createTransport: () => {
          const transport = createTransport();
          const send = transport.send.bind(transport);
          transport.send = (text, options) => {
            sent.push(text.text);
            return send(text, options);
          };
          return transport;
        },
      },
    );
    await spy.connector.call({ ...call, message }, 'context');
    expect(sent.at(-1)).toBe(
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","big":12345678901234567890,' +
        '"_meta":{"traceparent":"00-1","x/y":1.0}}}',
    );
    await it.connector.close();
  });

  it('stamps results as complete and says whose they are', async () => {
    const it = start({ tools: { echo: () => ({ content: [], resultType: 'odd', n: 1 }) } });
    const { body } = await run(it, { params: { name: 'echo' } });
    expect(body).toEqual({
      content: [],
      resultType: 'complete',
      n: 1,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fake', version: '1' } },
    });
  });

  it('shares one session among callers who cannot be asked', async () => {
    const it = start({ tools: { echo } });
    await Promise.all([1, 2, 3].map(() => run(it, { params: { name: 'echo' } })));
    expect(it.server.sessions).toHaveLength(1);
  });

  it('gives lists hints, and keeps them only while changes are told', async () => {
    const list = { 'tools/list': () => ({ tools: [], nextCursor: '' }) };
    const it = start({ methods: list, capabilities: { tools: { listChanged: true } } });
    const before = await run(it, { method: 'tools/list' });
    expect(before.body).toMatchObject({ tools: [], nextCursor: '', ttlMs: 0, cacheScope: 'private' });
    const listen = sketchCall({
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true } },
    });
    const listening = it.connector.call(listen.call, 'context').catch(() => undefined);
    await quiet();
    expect((await run(it, { method: 'tools/list' })).body).toMatchObject({ ttlMs: 60_000 });
    listen.abort.abort();
    await listening;
    expect((await run(it, { method: 'tools/list' })).body).toMatchObject({ ttlMs: 0 });
  });

  it.each([
    ['tools/list', { prompts: {} }],
    ['prompts/get', { tools: {} }],
    ['resources/read', { tools: {} }],
    ['completion/complete', { tools: {} }],
    ['ping', { tools: {} }],
    ['tasks/list', { tasks: {} }],
    ['initialize', {}],
  ])('refuses %s where the server offers %j', async (method, capabilities) => {
    const it = start({ capabilities });
    const { outcome } = await run(it, { method });
    expect(outcome).toMatchObject({ kind: 'error', code: 'METHOD_NOT_FOUND' });
  });

  it('turns -32002 into -32602 for modern callers, and leaves it to legacy ones', async () => {
    const methods = { 'resources/read': () => new RpcError(-32002, 'gone', { uri: 'a:b' }) };
    const it = start({ methods, capabilities: { resources: {} } });
    const modern = await run(it, { method: 'resources/read' });
    expect(modern.body).toEqual({ code: -32602, message: 'gone', data: { uri: 'a:b' } });
    const legacy = await run(it, { method: 'resources/read', session: sketchSession() });
    expect(legacy.body).toEqual({ code: -32002, message: 'gone', data: { uri: 'a:b' } });
  });

  it('keeps codes of the server, but not those that the modern era means otherwise', async () => {
    for (const [code, seen] of [
      [-32000, -32000],
      [42, 42],
      [-32021, -32603],
    ]) {
      const it = start({ tools: { fail: () => new RpcError(code ?? 0, 'x') } });
      expect((await run(it, { params: { name: 'fail' } })).body).toEqual({ code: seen, message: 'x' });
      await it.connector.close();
    }
  });

  it('answers an empty completion where 2024-11-05 does not know the method', async () => {
    const it = start({ version: '2024-11-05', capabilities: { prompts: {} } });
    const { body } = await run(it, { method: 'completion/complete' });
    expect(body).toMatchObject({ resultType: 'complete', completion: { values: [] } });
  });
});

describe('the standalone stream of a session', () => {
  it('is waited for by requests in which the server may ask, and not by lists', async () => {
    const it = start({ tools: { echo }, methods: { 'tools/list': () => ({ tools: [] }) } });
    await run(it, { capabilities: ASKABLE, method: 'tools/list' });
    await run(it, { capabilities: ASKABLE, params: { name: 'echo' } });
    const [session] = it.server.sessions;
    expect(session?.sentAtOnce).toEqual(['tools/list']);
    expect(session?.requests('tools/call')).toHaveLength(1);
    expect(session?.standalone).toBe(true);
  });
});

describe('server/discover', () => {
  it('is answered from initialize', async () => {
    const it = start({
      methods: {
        initialize: () => ({
          protocolVersion: '2025-06-18',
          capabilities: { tools: { listChanged: true }, tasks: { list: {} }, experimental: { x: {} } },
          serverInfo: { name: 's', version: '2', icons: [] },
          instructions: 'Do.',
        }),
      },
    });
    const { body } = await run(it, { method: 'server/discover' });
    expect(body).toEqual({
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true }, experimental: { x: {} } },
      instructions: 'Do.',
      resultType: 'complete',
      ttlMs: 60_000,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '2', icons: [] } },
    });
  });

  it('says that the server is not reachable when it refuses to open, and opens again later', async () => {
    const it = start({});
    it.server.down = true;
    await expect(run(it, { method: 'server/discover' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    it.server.down = false;
    expect((await run(it, { method: 'server/discover' })).outcome.kind).toBe('complete');
  });

  it('refuses a server that answers with a version nobody knows', async () => {
    const it = start({ version: '2023-01-01' });
    await expect(run(it, { method: 'server/discover' })).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it('opens with an older version when the server names one', async () => {
    let asked = 0;
    const it = start({
      methods: {
        initialize: ({ params }) =>
          asked++ === 0
            ? new RpcError(-32602, 'Unsupported protocol version', { supported: ['2024-11-05'] })
            : { protocolVersion: params['protocolVersion'], capabilities: {} },
      },
    });
    expect((await run(it, { method: 'server/discover' })).outcome.kind).toBe('complete');
    expect(it.server.sessions[0]?.versionUsed).toBe('2024-11-05');
  });

  it('gives up on a server that does not answer initialize in time', async () => {
    const it = start({ methods: { initialize: () => new Promise(() => undefined) } });
    const discovering = run(it, { method: 'server/discover' });
    const seen = expect(discovering).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await quiet();
    await it.clock.advance(10_000);
    await seen;
    expect(it.clock.pending).toBe(0);
  });
});

describe('notifications of a call', () => {
  const busy = {
    busy: async ({
      progress,
      notify,
    }: {
      progress: (n: number) => void;
      notify: (m: string, p: unknown) => void;
    }) => {
      progress(1);
      notify('notifications/message', { level: 'debug', data: 'fine' });
      notify('notifications/message', { level: 'warning', data: 'hot' });
      notify('notifications/custom', { x: 1 });
      return { content: [] };
    },
  };

  it.each([true, false])(
    'come before its outcome, mapped and filtered (streams: %s)',
    async (tellsRequests) => {
      const it = start({ tools: busy, tellsRequests, capabilities: { tools: {}, logging: {} } });
      const { told } = await run(it, { params: { name: 'busy' }, progressToken: '"1e3"', logLevel: 'info' });
      expect(told).toEqual([
        { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: '1e3', progress: 1 } },
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'warning', data: 'hot' } },
        { jsonrpc: '2.0', method: 'notifications/custom', params: { x: 1 } },
      ]);
    },
  );

  it('bring no log message to a call that asks for none, and no progress without a token', async () => {
    const it = start({ tools: busy });
    const { told } = await run(it, { params: { name: 'busy' } });
    expect(told.map(({ method }) => method)).toEqual(['notifications/custom']);
  });

  it('go by progress token, and logs to nobody, where several calls share a channel', async () => {
    const gate = Promise.withResolvers<void>();
    const tools = {
      slow: async ({
        progress,
        notify,
      }: {
        progress: (n: number) => void;
        notify: (m: string, p: unknown) => void;
      }) => {
        await gate.promise;
        progress(5);
        notify('notifications/message', { level: 'error', data: 'whose?' });
        return {};
      },
    };
    const it = start({ tools, tellsRequests: false });
    const calls = ['1', '"1"'].map((progressToken) =>
      run(it, { params: { name: 'slow' }, progressToken, logLevel: 'debug' }),
    );
    await quiet();
    gate.resolve();
    const told = (await Promise.all(calls)).map((call) => call.told);
    expect(told.map((list) => list.map(({ params }) => params))).toEqual([
      [{ progressToken: 1, progress: 5 }],
      [{ progressToken: '1', progress: 5 }],
    ]);
  });

  it('set the session to the most verbose level in use', async () => {
    const gate = Promise.withResolvers<void>();
    const tools = { wait: () => gate.promise.then(() => ({})), go: () => ({}) };
    const it = start({ tools, capabilities: { tools: {}, logging: {} } });
    const first = run(it, { params: { name: 'wait' }, logLevel: 'warning' });
    await quiet();
    await run(it, { params: { name: 'go' }, logLevel: 'error' });
    await run(it, { params: { name: 'go' }, logLevel: 'debug' });
    gate.resolve();
    await first;
    await run(it, { params: { name: 'go' }, logLevel: 'error' });
    const levels = it.server.sessions[0]?.requests('logging/setLevel').map(({ params }) => params);
    expect(levels).toEqual([{ level: 'warning' }, { level: 'debug' }, { level: 'error' }]);
  });
});

describe('cancelling', () => {
  it('tells the server and rejects with the reason of the signal', async () => {
    let cancelled: AbortSignal | undefined;
    const tools = {
      hang: (turn: { cancelled: AbortSignal }) => {
        cancelled = turn.cancelled;
        return new Promise(() => undefined);
      },
    };
    const it = start({ tools });
    const sent = sketchCall({ params: { name: 'hang' } });
    const calling = it.connector.call(sent.call, 'context');
    await quiet();
    sent.abort.abort('gone');
    await expect(calling).rejects.toBe('gone');
    await quiet();
    expect(cancelled?.aborted).toBe(true);
    const [told] = it.server.sessions[0]?.requests('notifications/cancelled') ?? [];
    expect(told?.['params']).toMatchObject({ requestId: 2 });
  });

  it('closes a session on which the server might still ask for the cancelled call', async () => {
    const it = start({ tools: { hang: () => new Promise(() => undefined), echo } });
    const capabilities = { elicitation: {} };
    const sent = sketchCall({ params: { name: 'hang' }, capabilities });
    const calling = it.connector.call(sent.call, 'context');
    await quiet();
    sent.abort.abort('gone');
    await expect(calling).rejects.toBe('gone');
    await quiet();
    expect(it.server.open).toEqual([]);
    await run(it, { params: { name: 'echo' }, capabilities });
    expect(it.server.sessions).toHaveLength(2);
  });
});

describe('a lost session', () => {
  it('is opened again for a call that was refused before it ran', async () => {
    const it = start({ tools: { echo } });
    await run(it, { params: { name: 'echo' } });
    const [first] = it.server.sessions;
    if (first) first.forgotten = true;
    expect((await run(it, { params: { name: 'echo' } })).outcome.kind).toBe('complete');
    expect(it.server.sessions).toHaveLength(2);
  });

  it('ends what is in flight in UPSTREAM_LOST, and is not tried again', async () => {
    const it = start({ tools: { hang: () => new Promise(() => undefined) } });
    const calling = run(it, { params: { name: 'hang' } });
    const seen = expect(calling).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await quiet();
    it.server.sessions[0]?.lose();
    await seen;
    expect(it.server.sessions).toHaveLength(1);
  });
});

describe('sessions of legacy clients', () => {
  it('have an upstream session each, which ends with them', async () => {
    const it = start({ tools: { echo } });
    const [one, two] = [sketchSession(), sketchSession()];
    for (const session of [one, two, one]) await run(it, { params: { name: 'echo' }, session });
    expect(it.server.sessions).toHaveLength(2);
    one.end();
    await quiet();
    expect(it.server.sessions.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('are asked what belongs to no call, and their answer goes back', async () => {
    const asked: string[] = [];
    const session = sketchSession(async (message) => {
      asked.push(message.text);
      const id = message.get('id')?.text;
      return id === undefined
        ? undefined
        : JsonText.written(`{"jsonrpc":"2.0","id":${id},"result":{"roots":[{"uri":"file:///a"}]}}`);
    });
    const answers: unknown[] = [];
    const it = start({
      tools: { echo },
      onInitialized: (fake) => {
        fake.push({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } });
        void fake.ask('roots/list').then((answer) => answers.push(answer));
      },
    });
    await run(it, { method: 'server/discover', session, capabilities: { roots: {} } });
    await it.clock.advance(100);
    expect(asked.map((text) => JSON.parse(text).method)).toEqual(['notifications/message', 'roots/list']);
    expect(answers).toEqual([{ result: { roots: [{ uri: 'file:///a' }] } }]);
  });

  it('hear of list changes that nobody listens for, since their stream may be at another replica', async () => {
    const told: unknown[] = [];
    const session = sketchSession(async (message) => {
      told.push(message.get('method')?.string());
      return undefined;
    });
    const it = start({ tools: { echo }, capabilities: { tools: { listChanged: true } } });
    await run(it, { params: { name: 'echo' }, session });
    const [upstream] = it.server.sessions;
    expect(upstream?.standalone).toBe(true);
    upstream?.push({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    upstream?.push({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:1' } });
    await quiet();
    expect(told).toEqual(['notifications/tools/list_changed']);
    session.end();
  });

  it('tell their upstream sessions that the roots changed', async () => {
    const it = start({ tools: { echo } });
    let change: (() => void) | undefined;
    const session = {
      ...sketchSession(undefined, { roots: {} }),
      onRootsChanged: (run: () => void) => {
        change = run;
      },
    };
    await run(it, { params: { name: 'echo' }, session });
    change?.();
    expect(it.server.sessions[0]?.requests('notifications/roots/list_changed')).toHaveLength(1);
    const capabilities = { roots: { listChanged: true } };
    expect(it.server.sessions[0]?.received[0]).toMatchObject({ params: { capabilities } });
  });
});

describe('reverse requests that belong to no call', () => {
  it('are refused on shared sessions, ping is answered, and other methods are unknown', async () => {
    const it = start({ tools: { echo } });
    await run(it, { params: { name: 'echo' } });
    const [session] = it.server.sessions;
    expect(await session?.ask('ping')).toEqual({ result: {} });
    expect(await session?.ask('roots/list')).toMatchObject({ error: { code: -32601 } });
    expect(await session?.ask('x/y')).toMatchObject({ error: { code: -32601 } });
  });

  it('are never given to one of several calls', async () => {
    const gate = Promise.withResolvers<void>();
    const it = start({ tools: { wait: () => gate.promise.then(() => ({})) }, tellsRequests: false });
    const calls = [1, 2].map(() => run(it, { params: { name: 'wait' } }));
    await quiet();
    expect(await it.server.sessions[0]?.ask('roots/list')).toMatchObject({ error: { code: -32603 } });
    gate.resolve();
    await Promise.all(calls);
  });
});

describe('subscriptions/listen', () => {
  const capabilities = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true } };
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourceSubscriptions: ['a:1', 'a:no', 'a:1'],
  };
  const methods = {
    'resources/subscribe': ({ params }: { params: Record<string, unknown> }) =>
      params['uri'] === 'a:no' ? new RpcError(-32002, 'no') : {},
  };

  function listen(it: Rig, id: string) {
    const sent = sketchCall({ method: 'subscriptions/listen', params: { notifications }, id });
    const ending = it.connector.call(sent.call, 'context');
    ending.catch(() => undefined);
    return { ...sent, ending };
  }

  it('acknowledges what the server honours, then tells of changes under its own id', async () => {
    const it = start({ capabilities, methods });
    const { told, abort, ending } = listen(it, '"seven"');
    await quiet();
    const [session] = it.server.sessions;
    expect(session?.standalone).toBe(true);
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 'seven' };
    session?.push({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    session?.push({ jsonrpc: '2.0', method: 'notifications/prompts/list_changed' });
    for (const uri of ['a:1', 'a:1/inside', 'b:1'])
      session?.push({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });
    await quiet();
    expect(told.map(({ method, params }) => [method, params])).toEqual([
      [
        'notifications/subscriptions/acknowledged',
        { _meta, notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1'] } },
      ],
      ['notifications/tools/list_changed', { _meta }],
      ['notifications/resources/updated', { _meta, uri: 'a:1' }],
      ['notifications/resources/updated', { _meta, uri: 'a:1/inside' }],
    ]);
    abort.abort('done');
    await expect(ending).rejects.toBe('done');
  });

  it('subscribes once to a URI, however many listen, and unsubscribes with the last', async () => {
    const it = start({ capabilities, methods });
    const [one, two] = [listen(it, '1'), listen(it, '2')];
    await quiet();
    const [session] = it.server.sessions;
    const count = (method: string) =>
      session?.requests(method).filter(({ params }) => JSON.stringify(params) === '{"uri":"a:1"}').length;
    expect(count('resources/subscribe')).toBe(1);
    one.abort.abort();
    await quiet();
    expect(count('resources/unsubscribe')).toBe(0);
    two.abort.abort();
    await quiet();
    expect(count('resources/unsubscribe')).toBe(1);
  });

  it('opens a lost session again and makes up what may have been missed', async () => {
    const it = start({ capabilities, methods });
    const { told, abort } = listen(it, '1');
    await quiet();
    it.server.sessions[0]?.lose();
    await quiet();
    await it.clock.advance(1_000);
    await quiet();
    expect(it.server.sessions).toHaveLength(2);
    expect(told.slice(1).map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/updated',
    ]);
    abort.abort();
  });

  it('ends in UPSTREAM_LOST when the connector is closed', async () => {
    const it = start({ capabilities, methods });
    const { ending } = listen(it, '1');
    await quiet();
    await it.connector.close();
    await expect(ending).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    expect(it.clock.pending).toBe(0);
  });
});
