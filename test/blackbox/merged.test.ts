import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  askModern,
  callTool,
  errorOf,
  type Json,
  LegacySession,
  listAll,
  listen,
  type OpenStream,
  resultOf,
  toolNames,
} from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { Fault, type Method, type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';

const KEPT = { ttlMs: 0, cacheScope: 'private' };
const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];
const LONG = 'a'.repeat(80);

/** An upstream whose every answer says whose it is. */
function startNamed(name: string, more: Record<string, Method> = {}): Promise<ScriptedServer> {
  const prompt = { name: 'greet', arguments: [{ name: 'who', required: true }] };
  return startScripted({
    name,
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      completions: {},
    },
    tools: Object.fromEntries(
      ['same', 'with.dots-and_lines', 'with space', 'with_space', 'a__b', LONG, `${LONG}b`].map((tool) => [
        tool,
        ({ params }) => ({
          content: [
            { type: 'text', text: `${name}:${String(params['name'])}` },
            { type: 'resource_link', uri: 'doc://shared', name: 'link' },
            { type: 'resource', resource: { uri: 'doc://shared', text: name } },
          ],
        }),
      ]),
    ),
    methods: {
      'prompts/list': () => ({ prompts: [prompt], ...KEPT }),
      'prompts/get': ({ params }) => ({
        messages: [
          { role: 'user', content: { type: 'text', text: `${name}:${JSON.stringify(params['arguments'])}` } },
        ],
      }),
      'resources/list': () => ({
        resources: [
          { uri: 'doc://shared', name: 'shared' },
          { uri: `doc://${name}`, name },
          { uri: 'https://example.com/page', name: 'page' },
        ],
        ...KEPT,
      }),
      'resources/templates/list': () => ({
        resourceTemplates: [{ uriTemplate: `${name}://items/{id}`, name: 'items' }],
        ...KEPT,
      }),
      'resources/read': ({ params }) => ({
        contents: [{ uri: params['uri'], text: `${name}:${String(params['uri'])}` }],
        ...KEPT,
      }),
      'completion/complete': ({ params }) => ({
        completion: { values: [`${name}:${JSON.stringify(params['ref'])}`], total: 1, hasMore: false },
      }),
      ...more,
    },
  });
}

/** An upstream with 2,500 tools on pages of 100, one of whose cursors is empty. */
function startCrowd(): Promise<ScriptedServer> {
  const all = Array.from({ length: 2500 }, (_, index) => `tool-${String(index).padStart(4, '0')}`);
  return startScripted({
    name: 'crowd',
    methods: {
      'tools/list': ({ params }) => {
        const cursor = params['cursor'];
        if (cursor !== undefined && cursor !== '' && !/^at-\d+$/.test(String(cursor)))
          throw new Fault(-32_602, 'Unknown cursor');
        const from = cursor === undefined ? 0 : cursor === '' ? 100 : Number(String(cursor).slice(3));
        const to = from + 100;
        return {
          tools: all.slice(from, to).map((name) => ({ name, inputSchema: { type: 'object' } })),
          ...(to < all.length && { nextCursor: to === 100 ? '' : `at-${to}` }),
          ...KEPT,
        };
      },
      'tools/call': ({ params }) => text(String(params['name'])),
    },
  });
}

let one: ScriptedServer;
let two: ScriptedServer;
let crowd: ScriptedServer;
let gateway: RunningGateway;
let url: string;
const configText = (more: Json = {}): string =>
  JSON.stringify({
    listen: { port: 0 },
    upstreams: { one: { url: one.url }, two: { url: two.url } },
    servers: { pair: { from: { two: {}, one: { tools: ['same'], resources: ['doc://one'] } } } },
    ...more,
  });
beforeAll(async () => {
  [one, two, crowd] = await Promise.all([startNamed('one'), startNamed('two'), startCrowd()]);
  gateway = await startGateway({ configText: configText() });
  url = `${gateway.url}/mcp`;
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([one?.close(), two?.close(), crowd?.close()]);
});

const ask = async (method: string, params: Json = {}, at = url): Promise<Json> =>
  resultOf((await askModern(at, method, { params })).message);

describe('two upstreams with the same names', () => {
  it('have tools with names that differ, that models take, and that lead to the right one', async () => {
    const names = (await toolNames(url)).map(String);
    expect(names).toHaveLength(14);
    expect(new Set(names).size).toBe(14);
    for (const name of names) expect(name).toMatch(/^(one|two)__[A-Za-z0-9_.-]{1,59}$/);
    expect(names).toEqual(expect.arrayContaining(['one__same', 'two__same', 'one__a__b', 'two__with_space']));
    for (const name of names) {
      const [upstream] = name.split('__');
      const said = String(textOf(await callTool(url, name)));
      expect(said.startsWith(`${upstream}:`)).toBe(true);
    }
    const said = await Promise.all(names.map(async (name) => textOf(await callTool(url, name))));
    expect(new Set(said).size).toBe(14);
    expect(await toolNames(url)).toEqual(names);
  });

  it('are told apart in prompts, and complete their arguments each by itself', async () => {
    const prompts = await listAll(url, 'prompts/list', 'prompts');
    expect(prompts.map(({ name }) => name)).toEqual(['one__greet', 'two__greet']);
    for (const upstream of ['one', 'two']) {
      const name = `${upstream}__greet`;
      const got = await ask('prompts/get', { name, arguments: { who: 'Ada' } });
      expect(JSON.stringify(got['messages'])).toContain(`${upstream}:{\\"who\\":\\"Ada\\"}`);
      const argument = { name: 'who', value: 'A' };
      const { completion } = await ask('completion/complete', {
        ref: { type: 'ref/prompt', name },
        argument,
      });
      expect(completion).toMatchObject({ values: [`${upstream}:{"type":"ref/prompt","name":"greet"}`] });
    }
  });

  it('share URIs: the first keeps them, the second has aliases, and pages of the web are nobody’s', async () => {
    const uris = (await listAll(url, 'resources/list', 'resources')).map(({ uri }) => uri);
    expect(uris).toEqual([
      'doc://shared',
      'doc://one',
      'https://example.com/page',
      'two+doc://shared',
      'doc://two',
      'https://example.com/page',
    ]);
    const read = async (uri: string): Promise<unknown> => (await ask('resources/read', { uri }))['contents'];
    expect(await read('doc://shared')).toEqual([{ uri: 'doc://shared', text: 'one:doc://shared' }]);
    expect(await read('two+doc://shared')).toEqual([{ uri: 'two+doc://shared', text: 'two:doc://shared' }]);
    expect(await read('one+doc://shared')).toMatchObject([{ text: 'one:doc://shared' }]);
    expect(await read('two://items/7')).toEqual([{ uri: 'two://items/7', text: 'two:two://items/7' }]);
    const unknown = await askModern(url, 'resources/read', { params: { uri: 'nobody://here' } });
    expect(errorOf(unknown.message)).toMatchObject({ code: -32_602, data: { uri: 'nobody://here' } });
  });

  it('name their resources inside results as clients know them', async () => {
    const { content } = await callTool(url, 'two__same');
    expect(content).toMatchObject([
      { text: 'two:same' },
      { uri: 'two+doc://shared' },
      { resource: { uri: 'two+doc://shared', text: 'two' } },
    ]);
    expect((await callTool(url, 'one__same'))['content']).toMatchObject([{}, { uri: 'doc://shared' }, {}]);
  });

  it('complete the variables of templates by the upstream that has them', async () => {
    const templates = await listAll(url, 'resources/templates/list', 'resourceTemplates');
    expect(templates.map(({ uriTemplate }) => uriTemplate)).toEqual(['one://items/{id}', 'two://items/{id}']);
    const ref = { type: 'ref/resource', uri: 'two://items/{id}' };
    const { completion } = await ask('completion/complete', { ref, argument: { name: 'id', value: '' } });
    expect(completion).toMatchObject({ values: [`two:${JSON.stringify(ref)}`] });
  });

  it('stand in a server of their own in the order and with the choice of the configuration', async () => {
    const pair = `${gateway.url}/servers/pair/mcp`;
    const names = await toolNames(pair);
    expect(names.slice(-1)).toEqual(['one__same']);
    expect(names.slice(0, -1).every((name) => String(name).startsWith('two__'))).toBe(true);
    const uris = (await listAll(pair, 'resources/list', 'resources')).map(({ uri }) => uri);
    expect(uris).toEqual(['doc://shared', 'doc://two', 'https://example.com/page', 'doc://one']);
    const unknown = await askModern(pair, 'tools/call', { params: { name: 'one__a__b' } });
    expect(errorOf(unknown.message).code).toBe(-32_602);
  });
});

describe('changes of one upstream', () => {
  let modern: OpenStream;
  let other: OpenStream;
  let legacy: OpenStream;
  let session: LegacySession;
  beforeAll(async () => {
    modern = await listen(
      url,
      { toolsListChanged: true, resourceSubscriptions: ['two+doc://shared', 'doc://one'] },
      'mine',
    );
    other = await listen(url, { promptsListChanged: true }, 99);
    session = await LegacySession.open(url);
    legacy = await session.listen();
    expect((await session.ask('resources/subscribe', { uri: 'two+doc://shared' })).status).toBe(200);
    await vi.waitFor(() => expect(modern.messages.length * other.messages.length).toBe(1), 5000);
  });
  afterAll(() => Promise.all([modern?.close(), other?.close(), legacy?.close()]));

  it('are promised in the acknowledgment, which is the first message', () => {
    expect(modern.messages[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: {
          toolsListChanged: true,
          resourceSubscriptions: ['two+doc://shared', 'doc://one'],
        },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 'mine' },
      },
    });
  });

  it('of its tools reach those that asked, the legacy stream too, and the next list has them', async () => {
    two.tools['young'] = () => text('two:young');
    two.announce('tools');
    await vi.waitFor(() => {
      expect(modern.of('notifications/tools/list_changed')).toEqual([
        {
          jsonrpc: '2.0',
          method: 'notifications/tools/list_changed',
          params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'mine' } },
        },
      ]);
      expect(legacy.of('notifications/tools/list_changed').length).toBeGreaterThan(0);
    }, 5000);
    expect(other.of('notifications/tools/list_changed')).toEqual([]);
    expect(await toolNames(url)).toContain('two__young');
    expect(textOf(await callTool(url, 'two__young'))).toBe('two:young');
    delete two.tools['young'];
    two.announce('tools');
    await vi.waitFor(async () => expect(await toolNames(url)).not.toContain('two__young'), 5000);
  });

  it('of its prompts reach the stream that asked, and no other', async () => {
    one.announce('prompts');
    await vi.waitFor(() => expect(other.of('notifications/prompts/list_changed')).toHaveLength(1), 5000);
    expect(modern.of('notifications/prompts/list_changed')).toEqual([]);
  });

  it('of a resource come under the URI that the client knows', async () => {
    two.announce({ uri: 'doc://shared' });
    one.announce({ uri: 'doc://one' });
    await vi.waitFor(() => {
      const updates = modern.of('notifications/resources/updated').map(({ params }) => params);
      expect(updates).toEqual(
        expect.arrayContaining(
          ['two+doc://shared', 'doc://one'].map((uri) => ({
            uri,
            _meta: { 'io.modelcontextprotocol/subscriptionId': 'mine' },
          })),
        ),
      );
      expect(updates).toHaveLength(2);
      expect(legacy.of('notifications/resources/updated')).toEqual([
        { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'two+doc://shared' } },
      ]);
    }, 5000);
  });

  it('are no longer heard once the client has unsubscribed', async () => {
    expect((await session.ask('resources/unsubscribe', { uri: 'two+doc://shared' })).status).toBe(200);
    const before = legacy.of('notifications/resources/updated').length;
    const heard = modern.of('notifications/resources/updated').length;
    two.announce({ uri: 'doc://shared' });
    await vi.waitFor(() =>
      expect(modern.of('notifications/resources/updated').length).toBeGreaterThan(heard),
    );
    await callTool(url, 'two__same');
    expect(legacy.of('notifications/resources/updated')).toHaveLength(before);
  });

  it('share one listen on each upstream, however many clients listen', () => {
    expect([one.listens(), two.listens()]).toEqual([1, 1]);
  });
});

describe('2,500 tools', () => {
  let crowded: RunningGateway;
  let at: string;
  beforeAll(async () => {
    crowded = await startGateway({
      configText: configText({
        upstreams: { one: { url: one.url }, crowd: { url: crowd.url }, two: { url: two.url } },
        servers: {},
      }),
    });
    at = `${crowded.url}/mcp`;
  });
  afterAll(() => crowded?.stop());

  it('come page by page, each once and in order, to clients of both eras', async () => {
    const names = (await toolNames(at)).map(String);
    expect(names).toHaveLength(2514);
    expect(new Set(names).size).toBe(2514);
    expect(names.slice(0, 7).every((name) => name.startsWith('one__'))).toBe(true);
    expect(names.slice(7, 2507)).toEqual(names.slice(7, 2507).toSorted());
    expect(names.slice(-7).every((name) => name.startsWith('two__'))).toBe(true);

    const session = await LegacySession.open(at);
    const seen: unknown[] = [];
    let pages = 0;
    for (let params: Json = {}; ; pages += 1) {
      const result = resultOf((await session.ask('tools/list', params)).message);
      seen.push(...(result['tools'] as Json[]).map(({ name }) => name));
      if (result['nextCursor'] === undefined) break;
      params = { cursor: result['nextCursor'] };
    }
    expect(pages).toBeGreaterThanOrEqual(2);
    expect(seen).toEqual(names);
    expect(textOf(await callTool(at, 'crowd__tool-2499'))).toBe('tool-2499');
  });

  it('come from one upstream with its own cursors, the empty one included', async () => {
    const names = await toolNames(`${crowded.url}/servers/crowd/mcp`);
    expect(names).toHaveLength(2500);
    expect(new Set(names).size).toBe(2500);
  });

  it('have cursors that are good for this list of this server alone', async () => {
    const { nextCursor } = resultOf((await askModern(at, 'tools/list')).message);
    const refused = async (method: string, cursor: unknown, where = at): Promise<void> => {
      const { status, message } = await askModern(where, method, { params: { cursor } });
      expect(status).toBe(200);
      expect(errorOf(message)).toMatchObject({ code: -32_602, message: expect.stringContaining('cursor') });
    };
    await refused('prompts/list', nextCursor);
    await refused('tools/list', `${String(nextCursor)}x`);
    await refused('tools/list', String(nextCursor).slice(0, -4));
    await refused('tools/list', 'at-100');
    await refused('tools/list', '');
    await refused('tools/list', 7);
    await refused('tools/list', nextCursor, url);
  });

  it('never come twice or without an end while the configuration changes', async () => {
    const first = resultOf((await askModern(at, 'tools/list')).message);
    await writeFile(
      crowded.configFile,
      configText({ upstreams: { two: { url: two.url }, one: { url: one.url } }, servers: {} }),
    );
    crowded.signal('SIGHUP');
    await crowded.event(({ event }) => event === 'reloaded');
    // The upstream that the cursor names is gone: the client is told to list again, or gets what comes after.
    const { message } = await askModern(at, 'tools/list', { params: { cursor: first['nextCursor'] } });
    if ('error' in message) expect(errorOf(message).code).toBe(-32_602);
    else {
      const before = (first['tools'] as Json[]).map(({ name }) => name);
      const after = (resultOf(message)['tools'] as Json[]).map(({ name }) => name);
      expect(after.filter((name) => before.includes(name))).toEqual([]);
    }
    const names = (await toolNames(at)).map(String);
    expect(names.map((name) => name.slice(0, 3))).toEqual([...Array(7).fill('two'), ...Array(7).fill('one')]);
  });
});
