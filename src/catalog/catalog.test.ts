import { describe, expect, it, vi } from 'vitest';
import { type Bench, namesOf, plan, resultOf, setUp, tool } from '../../test/support/catalog-bench.ts';
import type { ServerPlan } from './catalog.ts';
import { MAX_NAME, mergeName } from './names.ts';

describe('names of a merged server', () => {
  it('are upstream__name, and the same every time', () => {
    expect(mergeName('github', 'search_issues')).toBe('github__search_issues');
  });

  it('are cut to 64 characters and end in a digest when they are too long or hold other characters', () => {
    const long = mergeName('github', 'x'.repeat(80));
    expect(long).toHaveLength(MAX_NAME);
    expect(long).toMatch(/^github__x+_[0-9a-f]{8}$/);
    expect(mergeName('a', 'über/alles')).toMatch(/^a___ber_alles_[0-9a-f]{8}$/);
    expect(mergeName('a', 'x y')).not.toBe(mergeName('a', 'x_y'));
    expect(mergeName('a', 'x'.repeat(80))).not.toBe(mergeName('a', `${'x'.repeat(79)}y`));
  });
});

describe('a merged server', () => {
  it('lists every page of every upstream, in configured order, with unknown members kept', async () => {
    const { a, b, ask } = setUp([plan('both', ['b', 'a'])]);
    a.offers = { tools: [tool('one', { 'x-unknown': { big: 1 } }), tool('two'), tool('three')] };
    b.offers = { tools: [tool('one')] };
    const outcome = await ask('both', { method: 'tools/list', params: {} });
    expect(namesOf(outcome, 'tools', 'name')).toEqual(['b__one', 'a__one', 'a__two', 'a__three']);
    expect((resultOf(outcome)['tools'] as unknown[])[1]).toMatchObject({ 'x-unknown': { big: 1 } });
    expect(resultOf(outcome)).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
  });

  it('routes a call by its merged name and gives the upstream its own', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b'])]);
    a.offers = { tools: [tool('one__two')] };
    b.offers = { tools: [] };
    await ask('both', { params: { name: 'a__one__two', arguments: { x: 1 } } });
    const call = a.calls.at(-1);
    expect(call?.message.at('params', 'name')?.string()).toBe('one__two');
    expect(call?.message.at('params', 'arguments')?.text).toBe('{"x":1}');
    expect(call?.name).toBe('one__two');
    expect(b.calls.filter(({ method }) => method === 'tools/call')).toEqual([]);
  });

  it('lists no name twice, and calls the tool that is listed, where an upstream has two for one name', async () => {
    const { a, ask } = setUp([plan('both', ['a', 'b'])]);
    const mended = mergeName('a', 'x!').slice('a__'.length);
    a.offers = { tools: [tool('x!', { title: 'first' }), tool(mended, { title: 'second' })] };
    const outcome = await ask('both', { method: 'tools/list', params: {} });
    expect(resultOf(outcome)['tools']).toEqual([
      { name: `a__${mended}`, title: 'first', inputSchema: { type: 'object' } },
    ]);
    await ask('both', { params: { name: `a__${mended}` } });
    expect(a.calls.at(-1)?.name).toBe('x!');
  });

  it('refuses names that no upstream lists, and finds a tool that was added since', async () => {
    const { a, ask, passTime } = setUp([plan('both', ['a', 'b'])]);
    a.offers = { tools: [tool('old')] };
    await expect(ask('both', { params: { name: 'a__new' } })).rejects.toMatchObject({ code: 'UNKNOWN_TOOL' });
    await expect(ask('both', { params: { name: 'c__old' } })).rejects.toMatchObject({ code: 'UNKNOWN_TOOL' });
    a.offers = { tools: [tool('old'), tool('new')] };
    passTime(3_000);
    await expect(ask('both', { params: { name: 'a__new' } })).resolves.toMatchObject({ kind: 'complete' });
  });

  it('takes only what its patterns name', async () => {
    const sources = [{ upstream: 'a', tools: ['search_*', '*_read'] }];
    const { a, ask } = setUp([plan('some', [], { sources })]);
    a.offers = { tools: [tool('search_x'), tool('file_read'), tool('delete')] };
    const outcome = await ask('some', { method: 'tools/list', params: {} });
    expect(namesOf(outcome, 'tools', 'name')).toEqual(['a__search_x', 'a__file_read']);
    await expect(ask('some', { params: { name: 'a__delete' } })).rejects.toMatchObject({
      code: 'UNKNOWN_TOOL',
    });
  });

  it('leaves the items of a failing upstream out, and shows the ones known before when it fails later', async () => {
    const { a, b, ask, passTime } = setUp([plan('both', ['a', 'b'])]);
    a.offers = { tools: [tool('one')] };
    b.offers = { tools: [tool('two')] };
    b.down = true;
    const first = await ask('both', { method: 'tools/list', params: {} });
    expect(namesOf(first, 'tools', 'name')).toEqual(['a__one']);
    b.down = false;
    passTime(70_000);
    await ask('both', { method: 'tools/list', params: {} });
    b.down = true;
    passTime(70_000);
    const last = await ask('both', { method: 'tools/list', params: {} });
    expect(namesOf(last, 'tools', 'name')).toEqual(['a__one', 'b__two']);
  });

  it('fails a list only when every upstream fails', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b'])]);
    a.down = true;
    b.down = true;
    const listed = ask('both', { method: 'tools/list', params: {} });
    await expect(listed).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('cuts long lists into pages whose cursors only their caller can use', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b']), plan('other', ['a', 'b'])]);
    a.offers = { tools: Array.from({ length: 1500 }, (_, index) => tool(`t${index}`)) };
    b.offers = { tools: [tool('last')] };
    const first = await ask('both', { method: 'tools/list', params: {} });
    const cursor = resultOf(first)['nextCursor'];
    expect(namesOf(first, 'tools', 'name')).toHaveLength(1000);
    const second = await ask('both', { method: 'tools/list', params: { cursor } });
    expect(namesOf(second, 'tools', 'name')).toHaveLength(501);
    expect(namesOf(second, 'tools', 'name').at(-1)).toBe('b__last');
    expect(resultOf(second)['nextCursor']).toBeUndefined();
    const foreign = () => ask('other', { method: 'tools/list', params: { cursor } });
    await expect(foreign()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    await expect(ask('both', { method: 'tools/list', params: { cursor: 'x' } })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  it('gives the later of two equal resource URIs an alias, by which it can be read', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b'])]);
    const same = { uri: 'file:///x', name: 'x' };
    a.offers = { resources: [same, { uri: 'file:///only-a', name: 'a' }] };
    b.offers = { resources: [same] };
    b.result = { contents: [{ uri: 'file:///x', text: 'from b' }], resultType: 'complete' };
    const listed = await ask('both', { method: 'resources/list', params: {} });
    expect(namesOf(listed, 'resources', 'uri')).toEqual(['file:///x', 'file:///only-a', 'b+file:///x']);
    const read = await ask('both', { method: 'resources/read', params: { uri: 'b+file:///x' } });
    expect(b.calls.at(-1)?.message.at('params', 'uri')?.string()).toBe('file:///x');
    expect(namesOf(read, 'contents', 'uri')).toEqual(['b+file:///x']);
    await ask('both', { method: 'resources/read', params: { uri: 'file:///x' } });
    expect(a.calls.at(-1)?.method).toBe('resources/read');
    await expect(
      ask('both', { method: 'resources/read', params: { uri: 'file:///y' } }),
    ).rejects.toMatchObject({
      code: 'UNKNOWN_RESOURCE',
    });
  });

  it('reads what a template covers, and gives links that nothing covers an alias', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b'])]);
    a.offers = {
      tools: [tool('link')],
      resources: [],
      resourceTemplates: [{ uriTemplate: 'note://{id}/text', name: 'n' }],
    };
    b.offers = { resources: [] };
    a.result = {
      content: [
        { type: 'resource_link', uri: 'note://7/text', name: 'covered' },
        { type: 'resource', resource: { uri: 'hidden://1', text: '' } },
        { type: 'resource_link', uri: 'https://example.com/', name: 'web' },
        { type: 'text', text: 'hidden://1' },
      ],
      resultType: 'complete',
    };
    await ask('both', { method: 'resources/read', params: { uri: 'note://7/text' } });
    expect(a.calls.at(-1)?.method).toBe('resources/read');
    const content = resultOf(await ask('both', { params: { name: 'a__link' } }))['content'] as Record<
      string,
      unknown
    >[];
    expect(content[0]).toMatchObject({ uri: 'note://7/text' });
    expect(content[1]).toMatchObject({ resource: { uri: 'a+hidden://1' } });
    expect(content[2]).toMatchObject({ uri: 'https://example.com/' });
    expect(content[3]).toMatchObject({ text: 'hidden://1' });
  });

  it('completes prompts and templates at the upstream that has them', async () => {
    const { a, ask } = setUp([plan('both', ['a', 'b'])]);
    a.offers = {
      prompts: [{ name: 'greet' }],
      resourceTemplates: [{ uriTemplate: 'note://{id}', name: 'n' }],
    };
    const argument = { name: 'x', value: 'y' };
    const byName = { ref: { type: 'ref/prompt', name: 'a__greet' }, argument };
    await ask('both', { method: 'completion/complete', params: byName, name: undefined });
    expect(a.calls.at(-1)?.message.at('params', 'ref', 'name')?.string()).toBe('greet');
    const byUri = { ref: { type: 'ref/resource', uri: 'note://{id}' }, argument };
    await ask('both', { method: 'completion/complete', params: byUri, name: undefined });
    expect(a.calls.at(-1)?.message.at('params', 'ref', 'uri')?.string()).toBe('note://{id}');
  });

  it('unites what upstreams offer and say, and drops extensions on which they differ', async () => {
    const { a, b, ask } = setUp([plan('both', ['a', 'b'])]);
    a.capabilities = { tools: {}, extensions: { same: {}, other: { v: 1 } } };
    b.capabilities = {
      resources: { subscribe: true },
      completions: {},
      extensions: { same: {}, other: { v: 2 } },
    };
    a.instructions = 'Use a.';
    const result = resultOf(await ask('both', { method: 'server/discover', params: {} }));
    expect(result['capabilities']).toEqual({
      tools: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      completions: {},
      extensions: { same: {} },
    });
    expect(result['instructions']).toBe('## a\n\nUse a.');
    expect(result['supportedVersions']).toEqual(['2026-07-28']);
  });
});

describe('a server of one upstream', () => {
  const single = (more: Partial<ServerPlan> = {}) => plan('one', ['a'], { single: true, ...more });

  it('passes names, cursors and answers unchanged', async () => {
    const { a, ask } = setUp([single()]);
    a.offers = { tools: [tool('x'), tool('y'), tool('z')] };
    const page = await ask('one', { method: 'tools/list', params: { cursor: '2' } });
    expect(namesOf(page, 'tools', 'name')).toEqual(['z']);
    await ask('one', { params: { name: 'anything' } });
    expect(a.calls.at(-1)?.name).toBe('anything');
  });

  it('leaves out what it does not take, and tools whose header annotations are invalid', async () => {
    const sources = [{ upstream: 'a', tools: ['x*'] }];
    const { a, ask } = setUp([single({ sources })]);
    const bad = {
      inputSchema: { type: 'object', properties: { q: { type: 'object', 'x-mcp-header': 'Q' } } },
    };
    a.offers = { tools: [tool('x1'), tool('y')] };
    expect(namesOf(await ask('one', { method: 'tools/list', params: {} }), 'tools', 'name')).toEqual(['x1']);
    a.offers = { tools: [tool('x1'), tool('x2', bad)] };
    expect(namesOf(await ask('one', { method: 'tools/list', params: {} }), 'tools', 'name')).toEqual(['x1']);
    await expect(ask('one', { params: { name: 'y' } })).rejects.toMatchObject({ code: 'UNKNOWN_TOOL' });
  });

  it('says the operator’s instructions in place of the upstream’s', async () => {
    const { a, ask } = setUp([single({ instructions: 'Ours.' })]);
    a.instructions = 'Theirs.';
    expect(resultOf(await ask('one', { method: 'server/discover', params: {} }))['instructions']).toBe(
      'Ours.',
    );
  });
});

describe('listen', () => {
  const listenTo = (bench: Bench, server: string, notifications: object) => {
    const sent: Record<string, unknown>[] = [];
    const abort = new AbortController();
    const outcome = bench.ask(server, {
      id: '"sub-1"',
      method: 'subscriptions/listen',
      params: { notifications },
      signal: abort.signal,
      notify: (notification) => {
        sent.push(notification.value() as Record<string, unknown>);
        return undefined;
      },
    });
    outcome.catch(() => undefined);
    return { sent, abort, outcome };
  };
  const meta = { 'io.modelcontextprotocol/subscriptionId': 'sub-1' };

  it('acknowledges first, then passes changes under the client’s own subscription id', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    const { sent } = listenTo(bench, 'both', { toolsListChanged: true });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: meta },
    });
    bench.b.announce('notifications/tools/list_changed');
    bench.b.announce('notifications/prompts/list_changed');
    expect(sent[1]).toMatchObject({ method: 'notifications/tools/list_changed', params: { _meta: meta } });
    expect(sent).toHaveLength(2);
  });

  it('shares one upstream listen between clients and ends it after the last', async () => {
    const bench = setUp([plan('both', ['a'])]);
    const one = listenTo(bench, 'both', { toolsListChanged: true });
    const two = listenTo(bench, 'both', { promptsListChanged: true });
    await vi.waitFor(() => expect([one.sent, two.sent].map((sent) => sent.length)).toEqual([1, 1]));
    expect(bench.a.openListens).toBe(1);
    one.abort.abort();
    await expect(one.outcome).rejects.toBeDefined();
    expect(bench.a.openListens).toBe(1);
    two.abort.abort();
    await vi.waitFor(() => expect(bench.a.openListens).toBe(0));
  });

  it('widens the upstream listen for resources and maps their URIs', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    bench.a.offers = { resources: [{ uri: 'file:///x', name: 'x' }] };
    bench.b.offers = { resources: [{ uri: 'file:///x', name: 'x' }] };
    const { sent } = listenTo(bench, 'both', { resourceSubscriptions: ['b+file:///x'] });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({ params: { notifications: { resourceSubscriptions: ['b+file:///x'] } } });
    bench.b.announce('notifications/resources/updated', { uri: 'file:///x' });
    bench.a.announce('notifications/resources/updated', { uri: 'file:///x' });
    expect(sent.slice(1)).toMatchObject([{ params: { uri: 'b+file:///x', _meta: meta } }]);
  });

  it('refreshes lists after a change and serves them from memory before it', async () => {
    const bench = setUp([plan('both', ['a'])]);
    bench.a.offers = { tools: [tool('one')] };
    const list = () => bench.ask('both', { method: 'tools/list', params: {} });
    await list();
    bench.passTime(6_000);
    await list();
    const before = bench.a.calls.length;
    await list();
    expect(bench.a.calls).toHaveLength(before);
    bench.a.offers = { tools: [tool('two')] };
    bench.a.announce('notifications/tools/list_changed');
    expect(namesOf(await list(), 'tools', 'name')).toEqual(['a__two']);
  });

  it('is closed by a proper response when the server ends, and refused beyond the bound', async () => {
    const bench = setUp([plan('both', ['a'])]);
    const one = listenTo(bench, 'both', { toolsListChanged: true });
    const two = listenTo(bench, 'both', { toolsListChanged: true });
    const three = listenTo(bench, 'both', { toolsListChanged: true });
    await expect(three.outcome).rejects.toMatchObject({ code: 'TOO_MANY_STREAMS' });
    await vi.waitFor(() => expect([one.sent, two.sent].map((sent) => sent.length)).toEqual([1, 1]));
    bench.ending.abort();
    expect(resultOf(await one.outcome)).toEqual({ resultType: 'complete', _meta: meta });
  });
});

describe('cards', () => {
  it('exist for public servers alone, and say what the server says of itself', async () => {
    const bench = setUp([plan('one', ['a'], { single: true, public: true }), plan('hidden', ['b'])]);
    const card = await bench.catalog.card('one', 'https://mcp.example.com');
    expect(JSON.parse(String(card?.bytes))).toMatchObject({
      name: 'com.example.mcp/one',
      remotes: [{ type: 'streamable-http', url: 'https://mcp.example.com/servers/one/mcp' }],
    });
    await expect(bench.catalog.card('hidden', 'https://mcp.example.com')).resolves.toBeUndefined();
    expect(JSON.parse(String(bench.catalog.aiCatalog('https://mcp.example.com').bytes)).entries).toHaveLength(
      1,
    );
  });
});
