import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Conversation,
  callTool,
  errorOf,
  jsonOf,
  LegacyTalk,
  ModernTalk,
  resultOf,
  textOf,
} from './conversation.ts';
import {
  CLIENTS,
  LEGACY_CLIENTS,
  LEGACY_UPSTREAMS,
  pairsOf,
  type Stage,
  startStage,
  UPSTREAMS,
  type Upstream,
  WILLING,
} from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.stop());

type Json = Record<string, unknown>;

const pairs = pairsOf(CLIENTS);
const MODERN_MEMBERS = ['resultType', 'ttlMs', 'cacheScope'];
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** A result without what results for a modern client have beside it. */
function bare(client: string, result: Json): Json {
  if (client !== '2026-07-28') return result;
  const { resultType, _meta, ...rest } = result;
  const { [SERVER_INFO]: _serverInfo, ...meta } = Object(_meta);
  expect(resultType).toBe('complete');
  return { ...rest, _meta: meta };
}

describe('bridge/introduction', () => {
  it.each(UPSTREAMS)(
    'a legacy client of %s is told by initialize what the server says of itself',
    async (upstream) => {
      for (const version of LEGACY_CLIENTS) {
        const { introduction } = await stage.client(version, upstream, {});
        expect(introduction).toMatchObject({
          protocolVersion: version,
          serverInfo: { name: expect.stringMatching(/^bridge-/), version: '1.0.0' },
          instructions: 'Say what you are told.',
          capabilities: {
            tools: {},
            prompts: {},
            resources: { subscribe: true },
            logging: {},
            completions: {},
          },
        });
        for (const member of [...MODERN_MEMBERS, 'supportedVersions', '_meta'])
          expect(introduction).not.toHaveProperty(member);
      }
    },
  );

  it.each(UPSTREAMS)('a modern client of %s is told by server/discover', async (upstream) => {
    const { introduction } = await stage.modernClient(upstream, {});
    expect(introduction).toMatchObject({
      supportedVersions: ['2026-07-28'],
      instructions: 'Say what you are told.',
      resultType: 'complete',
      ttlMs: expect.any(Number),
      cacheScope: expect.stringMatching(/^(?:private|public)$/),
      capabilities: { completions: {} },
      _meta: { [SERVER_INFO]: { version: '1.0.0' } },
    });
  });

  it('a client that asks for a revision that nobody knows gets the newest legacy one', async () => {
    const talk = await stage.sessionClient('modern', {}, '1999-01-01' as never);
    expect(talk.version).toBe('2025-11-25');
  });
});

describe('bridge/client-capabilities', () => {
  const declared = {
    ...WILLING,
    roots: { listChanged: true },
    experimental: { 'x-test': { from: 'client' } },
    extensions: { 'com.example/ext': { from: 'client' }, 'io.modelcontextprotocol/tasks': {} },
    tasks: { list: {} },
  };
  const extensions = { 'com.example/ext': { from: 'client' } };

  it('of a legacy client reach a modern server with each call, without tasks', async () => {
    const talk = await stage.sessionClient('modern', declared);
    const meta = jsonOf(await callTool(talk, 'meta'));
    expect(meta['io.modelcontextprotocol/clientInfo']).toMatchObject({ name: 'raw-legacy' });
    expect(meta['io.modelcontextprotocol/clientCapabilities']).toEqual({
      ...WILLING,
      experimental: declared.experimental,
      extensions,
    });
  });

  it('elicitation without a mode means forms', async () => {
    const talk = await stage.sessionClient('modern', { elicitation: {} });
    const meta = jsonOf(await callTool(talk, 'meta'));
    expect(meta['io.modelcontextprotocol/clientCapabilities']).toEqual({ elicitation: { form: {} } });
  });

  it.each(['2026-07-28', '2025-11-25'])('of a %s client are declared to a legacy server', async (client) => {
    const own = { ...declared, experimental: { [client]: {} } };
    await callTool(await stage.client(client, 'http25', own), 'journal');
    const openings = stage.legacy.http25.server.journal.filter(({ method }) => method === 'initialize');
    const { capabilities, clientInfo } = Object(openings.at(-1)?.['params']);
    expect(clientInfo.name).toBe('gateward');
    const roots = client === '2026-07-28' ? {} : { listChanged: true };
    expect(capabilities).toEqual({ ...WILLING, roots, experimental: own.experimental, extensions });
  });
});

describe('bridge/extensions', () => {
  it.each(UPSTREAMS)(
    "what %s says of extensions and experiments reaches every client, and tasks are the gateway's",
    async (upstream) => {
      for (const client of ['2026-07-28', '2025-11-25', '2025-03-26']) {
        const { introduction } = await stage.client(client, upstream, {});
        const { extensions, experimental, tasks } = Object(introduction['capabilities']);
        expect(experimental).toEqual({ 'x-test': { from: 'server' } });
        const offered = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
        expect(tasks).toEqual(client === '2025-11-25' ? offered : undefined);
        const own = client === '2026-07-28';
        expect(extensions).toEqual({
          'com.example/ext': { from: 'server' },
          ...(own && { 'io.modelcontextprotocol/tasks': {} }),
        });
      }
    },
  );
});

describe('bridge/extension-methods', () => {
  it('are not known here, whatever both sides say', async () => {
    const extensions = { 'com.example/ext': {} };
    for (const client of ['2026-07-28', '2025-11-25'])
      for (const upstream of ['modern', 'http25'] as const) {
        const talk = await stage.client(client, upstream, { extensions });
        const refused = await talk.request('com.example/do');
        expect(errorOf(refused)).toMatchObject({ code: -32_601 });
      }
  });
});

describe('bridge/meta', () => {
  const traced = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'com.example/x': [1],
  };

  it('of a legacy call reaches a modern server beside the envelope', async () => {
    const talk = await stage.sessionClient('modern', {});
    const meta = jsonOf(await callTool(talk, 'meta', {}, { meta: traced }));
    expect(meta).toMatchObject({ ...traced, 'io.modelcontextprotocol/protocolVersion': '2026-07-28' });
  });

  it.each(['2026-07-28', '2025-11-25'])(
    'of a %s call reaches a legacy server without the envelope',
    async (client) => {
      const talk = await stage.client(client, 'http25', {});
      const marker = `meta-${client}`;
      await callTool(talk, 'return', { result: { content: [] }, marker }, { meta: traced });
      const call = stage.legacy.http25.server.journal.find((message) =>
        JSON.stringify(message).includes(marker),
      );
      expect(Object(call?.['params'])._meta).toEqual(traced);
    },
  );

  it.each(pairs)('of a result reaches a %s client of %s', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    const result = { content: [], _meta: { 'com.example/y': 1 } };
    expect(bare(client, resultOf(await callTool(talk, 'return', { result })))).toEqual(result);
  });
});

describe('bridge/plain-calls', () => {
  const odd = {
    content: [{ type: 'text', text: 'é', annotations: { priority: 0.5 } }],
    isError: true,
    own: [1],
  };

  it.each(pairs)('a %s client of %s gets results and definitions as they are', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    const called = resultOf(await callTool(talk, 'return', { result: odd }));
    expect(called).toMatchObject(odd);
    const tools = Object(resultOf(await talk.request('tools/list'))).tools as Json[];
    const tool = tools.find(({ name }) => name === 'return');
    if (upstream !== 'modern')
      expect(tool).toMatchObject({ title: 'Returns', icons: [{}], annotations: { readOnlyHint: true } });
    const { messages } = Object(
      resultOf(
        await talk.request('prompts/get', {
          params: { name: 'rich', arguments: { blocks: JSON.stringify(odd.content) } },
        }),
      ),
    );
    expect(messages).toEqual([{ role: 'user', content: odd.content[0] }]);
    const read = resultOf(await talk.request('resources/read', { params: { uri: 'test://plain' } }));
    expect(read['contents']).toEqual([{ uri: 'test://plain', text: 'plain' }]);
  });
});

describe('bridge/result-type', () => {
  it.each(UPSTREAMS)(
    'every result of %s says complete to a modern client, and nothing to a legacy one',
    async (upstream) => {
      const modern = await stage.modernClient(upstream, {});
      const legacy = await stage.sessionClient(upstream, {});
      for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
        expect(resultOf(await modern.request(method))['resultType']).toBe('complete');
        const result = resultOf(await legacy.request(method));
        for (const member of MODERN_MEMBERS) expect(result).not.toHaveProperty(member);
        expect(result).not.toHaveProperty('_meta');
      }
    },
  );

  it('a value that a legacy server gave means nothing', async () => {
    const result = { content: [], resultType: 'task' };
    const called = await callTool(await stage.modernClient('http25', {}), 'return', { result });
    expect(resultOf(called)['resultType']).toBe('complete');
  });

  it('one of an extension passes to a modern client that declares any, and to no legacy one', async () => {
    const extensions = { 'com.example/riddles': {} };
    const result = { resultType: 'riddle', question: '?' };
    const modern = await stage.modernClient('modern', { extensions });
    expect(resultOf(await callTool(modern, 'return', { result }))).toEqual(result);
    const legacy = await stage.sessionClient('modern', { extensions });
    expect(errorOf(await callTool(legacy, 'return', { result }))).toMatchObject({ code: -32_603 });
  });

  it.each(CLIENTS)('one that nobody knows is refused to a %s client', async (client) => {
    const talk = await stage.client(client, 'modern', {});
    const called = await callTool(talk, 'return', { result: { resultType: 'riddle', content: [] } });
    expect(errorOf(called)).toMatchObject({ code: -32_603 });
  });
});

describe('bridge/cache-hints', () => {
  it.each(LEGACY_UPSTREAMS)('are made for lists and reads of $title', async ({ name }) => {
    const talk = await stage.modernClient(name, {});
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])
      expect(resultOf(await talk.request(method))).toMatchObject({
        ttlMs: expect.any(Number),
        cacheScope: 'private',
      });
    const read = await talk.request('resources/read', { params: { uri: 'test://plain' } });
    expect(resultOf(read)).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
    const called = resultOf(await callTool(talk, 'return', { result: { content: [] } }));
    expect(called).not.toHaveProperty('ttlMs');
  });

  it('let a list be kept while the server tells of its changes', async () => {
    const talk = await stage.modernClient('http25', {});
    const stream = await talk.listen({ toolsListChanged: true });
    await expect.poll(() => stream.messages.length).toBe(1);
    expect(resultOf(await talk.request('tools/list'))['ttlMs']).toBeGreaterThan(0);
    await stream.close();
  });

  it('of a modern server pass, less the time that the gateway kept the result', async () => {
    const talk = await stage.modernClient('modern', {});
    const { ttlMs, cacheScope } = resultOf(await talk.request('tools/list'));
    expect(cacheScope).toBe('public');
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(60_000);
  });
});

describe('bridge/structured-results', () => {
  const values = [[1, 2], 'text', 0, false, null];

  it('a value that is no object goes into one for legacy clients, and into a text', async () => {
    for (const client of LEGACY_CLIENTS) {
      const talk = await stage.client(client, 'modern', {});
      for (const value of values)
        expect(resultOf(await callTool(talk, 'list', { value }))).toEqual({
          structuredContent: { result: value },
          content: [{ type: 'text', text: JSON.stringify(value) }],
        });
    }
  });

  it('an object goes into one too where the schema was shown so, at a client that never listed', async () => {
    const talk = await stage.sessionClient('modern', {});
    const wrapped = resultOf(await callTool(talk, 'list', { value: { a: 1 } }));
    expect(wrapped['structuredContent']).toEqual({ result: { a: 1 } });
    const plain = resultOf(await callTool(talk, 'record', { value: { a: 1 } }));
    expect(plain['structuredContent']).toEqual({ a: 1 });
  });

  it('modern clients get every value as it is', async () => {
    const talk = await stage.modernClient('modern', {});
    for (const value of [...values, { a: 1 }])
      expect(resultOf(await callTool(talk, 'list', { value }))['structuredContent']).toEqual(value);
  });

  it('clients before 2025-06-18 read the same in a text', async () => {
    const result = { structuredContent: { a: 1 }, content: [] };
    for (const upstream of UPSTREAMS) {
      const older = await stage.client('2025-03-26', upstream, {});
      expect(textOf(await callTool(older, 'return', { result }))).toBe('{"a":1}');
      const newer = await stage.client('2025-06-18', upstream, {});
      expect(resultOf(await callTool(newer, 'return', { result }))).toEqual(result);
    }
  });
});

describe('bridge/output-schemas', () => {
  const toolsOf = async (client: string, upstream: Upstream): Promise<Json[]> =>
    Object(resultOf(await (await stage.client(client, upstream, {})).request('tools/list'))).tools;

  it('without an object at their root are shown inside of one to legacy clients', async () => {
    for (const client of LEGACY_CLIENTS) {
      const tools = await toolsOf(client, 'modern');
      const schema = tools.find(({ name }) => name === 'list')?.['outputSchema'];
      expect(schema).toEqual({
        type: 'object',
        properties: {
          result: {
            anyOf: [{ $ref: '#/properties/result/$defs/a' }, { type: 'array' }],
            $defs: { a: { type: 'object' } },
          },
        },
        required: ['result'],
      });
      const plain = tools.find(({ name }) => name === 'record')?.['outputSchema'];
      expect(plain).toEqual({ type: 'object', properties: { a: {} } });
    }
  });

  it('reach modern clients as they are', async () => {
    const modern = (await toolsOf('2026-07-28', 'modern')).find(({ name }) => name === 'list');
    expect(modern?.['outputSchema']).toMatchObject({ anyOf: [{ $ref: '#/$defs/a' }, { type: 'array' }] });
    for (const { name: upstream } of LEGACY_UPSTREAMS) {
      const legacy = (await toolsOf('2026-07-28', upstream)).find(({ name }) => name === 'return');
      expect(legacy?.['outputSchema']).toEqual({ type: 'object', properties: { a: { type: 'number' } } });
    }
  });
});

describe('bridge/content-blocks', () => {
  const link = { type: 'resource_link', uri: 'test://plain', name: 'plain', title: 'Plain' };
  const audio = { type: 'audio', data: 'AA==', mimeType: 'audio/wav' };
  const image = { type: 'image', data: 'AA==', mimeType: 'image/png' };
  const unknown = { type: 'com.example/new', a: 1 };
  const content = [link, audio, image, unknown];
  const linkText = { type: 'text', text: 'Plain: test://plain' };
  const audioText = { type: 'text', text: expect.stringContaining('audio/wav') };
  const seen: Record<string, unknown[]> = {
    '2025-03-26': [linkText, audio, image, unknown],
    '2024-11-05': [linkText, audioText, image, unknown],
  };

  it.each(pairs)('a %s client of %s gets what its revision knows', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    const expected = seen[client] ?? content;
    const called = resultOf(await callTool(talk, 'return', { result: { content } }));
    expect(called['content']).toEqual(expected);
    const params = { name: 'rich', arguments: { blocks: JSON.stringify(content) } };
    const messages = resultOf(await talk.request('prompts/get', { params }))['messages'] as Json[];
    expect(messages.map((message) => message['content'])).toEqual(expected);
  });
});

describe('bridge/unknown-resource', () => {
  const read = async (client: string, upstream: Upstream) => {
    const talk = await stage.client(client, upstream, {});
    return errorOf(await talk.request('resources/read', { params: { uri: 'test://missing' } }));
  };
  const data = { uri: 'test://missing' };

  it.each(LEGACY_UPSTREAMS)(
    'of $title is -32602 to a modern client and -32002 to a legacy one',
    async ({ name }) => {
      expect(await read('2026-07-28', name)).toEqual({ code: -32_602, message: 'No such', data });
      for (const client of LEGACY_CLIENTS)
        expect(await read(client, name)).toMatchObject({ code: -32_002, data });
    },
  );

  it('of a modern server stays -32602: it may mean something else', async () => {
    for (const client of CLIENTS) expect(await read(client, 'modern')).toMatchObject({ code: -32_602, data });
  });

  it('keeps the name by which its client knows it', async () => {
    const params = { uri: 'http25+test://missing' };
    const talk = await ModernTalk.open(`${stage.gateway.url}/mcp`);
    const error = errorOf(await talk.request('resources/read', { params }));
    expect(error).toEqual({ code: -32_602, message: 'No such', data: params });
  });

  it('that no server of several has is -32002 to a legacy client', async () => {
    const url = `${stage.gateway.url}/mcp`;
    const params = { uri: 'nowhere://x' };
    const legacy = await LegacyTalk.open(url, { version: '2025-11-25' });
    expect(errorOf(await legacy.request('resources/read', { params }))).toMatchObject({
      code: -32_002,
      data: params,
    });
    const modern = await ModernTalk.open(url);
    expect(errorOf(await modern.request('resources/read', { params }))).toMatchObject({
      code: -32_602,
      data: params,
    });
  });
});

describe('bridge/other-errors', () => {
  const fail = async (talk: Conversation, code: number) => {
    const error = { code, message: 'why', data: { a: 1 } };
    return errorOf(await callTool(talk, 'fail', { error }));
  };
  const opaque = [-32_000, -32_010, -32_019, -32_602, -32_603, 7, -1];

  it.each(pairs)('a %s client of %s gets codes of the server as they are', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    for (const code of opaque)
      expect(await fail(talk, code)).toEqual({ code, message: 'why', data: { a: 1 } });
  });

  it('codes that only the modern era knows mean something else from a legacy server', async () => {
    for (const upstream of ['http25', 'sse24'] as const) {
      const talk = await stage.modernClient(upstream, {});
      for (const code of [-32_020, -32_021, -32_022, -32_042])
        expect(await fail(talk, code)).toMatchObject({ code: -32_603, message: 'why' });
    }
  });

  it('codes about one hop of a modern server are not told on the next', async () => {
    for (const client of ['2026-07-28', '2025-11-25']) {
      const talk = await stage.client(client, 'modern', {});
      for (const code of [-32_020, -32_022]) expect(await fail(talk, code)).toMatchObject({ code: -32_603 });
    }
  });
});

describe('bridge/completion', () => {
  const params = {
    ref: { type: 'ref/prompt', name: 'ask' },
    argument: { name: 'requests', value: 'x' },
    context: { arguments: { other: 'y' } },
  };

  it.each(pairs)('reaches %s of %s with its context', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    const { completion } = Object(resultOf(await talk.request('completion/complete', { params })));
    expect(JSON.parse(completion.values[0])).toEqual({ argument: params.argument, context: params.context });
    expect(completion.total).toBe(1);
  });

  it('of 2024-11-05 is assumed, and empty where the server does not know it', async () => {
    const unheard = { ...params, ref: { type: 'ref/prompt', name: 'unheard' } };
    for (const client of CLIENTS) {
      const talk = await stage.client(client, 'sse24', {});
      const completed = await talk.request('completion/complete', { params: unheard });
      expect(resultOf(completed)['completion']).toEqual({ values: [] });
    }
    const newer = await stage.modernClient('http25', {});
    const refused = await newer.request('completion/complete', { params: unheard });
    expect(errorOf(refused)).toMatchObject({ code: -32_601 });
  });
});

describe('bridge/cursors', () => {
  it.each(pairs)(
    'a %s client goes through the pages of %s, an empty cursor included',
    async (client, upstream) => {
      const talk = await stage.client(client, upstream, {});
      const first = resultOf(await talk.request('resources/list'));
      expect(first).toMatchObject({ resources: [{ uri: 'test://plain' }], nextCursor: '' });
      const second = resultOf(await talk.request('resources/list', { params: { cursor: '' } }));
      expect(second).toMatchObject({ resources: [{ name: 'after ""', uri: 'test://second' }] });
      expect(second).not.toHaveProperty('nextCursor');
    },
  );
});

describe('bridge/tasks', () => {
  it('are offered by a server of several upstreams too', async () => {
    const talk = await ModernTalk.open(`${stage.gateway.url}/mcp`, {});
    expect(talk.introduction['capabilities']).toMatchObject({
      extensions: { 'io.modelcontextprotocol/tasks': {} },
    });
  });

  it.each(UPSTREAMS)('a call of %s that wants one in another revision is a plain call', async (upstream) => {
    for (const client of ['2026-07-28', '2025-06-18']) {
      const talk = await stage.client(client, upstream, {});
      const name = upstream === 'modern' ? 'return' : 'with_task';
      const result = { content: [{ type: 'text', text: '{"task":null}' }] };
      const params = { name, arguments: { result }, task: { ttl: 1000 } };
      expect(jsonOf(await talk.request('tools/call', { params }))).toEqual({ task: null });
    }
  });

  it.each(['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel'])(
    '%s does not exist before 2025-11-25, nor half of them for modern clients',
    async (method) => {
      const params = { taskId: 'x' };
      for (const upstream of ['modern', 'http25'] as const) {
        const legacy = await stage.client('2025-06-18', upstream, {});
        expect(errorOf(await legacy.request(method, { params }))).toMatchObject({ code: -32_601 });
        if (method === 'tasks/get' || method === 'tasks/cancel') continue;
        const modern = await stage.modernClient(upstream, {});
        expect(errorOf(await modern.request(method, { params }))).toMatchObject({ code: -32_601 });
      }
    },
  );
});
