import { describe, expect, it, vi } from 'vitest';
import { type Bench, namesOf, plan, resultOf, setUp, tool } from '../../test/support/catalog-bench.ts';
import type { LegacyCall, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import type { TaskMode, TaskOffer } from './offered-tasks.ts';
import type { TaskFeed, TaskOwner } from './task-feed.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';
const DECLARED = { extensions: { [EXTENSION]: {} } };
const MODES: Readonly<Record<string, TaskMode>> = {
  quick: 'never',
  slow: 'auto',
  big: 'always',
  job: 'required',
};

const offer: TaskOffer = { any: true, modeOf: (name) => MODES[name] ?? 'never' };
const never: TaskOffer = { any: false, modeOf: () => 'never' };

const single = (tasks?: TaskOffer) =>
  plan('files', [], { single: true, sources: [{ upstream: 'a', tasks }] });
const merged = (one: TaskOffer, other: TaskOffer) =>
  plan('both', [], {
    sources: [
      { upstream: 'a', tasks: one },
      { upstream: 'b', tasks: other },
    ],
  });

describe('what a server says of tasks', () => {
  const declared = async ({ ask }: Bench, server: string): Promise<unknown> => {
    const { capabilities } = resultOf(await ask(server, { method: 'server/discover', params: {} }));
    return Object(capabilities)['extensions'];
  };

  it('is the extension where some of its tools can be tasks, beside what its upstreams say', async () => {
    const bench = setUp([single(offer), merged(never, offer)]);
    expect(await declared(bench, 'files')).toEqual({ [EXTENSION]: {} });
    bench.a.capabilities = { tools: {}, extensions: { 'com.example/x': { y: 1 } } };
    expect(await declared(bench, 'files')).toEqual({ 'com.example/x': { y: 1 }, [EXTENSION]: {} });
    expect(await declared(bench, 'both')).toEqual({ 'com.example/x': { y: 1 }, [EXTENSION]: {} });
  });

  it('is nothing where none can, whatever its upstreams say', async () => {
    const bench = setUp([single(never), merged(never, never)]);
    bench.a.capabilities = { tools: {}, ...DECLARED };
    expect(await declared(bench, 'files')).toBeUndefined();
    expect(await declared(bench, 'both')).toBeUndefined();
    bench.a.capabilities = { tools: {}, extensions: { 'com.example/x': {}, [EXTENSION]: {} } };
    expect(await declared(bench, 'files')).toEqual({ 'com.example/x': {} });
  });
});

describe('what lists of tools say of tasks', () => {
  const legacy = (version: string) => ({ session: { version } }) as LegacyCall;
  const list = (bench: Bench, server: string, version?: string) =>
    bench.ask(server, {
      method: 'tools/list',
      params: {},
      ...(version !== undefined && { legacy: legacy(version) }),
    });
  const supportOf = (outcome: Outcome) =>
    Object.fromEntries(
      (resultOf(outcome)['tools'] as Record<string, unknown>[]).map(({ name, execution }) => [
        name,
        execution,
      ]),
    );

  it('is the rule of the gateway for clients of 2025-11-25, whatever the upstream says', async () => {
    const bench = setUp([single(offer), merged(offer, never)]);
    bench.a.offers = { tools: [tool('quick', { execution: { taskSupport: 'required' } }), tool('slow')] };
    const optional = { taskSupport: 'optional' };
    expect(supportOf(await list(bench, 'files', '2025-11-25'))).toEqual({ quick: undefined, slow: optional });
    bench.a.offers = { tools: [tool('big'), tool('job')] };
    bench.passTime(100_000);
    expect(supportOf(await list(bench, 'both', '2025-11-25'))).toEqual({
      a__big: optional,
      a__job: { taskSupport: 'required' },
    });
    expect(supportOf(await list(bench, 'both', '2025-06-18'))).toEqual({
      a__big: undefined,
      a__job: undefined,
    });
  });

  it('is written once for as long as the list of a merged server is kept', async () => {
    const asked: string[] = [];
    const modeOf = (name: string): TaskMode => {
      asked.push(name);
      return 'always';
    };
    const bench = setUp([merged({ any: true, modeOf }, never)]);
    bench.a.offers = { tools: [tool('big'), tool('job')] };
    const before = supportOf(await list(bench, 'both', '2025-11-25'));
    expect(supportOf(await list(bench, 'both', '2025-11-25'))).toEqual(before);
    expect(asked).toEqual(['big', 'job']);
  });

  it('of a legacy upstream stays at the gateway', async () => {
    const bench = setUp([single(offer), merged(offer, never)]);
    bench.a.offers = {
      tools: [tool('slow', { execution: { taskSupport: 'optional' }, title: 'execution' })],
    };
    const kept = { taskSupport: 'optional' };
    expect(supportOf(await list(bench, 'files'))).toEqual({ slow: kept });
    Object.assign(bench.a, { era: () => 'legacy' });
    expect(supportOf(await list(bench, 'files'))).toEqual({ slow: undefined });
    expect(supportOf(await list(bench, 'both'))).toEqual({ a__slow: undefined });
    expect(namesOf(await list(bench, 'both'), 'tools', 'title')).toEqual(['execution']);
  });
});

describe('calls of a merged server', () => {
  it('declare to the upstream what their client declares', async () => {
    const { a, ask } = setUp([merged(offer, never)]);
    a.offers = { tools: [tool('slow')] };
    await ask('both', { params: { name: 'a__slow' }, capabilities: DECLARED });
    expect(a.calls.at(-1)?.meta.clientCapabilities.value()).toEqual(DECLARED);
  });
});

describe('a listen for tasks', () => {
  class FakeFeed implements TaskFeed {
    readonly asked: { ids: readonly string[]; owner: TaskOwner }[] = [];
    tell: (task: JsonText) => void = () => undefined;
    ended = 0;

    async follow(ids: readonly string[], owner: TaskOwner, onChange: (task: JsonText) => void) {
      this.asked.push({ ids, owner });
      this.tell = onChange;
      onChange(task('working'));
      return { taken: ids.filter((id) => id.startsWith('mine')), end: () => void this.ended++ };
    }
  }
  const task = (status: string) => JsonText.of({ taskId: 'mine-1', status, _meta: { x: 1 } });
  const waitForSome = (count: number, told: unknown[]) =>
    vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(count));

  function listen(bench: Bench, notifications: object, capabilities: Record<string, unknown> = DECLARED) {
    const told: Record<string, unknown>[] = [];
    const abort = new AbortController();
    const outcome = bench.ask('files', {
      id: '"sub"',
      method: 'subscriptions/listen',
      params: { notifications },
      capabilities,
      signal: abort.signal,
      notify: (notification) => void told.push(notification.value() as Record<string, unknown>),
    });
    return { told, abort, outcome };
  }

  it('is told which tasks it hears of, then how they are and how they go on, until it ends', async () => {
    const feed = new FakeFeed();
    const bench = setUp([single(offer)], feed);
    const { told, abort, outcome } = listen(bench, { taskIds: ['mine-1', 'other', 'mine-1', 7] });
    await waitForSome(2, told);
    feed.tell(task('completed'));
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' };
    const change = (status: string) => ({
      jsonrpc: '2.0',
      method: 'notifications/tasks',
      params: { taskId: 'mine-1', status, _meta: { x: 1, ..._meta } },
    });
    expect(told).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: { taskIds: ['mine-1'] }, _meta },
      },
      change('working'),
      change('completed'),
    ]);
    expect(feed.asked).toEqual([
      { ids: ['mine-1', 'other'], owner: { principal: 'local', server: 'files' } },
    ]);
    expect(feed.ended).toBe(0);
    abort.abort(new Error('gone'));
    await expect(outcome).rejects.toThrow('gone');
    expect(feed.ended).toBe(1);
  });

  it('is refused to a client that does not declare the extension', async () => {
    const feed = new FakeFeed();
    const bench = setUp([single(offer)], feed);
    const { outcome } = listen(bench, { taskIds: ['mine-1'] }, {});
    await expect(outcome).rejects.toMatchObject({
      code: 'MISSING_CAPABILITY',
      data: { requiredCapabilities: DECLARED },
    });
    expect(feed.asked).toEqual([]);
  });

  it('takes none where there are no tasks, and asks for no more than a thousand', async () => {
    const without = listen(setUp([single(offer)]), { taskIds: ['mine-1'], toolsListChanged: true });
    await waitForSome(1, without.told);
    expect(without.told[0]).toMatchObject({ params: { notifications: { toolsListChanged: true } } });
    expect(JSON.stringify(without.told[0])).not.toContain('taskIds');
    const feed = new FakeFeed();
    const many = listen(setUp([single(offer)], feed), {
      taskIds: Array.from({ length: 1_500 }, (_, index) => `mine-${index}`),
    });
    await waitForSome(1, many.told);
    expect(feed.asked[0]?.ids).toHaveLength(1_000);
  });
});
