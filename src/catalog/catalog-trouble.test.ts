import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Bench, namesOf, plan, resultOf, setUp, tool } from '../../test/support/catalog-bench.ts';
import type { ServerPlan } from './catalog.ts';

const listTools = (bench: Bench, server: string, cursor?: unknown) =>
  bench.ask(server, { method: 'tools/list', params: cursor === undefined ? {} : { cursor } });

/** Makes an upstream refuse listens, so that its lists may be kept for their `ttlMs` alone. */
function refuseListens({ a, b }: Bench): void {
  for (const upstream of [a, b]) {
    const { call } = upstream;
    upstream.call = (asked, context) =>
      asked.method === 'subscriptions/listen' ? Promise.reject(new TypeError('no')) : call(asked, context);
  }
}

afterEach(() => void vi.useRealTimers());

describe('a merged server in trouble', () => {
  it('finds a tool for every call of a burst before anything was listed', async () => {
    const { a, ask } = setUp([plan('both', ['a', 'b'])]);
    a.offers = { tools: [tool('x'), tool('y'), tool('z')] };
    const calls = ['a__x', 'a__y', 'a__z'].map((name) => ask('both', { params: { name } }));
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['complete', 'complete', 'complete']);
  });

  it('says that an upstream is away, not that its tool does not exist', async () => {
    const { a, ask } = setUp([plan('both', ['a', 'b'])]);
    a.down = true;
    for (let round = 0; round < 2; round++) {
      const call = ask('both', { params: { name: 'a__x' } });
      await expect(call).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    }
  });

  it('reads a list once for all its pages, though it may not be kept', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    refuseListens(bench);
    bench.a.offers = { tools: Array.from({ length: 1500 }, (_, index) => tool(`t${index}`)) };
    const first = resultOf(await listTools(bench, 'both'));
    const before = bench.a.calls.length;
    const second = await listTools(bench, 'both', first['nextCursor']);
    expect(namesOf(second, 'tools', 'name')).toHaveLength(500);
    expect(bench.a.calls).toHaveLength(before);
  });

  it('goes on after the same item when the list grew between two pages', async () => {
    const bench = setUp([plan('both', ['a'])]);
    const tools = Array.from({ length: 1500 }, (_, index) => tool(`t${index}`));
    bench.a.offers = { tools };
    const first = resultOf(await listTools(bench, 'both'));
    bench.a.offers = { tools: [tool('new'), ...tools] };
    bench.passTime(70_000);
    await listTools(bench, 'both');
    const second = await listTools(bench, 'both', first['nextCursor']);
    expect(namesOf(second, 'tools', 'name')[0]).toBe('a__t1000');
  });

  it('lets clients keep a list for what is left of its time, and not at all once it changed', async () => {
    const bench = setUp([plan('both', ['a'])]);
    bench.a.hints = { ttlMs: 90_000, cacheScope: 'private' };
    bench.a.offers = { tools: [tool('x')] };
    await listTools(bench, 'both');
    bench.passTime(50_000);
    expect(resultOf(await listTools(bench, 'both'))['ttlMs']).toBe(40_000);
  });

  it('says for a short time only what it is while an upstream is missing', async () => {
    const { b, ask } = setUp([plan('both', ['a', 'b'])]);
    b.down = true;
    expect(resultOf(await ask('both', { method: 'server/discover', params: {} }))['ttlMs']).toBe(5_000);
  });

  it('waits once for an upstream that hangs, and answers what is known without it afterwards', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const bench = setUp([plan('both', ['a', 'b'])]);
    bench.a.offers = { tools: [tool('x')] };
    bench.b.call = () => new Promise(() => undefined);
    const sketches = [
      { method: 'tools/list', params: {} },
      { method: 'server/discover', params: {} },
    ];
    for (const sketch of sketches) {
      const first = bench.ask('both', sketch);
      await vi.advanceTimersByTimeAsync(15_000);
      await expect(first).resolves.toMatchObject({ kind: 'complete' });
      await expect(bench.ask('both', sketch)).resolves.toMatchObject({ kind: 'complete' });
      bench.passTime(6_000);
      const later = bench.ask('both', sketch);
      await vi.advanceTimersByTimeAsync(2_000);
      await expect(later).resolves.toMatchObject({ kind: 'complete' });
    }
  });

  it('does not offer tasks, whose methods do not say which upstream they mean', async () => {
    const { a, ask } = setUp([plan('both', ['a', 'b'])]);
    a.capabilities = { tools: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };
    const result = resultOf(await ask('both', { method: 'server/discover', params: {} }));
    expect(result['capabilities']).toEqual({ tools: { listChanged: true }, resources: expect.anything() });
  });
});

describe('URIs of a merged server', () => {
  const read = (bench: Bench, uri: string) =>
    bench.ask('both', { method: 'resources/read', params: { uri }, name: uri });
  const listed = async (bench: Bench) =>
    namesOf(await bench.ask('both', { method: 'resources/list', params: {} }), 'resources', 'uri');

  it('that look like an alias lead to the upstream that listed them, not to the one that they name', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    bench.b.offers = { resources: [{ uri: 'a+file:///secret', name: 's' }] };
    expect(await listed(bench)).toEqual(['b+a+file:///secret']);
    await read(bench, 'b+a+file:///secret');
    expect(bench.b.calls.at(-1)?.message.at('params', 'uri')?.string()).toBe('a+file:///secret');
  });

  it('belong to who lists them, though a template of another covers everything', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    bench.a.offers = { resourceTemplates: [{ uriTemplate: '{+any}', name: 'any' }] };
    bench.b.offers = { resources: [{ uri: 'https://example.com/b', name: 'b' }] };
    await read(bench, 'https://example.com/b');
    expect(bench.b.calls.at(-1)?.method).toBe('resources/read');
  });

  it('are read without asking every upstream for its lists when it is known whose they are', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    refuseListens(bench);
    bench.a.offers = {
      resources: [{ uri: 'file:///x', name: 'x' }],
      resourceTemplates: [{ uriTemplate: 'note://{id}', name: 'n' }],
    };
    await read(bench, 'file:///x');
    await read(bench, 'note://1');
    const before = bench.a.calls.length + bench.b.calls.length;
    await read(bench, 'file:///x');
    await read(bench, 'note://2');
    expect(bench.a.calls.length + bench.b.calls.length).toBe(before + 2);
  });
});

describe('a server that takes only some of an upstream', () => {
  const sources = [{ upstream: 'a', prompts: ['open_*'], resources: ['note://*'] }];
  const single: Partial<ServerPlan> = { single: true, sources };

  it('completes nothing of what it does not take', async () => {
    const { a, ask } = setUp([plan('one', ['a'], single)]);
    const complete = (ref: object) =>
      ask('one', { method: 'completion/complete', params: { ref, argument: { name: 'x', value: '' } } });
    const prompt = (name: string) => complete({ type: 'ref/prompt', name });
    const resource = (uri: string) => complete({ type: 'ref/resource', uri });
    await expect(prompt('hidden').catch((thrown) => thrown)).resolves.toMatchObject({
      code: 'UNKNOWN_PROMPT',
    });
    await expect(resource('file:///{p}').catch((thrown) => thrown)).resolves.toMatchObject({
      code: 'UNKNOWN_RESOURCE',
    });
    expect(a.calls).toEqual([]);
    await prompt('open_door');
    await resource('note://{id}');
    expect(a.calls).toHaveLength(2);
  });
});

describe('a listen', () => {
  const listen = async (bench: Bench, server: string, notifications: object) => {
    const sent: Record<string, unknown>[] = [];
    const outcome = bench.ask(server, {
      method: 'subscriptions/listen',
      params: { notifications },
      notify: (notification) => {
        sent.push(notification.value() as Record<string, unknown>);
        return undefined;
      },
    });
    outcome.catch(() => undefined);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    return sent;
  };

  it('hears nothing of resources that the server does not take', async () => {
    const sources = [{ upstream: 'a', resources: ['note://*'] }];
    const bench = setUp([plan('one', ['a'], { single: true, sources })]);
    const sent = await listen(bench, 'one', { resourceSubscriptions: ['file:///x', 'note://1'] });
    expect(sent[0]).toMatchObject({ params: { notifications: { resourceSubscriptions: ['note://1'] } } });
  });

  it('hears of what lies in a folder that it named, whatever the upstream put into _meta', async () => {
    const bench = setUp([plan('one', ['a'], { single: true })]);
    const sent = await listen(bench, 'one', { resourceSubscriptions: ['file:///d/'] });
    bench.a.announce('notifications/resources/updated', { uri: 'file:///d/x', _meta: 5 });
    expect(sent[1]).toMatchObject({ params: { uri: 'file:///d/x', _meta: expect.any(Object) } });
  });

  it('hears of a list that a later read found changed, though its upstream announces nothing', async () => {
    const bench = setUp([plan('both', ['a', 'b'])]);
    refuseListens(bench);
    bench.a.offers = { tools: [tool('x')] };
    await listTools(bench, 'both');
    const sent = await listen(bench, 'both', { toolsListChanged: true });
    bench.a.offers = { tools: [tool('x'), tool('y')] };
    await listTools(bench, 'both');
    expect(sent[1]).toMatchObject({ method: 'notifications/tools/list_changed' });
    await listTools(bench, 'both');
    expect(sent).toHaveLength(2);
  });
});

describe('kept results', () => {
  it('are none that the upstream said were outdated while they were on their way', async () => {
    const bench = setUp([plan('one', ['a'], { single: true })]);
    bench.a.result = { resultType: 'complete', contents: [], ttlMs: 60_000 };
    const { source, held } = hold(bench);
    const sketch = { method: 'resources/read', params: { uri: 'file:///x' }, name: 'file:///x' };
    const reading = bench.ask('one', sketch);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    bench.catalog.cache.invalidate(source, {
      kind: 'resource',
      uri: 'file:///x',
      params: bench.a.calls[0]?.message ?? expect.fail(),
    });
    held[0]?.();
    await reading;
    const again = bench.ask('one', sketch);
    await vi.waitFor(() => expect(held).toHaveLength(2));
    held[1]?.();
    await again;
    await bench.ask('one', sketch);
    expect(held).toHaveLength(2);
  });

  /** Makes the upstream's answers wait. */
  function hold({ a }: Bench) {
    const held: (() => void)[] = [];
    const call = a.call;
    a.call = (...given) => {
      const outcome = call(...given);
      return new Promise<void>((resolve) => held.push(resolve)).then(() => outcome);
    };
    return { source: a, held };
  }
});
