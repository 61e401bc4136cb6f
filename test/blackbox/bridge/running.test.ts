import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { callTool, errorOf, jsonOf, type Sketch, textOf } from './conversation.ts';
import {
  CLIENTS,
  LEGACY_CLIENTS,
  LEGACY_UPSTREAMS,
  pairsOf,
  type Stage,
  startStage,
  UPSTREAMS,
  type Upstream,
} from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.stop());

type Json = Record<string, unknown>;

const pairs = pairsOf(CLIENTS);
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
const MESSAGE = 'notifications/message';
const UPDATED = 'notifications/resources/updated';

/** What a server over HTTP in this process was sent. */
const journalOf = (upstream: 'http25' | 'sse24'): readonly Json[] => stage.legacy[upstream].server.journal;

describe('bridge/log-level', () => {
  const entries = ['debug', 'info', 'warning', 'error'].map((level) => ({ level, data: level }));
  const logged = async (client: string, upstream: Upstream, sketch: Sketch & { level?: string }) => {
    const { level, ...more } = sketch;
    const talk = await stage.client(client, upstream, {});
    if (level !== undefined) await talk.request('logging/setLevel', { params: { level } });
    const called = await callTool(talk, 'log', { entries }, more);
    const messages = called.notifications.filter(({ method }) => method === MESSAGE);
    return { told: textOf(called), heard: messages.map(({ params }) => Object(params).data) };
  };

  it.each(LEGACY_UPSTREAMS)(
    '$title logs for a modern call from the level that it asks for',
    async ({ name }) => {
      const meta = { [LOG_LEVEL]: 'warning' };
      const asked = await logged('2026-07-28', name, { meta });
      expect(asked).toEqual({ told: 'warning', heard: ['warning', 'error'] });
      expect((await logged('2026-07-28', name, {})).heard).toEqual([]);
    },
  );

  it('the session of several calls has the most talkative level, and each hears its own', async () => {
    const talk = await stage.modernClient('http25', {});
    const holds = new AbortController();
    const debug = { meta: { [LOG_LEVEL]: 'debug' }, signal: holds.signal };
    const hanging = callTool(talk, 'hang', {}, debug).catch(() => undefined);
    await vi.waitFor(() => {
      const levels = journalOf('http25').filter(({ method }) => method === 'logging/setLevel');
      expect(levels.at(-1)).toMatchObject({ params: { level: 'debug' } });
    }, 5000);
    const asked = await logged('2026-07-28', 'http25', { meta: { [LOG_LEVEL]: 'error' } });
    expect(asked).toEqual({ told: 'debug', heard: ['error'] });
    holds.abort();
    await hanging;
  });

  it.each(pairs.filter(([client]) => client !== '2026-07-28'))(
    'a %s client of %s hears from the level that it set, or from info on',
    async (client, upstream) => {
      expect((await logged(client, upstream, { level: 'error' })).heard).toEqual(['error']);
      expect(await logged(client, upstream, {})).toEqual({
        told: 'info',
        heard: ['info', 'warning', 'error'],
      });
    },
  );

  it('a level that does not exist is refused', async () => {
    const legacy = await stage.sessionClient('modern', {});
    const wrong = await legacy.request('logging/setLevel', { params: { level: 'loud' } });
    expect(errorOf(wrong)).toMatchObject({ code: -32_602 });
  });
});

describe('bridge/progress', () => {
  it.each(pairs)('reaches a %s client of %s under its own token', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    for (const progressToken of ['its token', 7]) {
      const called = await callTool(talk, 'progress', { values: [1, 2.5, 10] }, { meta: { progressToken } });
      expect(called.notifications).toMatchObject(
        [1, 2.5, 10].map((progress) => ({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 10 },
        })),
      );
    }
  });

  it.each(UPSTREAMS)('nobody hears of it without a token at %s', async (upstream) => {
    const talk = await stage.client('2025-11-25', upstream, {});
    expect((await callTool(talk, 'progress', { values: [1] })).notifications).toEqual([]);
  });

  it('values that do not rise are left out for a legacy client', async () => {
    const talk = await stage.sessionClient('modern', {});
    const meta = { progressToken: 1 };
    const { notifications } = await callTool(talk, 'progress', { values: [1, 3, 2, 3, 4] }, { meta });
    expect(notifications.map(({ params }) => Object(params).progress)).toEqual([1, 3, 4]);
  });
});

describe('bridge/cancellation', () => {
  it.each(['http25', 'sse24'] as const)('a modern client that hangs up cancels at %s', async (upstream) => {
    // On connections of its own: what a cancelled call may still say there belongs to nobody for a while.
    const talk = await stage.modernClient(upstream, { 'x-cancels': {} });
    const controller = new AbortController();
    const marker = `modern-${upstream}`;
    const call = callTool(talk, 'hang', { marker }, { signal: controller.signal });
    call.catch(() => undefined);
    const found = () => journalOf(upstream).find((message) => JSON.stringify(message).includes(marker));
    await vi.waitFor(() => expect(found()).toBeDefined(), 5000);
    controller.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => {
      const cancelled = journalOf(upstream).filter(({ method }) => method === 'notifications/cancelled');
      expect(cancelled.map(({ params }) => Object(params).requestId)).toContain(found()?.['id']);
    }, 5000);
  });

  it('a legacy client that cancels makes the gateway hang up on a modern server, and gets no response', async () => {
    const talk = await stage.sessionClient('modern', {});
    const id = talk.nextId;
    const call = callTool(talk, 'hang', {}, {});
    await vi.waitFor(() => {
      const calls = stage.modern.requests('tools/call');
      expect(Object(calls.at(-1)?.['params']).name).toBe('hang');
    }, 5000);
    await talk.post({ method: 'notifications/cancelled', params: { requestId: id } });
    expect((await call).message).toEqual({});
  });

  it('a legacy client that cancels reaches a legacy server, and no other call of the session ends', async () => {
    const talk = await stage.sessionClient('http25', {});
    const id = talk.nextId;
    const hanging = callTool(talk, 'hang', { marker: 'legacy-cancel' });
    const found = () =>
      journalOf('http25').find((message) => JSON.stringify(message).includes('legacy-cancel'));
    await vi.waitFor(() => expect(found()).toBeDefined(), 5000);
    await talk.post({ method: 'notifications/cancelled', params: { requestId: id, reason: 'enough' } });
    expect((await hanging).message).toEqual({});
    await vi.waitFor(() => {
      const cancelled = journalOf('http25').filter(({ method }) => method === 'notifications/cancelled');
      expect(cancelled.at(-1)).toMatchObject({ params: { requestId: found()?.['id'] } });
    }, 5000);
    expect(textOf(await callTool(talk, 'notify', { method: 'notifications/x', params: {} }))).toBe('told');
  });

  it.each(['modern', 'http25', 'stdio25'] as const)(
    'a legacy client of %s that cancels while it is asked hears that the question is taken back',
    async (upstream) => {
      const talk = await stage.sessionClient(upstream);
      const params = { mode: 'form', message: '?', requestedSchema: { type: 'object', properties: {} } };
      const requests = { q: { method: 'elicitation/create', params } };
      const id = talk.nextId;
      const answer = (): undefined => {
        void talk.post({ method: 'notifications/cancelled', params: { requestId: id } });
      };
      const called = await callTool(talk, 'ask', { requests }, { answer });
      const asked = Object(called.asked[0]?.params['_meta']).progressToken;
      expect(called.notifications).toMatchObject([
        { method: 'notifications/cancelled', params: { requestId: asked } },
      ]);
      expect(called.message).toEqual({});
    },
  );

  it('a legacy client that only hangs up does not cancel', async () => {
    const talk = await stage.sessionClient('http25', {});
    const before = journalOf('http25').filter(({ method }) => method === 'notifications/cancelled').length;
    const controller = new AbortController();
    const call = callTool(talk, 'hang', { marker: 'legacy-hang-up' }, { signal: controller.signal });
    call.catch(() => undefined);
    await vi.waitFor(
      () => expect(journalOf('http25').some((m) => JSON.stringify(m).includes('legacy-hang-up'))).toBe(true),
      5000,
    );
    controller.abort();
    await expect(call).rejects.toThrow();
    await callTool(talk, 'journal');
    const after = journalOf('http25').filter(({ method }) => method === 'notifications/cancelled').length;
    expect(after).toBe(before);
  });
});

describe('bridge/reverse-progress', () => {
  it('of a legacy client keeps its question open, and goes no further', async () => {
    const talk = await stage.sessionClient('http25');
    const params = { message: '?', requestedSchema: { type: 'object', properties: {} } };
    const requests = { e: { method: 'elicitation/create', params } };
    const sent: Promise<void>[] = [];
    const answer = (_: string, question: Json): Json => {
      const { progressToken } = Object(question['_meta']);
      expect(progressToken).toEqual(expect.any(String));
      sent.push(talk.post({ method: 'notifications/progress', params: { progressToken, progress: 1 } }));
      return { action: 'decline' };
    };
    expect(jsonOf(await callTool(talk, 'ask', { requests }, { answer }))).toEqual({
      e: { action: 'decline' },
    });
    await Promise.all(sent);
    expect(journalOf('http25').filter(({ method }) => method === 'notifications/progress')).toEqual([]);
  });
});

describe('bridge/list-changes', () => {
  const lists = ['tools', 'prompts', 'resources'] as const;
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  /** Tells what the server under test tells: by its own tool, or by the script of the modern one. */
  const change = async (upstream: Upstream, list: (typeof lists)[number]): Promise<void> => {
    if (upstream === 'modern') stage.modern.announce(list);
    else await callTool(await stage.modernClient(upstream, {}), 'change', { list });
  };
  const WATCHED: readonly Upstream[] = ['modern', 'http25', 'http18', 'http03', 'sse24', 'shared'];

  it.each(WATCHED)('of %s reach a modern listen that asked for them', async (upstream) => {
    const talk = await stage.modernClient(upstream, {});
    const stream = await talk.listen(all);
    await vi.waitFor(() => expect(stream.messages).toHaveLength(1), 5000);
    expect(stream.messages).toMatchObject([{ params: { notifications: all } }]);
    for (const list of lists) {
      await change(upstream, list);
      await vi.waitFor(() => {
        expect(stream.of(`notifications/${list}/list_changed`)[0]).toMatchObject({
          params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen' } },
        });
      }, 5000);
    }
    await stream.close();
  });

  it.each(WATCHED)('of %s reach the GET stream of a legacy client', async (upstream) => {
    const talk = await stage.sessionClient(upstream, {});
    const stream = await talk.listen();
    await vi.waitFor(async () => {
      await change(upstream, 'tools');
      const [first] = stream.of('notifications/tools/list_changed');
      expect(first).toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    }, 5000);
    await stream.close();
  });
});

describe('bridge/subscriptions', () => {
  const touch = async (upstream: Upstream, uri: string, watched = uri): Promise<void> => {
    if (upstream === 'modern') stage.modern.announce({ uri });
    else await callTool(await stage.modernClient(upstream, {}), 'touch', { uri, watched });
  };
  const WATCHED = ['modern', 'http25', 'http18', 'http03', 'sse24', 'shared'] as const;

  it.each(WATCHED)('updates of %s reach a modern listen', async (upstream) => {
    const talk = await stage.modernClient(upstream, {});
    const stream = await talk.listen({ resourceSubscriptions: ['test://plain', 'test://closed'] });
    await vi.waitFor(() => expect(stream.messages).toHaveLength(1), 5000);
    // The scripted modern server takes whatever it is asked for.
    const honoured = upstream === 'modern' ? ['test://plain', 'test://closed'] : ['test://plain'];
    expect(stream.messages).toMatchObject([
      { params: { notifications: { resourceSubscriptions: honoured } } },
    ]);
    await touch(upstream, 'test://other');
    await touch(upstream, 'test://plain');
    await vi.waitFor(() => expect(stream.of(UPDATED)).toHaveLength(1), 5000);
    expect(stream.of(UPDATED)).toMatchObject([
      { params: { uri: 'test://plain', _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen' } } },
    ]);
    await stream.close();
  });

  it.each(WATCHED)('a legacy client of %s subscribes, hears of it, and unsubscribes', async (upstream) => {
    const talk = await stage.sessionClient(upstream, {});
    const stream = await talk.listen();
    const params = { uri: 'test://plain' };
    expect(await talk.request('resources/subscribe', { params })).toMatchObject({ message: { result: {} } });
    await touch(upstream, 'test://plain');
    await vi.waitFor(() => expect(stream.of(UPDATED)).toHaveLength(1), 5000);
    expect(stream.of(UPDATED)).toEqual([{ jsonrpc: '2.0', method: UPDATED, params }]);
    await talk.request('resources/unsubscribe', { params });
    await touch(upstream, 'test://plain');
    await callTool(talk, 'notify', { method: 'notifications/x', params: {} });
    expect(stream.of(UPDATED)).toHaveLength(1);
    await stream.close();
  });

  it('a resource that the server does not take is refused to a legacy client by -32602', async () => {
    const talk = await stage.sessionClient('http25', {});
    const refused = await talk.request('resources/subscribe', { params: { uri: 'test://closed' } });
    expect(errorOf(refused)).toMatchObject({ code: -32_602 });
  });

  it('an update may name something inside of what was subscribed to', async () => {
    const talk = await stage.modernClient('http25', {});
    const stream = await talk.listen({ resourceSubscriptions: ['test://folder'] });
    await vi.waitFor(() => expect(stream.messages).toHaveLength(1), 5000);
    await touch('http25', 'test://folder/file', 'test://folder');
    await vi.waitFor(
      () => expect(stream.of(UPDATED)).toMatchObject([{ params: { uri: 'test://folder/file' } }]),
      5000,
    );
    await stream.close();
  });
});

describe('bridge/ping', () => {
  it('is answered at the door of legacy clients, and does not exist for modern ones', async () => {
    for (const version of LEGACY_CLIENTS) {
      const talk = await stage.client(version, 'modern', {});
      expect((await talk.request('ping')).message).toMatchObject({ result: {} });
    }
    const modern = await stage.modernClient('http25', {});
    const refused = await modern.request('ping');
    expect([errorOf(refused)['code'], refused.status]).toEqual([-32_601, 404]);
  });
});

describe('bridge/other-notifications', () => {
  it.each(pairs)('that a call sends reach a %s client of %s', async (client, upstream) => {
    const talk = await stage.client(client, upstream, {});
    const params = { a: 1, _meta: { 'com.example/x': true } };
    const { notifications } = await callTool(talk, 'notify', { method: 'notifications/x', params });
    expect(notifications).toEqual([{ jsonrpc: '2.0', method: 'notifications/x', params }]);
  });
});
