import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { callTool, errorOf, jsonOf, resultOf, textOf } from './conversation.ts';
import {
  CLIENTS,
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

const pairs = pairsOf(CLIENTS);

type Json = Record<string, unknown>;

const said = (text: string): Json => ({ type: 'text', text });
const sample = (params: Json = {}) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: said('Hi') }], maxTokens: 5, ...params },
});
const form = (message: string) => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } },
});
const sampled = { role: 'assistant', model: 'm', content: said('Hello'), stopReason: 'endTurn' };
const roots = { roots: [{ uri: 'file:///work', name: 'Work' }] };
const accept = { action: 'accept', content: {} };

/** A user who answers everything. */
const willing = (method: string): Json =>
  method === 'roots/list' ? roots : method === 'sampling/createMessage' ? sampled : accept;

describe('bridge/sampling', () => {
  it.each(pairs)('the model behind a %s client of %s answers', async (client, upstream) => {
    const talk = await stage.client(client, upstream, { sampling: {} });
    const called = await callTool(talk, 'ask', { requests: { s: sample() } }, { answer: willing });
    expect(called.asked).toMatchObject([sample()]);
    expect(jsonOf(called)).toEqual({ s: sampled });
  });
});

describe('bridge/sampling-tools', () => {
  const tools = [{ name: 't', inputSchema: { type: 'object' } }];
  const using = sample({
    messages: [
      { role: 'user', content: [said('one'), said('two')] },
      { role: 'assistant', content: { type: 'tool_use', id: 'u', name: 't', input: {} } },
      { role: 'user', content: [{ type: 'tool_result', toolUseId: 'u', content: [] }] },
    ],
    tools,
    toolChoice: { mode: 'auto' },
  });
  const wantsTool = { ...sampled, content: [{ type: 'tool_use', id: 'v', name: 't', input: {} }] };

  it.each(UPSTREAMS)('reach clients of 2025-11-25 and later as %s gave them', async (upstream) => {
    for (const client of ['2026-07-28', '2025-11-25']) {
      const talk = await stage.client(client, upstream);
      const called = await callTool(talk, 'ask', { requests: { s: using } }, { answer: () => wantsTool });
      expect(called.asked).toMatchObject([using]);
      const given = jsonOf(called)['s'];
      const older = LEGACY_UPSTREAMS.some(({ name, version }) => name === upstream && version < '2025-11-25');
      expect(given).toEqual(older ? { ...wantsTool, content: wantsTool.content[0] } : wantsTool);
    }
  });

  it.each(['2025-06-18', '2025-03-26', '2024-11-05'])(
    'a %s client knows none, and is not asked',
    async (client) => {
      const talk = await stage.client(client, 'modern');
      const called = await callTool(talk, 'ask', { requests: { s: using } });
      expect(called.asked).toEqual([]);
      expect(resultOf(called)).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining('sampling.tools') }],
      });
    },
  );
});

describe('bridge/sampling-blocks', () => {
  const audio = { type: 'audio', data: 'AA==', mimeType: 'audio/wav' };
  const several = sample({
    messages: [
      { role: 'user', content: [said('one'), audio] },
      { role: 'assistant', content: said('two') },
    ],
  });

  it.each(UPSTREAMS)(
    'a message of several blocks from %s becomes several for older clients',
    async (upstream) => {
      for (const client of ['2025-06-18', '2025-03-26', '2024-11-05']) {
        const talk = await stage.client(client, upstream, { sampling: {} });
        const called = await callTool(talk, 'ask', { requests: { s: several } }, { answer: willing });
        const heard =
          client === '2024-11-05' ? { type: 'text', text: expect.stringContaining('audio/wav') } : audio;
        expect(called.asked[0]?.params['messages']).toEqual([
          { role: 'user', content: said('one') },
          { role: 'user', content: heard },
          { role: 'assistant', content: said('two') },
        ]);
        expect(jsonOf(called)).toEqual({ s: sampled });
      }
    },
  );

  it('an answer of several blocks becomes one for an older server, or is refused to it', async () => {
    const talk = await stage.modernClient('http18');
    const ask = async (content: unknown) =>
      jsonOf(
        await callTool(
          talk,
          'ask',
          { requests: { s: sample() } },
          { answer: () => ({ ...sampled, content }) },
        ),
      )['s'];
    expect(await ask([said('one')])).toEqual({ ...sampled, content: said('one') });
    expect(await ask([said('one'), said('two')])).toEqual({ ...sampled, content: said('one\ntwo') });
    expect(await ask([said('one'), audio])).toMatchObject({ error: { code: -32_603 } });
  });
});

describe('bridge/sampling-context', () => {
  const wanting = sample({ includeContext: 'thisServer' });
  const contextFor = async (client: string, upstream: Upstream, capabilities: Json) => {
    const talk = await stage.client(client, upstream, capabilities);
    const called = await callTool(talk, 'ask', { requests: { s: wanting } }, { answer: willing });
    return called.asked[0]?.params['includeContext'];
  };

  it.each(UPSTREAMS)(
    '%s gets it only from clients that declare it, or that always could',
    async (upstream) => {
      const context = { sampling: { context: {} } };
      expect(await contextFor('2025-11-25', upstream, context)).toBe('thisServer');
      expect(await contextFor('2025-11-25', upstream, { sampling: {} })).toBe('none');
      expect(await contextFor('2025-06-18', upstream, { sampling: {} })).toBe('thisServer');
      expect(await contextFor('2024-11-05', upstream, { sampling: {} })).toBe('thisServer');
      expect(await contextFor('2026-07-28', upstream, context)).toBe('thisServer');
      if (upstream !== 'modern')
        expect(await contextFor('2026-07-28', upstream, { sampling: {} })).toBe('none');
    },
  );
});

describe('bridge/roots', () => {
  it.each(pairs)('a %s client of %s tells its roots', async (client, upstream) => {
    const talk = await stage.client(client, upstream, { roots: {} });
    const called = await callTool(
      talk,
      'ask',
      { requests: { r: { method: 'roots/list' } } },
      { answer: willing },
    );
    expect(called.asked.map(({ method }) => method)).toEqual(['roots/list']);
    expect(jsonOf(called)).toEqual({ r: roots });
  });
});

describe('bridge/roots-outside', () => {
  const journal = async () => {
    const talk = await stage.modernClient('http25', {});
    return jsonOf(await callTool(talk, 'journal')) as unknown as Json[];
  };

  it('a server that asks outside of every call is refused for a modern client', async () => {
    const talk = await stage.modernClient('http25', { roots: {} });
    const before = (await journal()).length;
    await callTool(talk, 'ask_outside');
    await vi.waitFor(async () => {
      const answers = (await journal()).slice(before).filter(({ error }) => error !== undefined);
      expect(answers).toMatchObject([{ error: { code: -32_601 } }]);
    }, 5000);
  });

  it('it is answered on the GET stream of a legacy client', async () => {
    const talk = await stage.sessionClient('http25', { roots: {} });
    const stream = await talk.listen();
    const before = (await journal()).length;
    await callTool(talk, 'ask_outside');
    await vi.waitFor(() => expect(stream.of('roots/list')).toHaveLength(1), 5000);
    await talk.post({ id: stream.of('roots/list')[0]?.['id'], result: roots });
    await vi.waitFor(async () => {
      expect((await journal()).slice(before)).toContainEqual(expect.objectContaining({ result: roots }));
    }, 5000);
    await stream.close();
  });
});

describe('bridge/roots-changed', () => {
  const CHANGED = 'notifications/roots/list_changed';
  const heard = (): Json[] => stage.legacy.http25.server.journal.filter(({ method }) => method === CHANGED);

  it('reaches the legacy servers of the session, and is advertised to no other', async () => {
    const talk = await stage.sessionClient('http25', { roots: { listChanged: true } });
    await callTool(talk, 'journal');
    const before = heard().length;
    await talk.post({ method: CHANGED });
    await vi.waitFor(() => expect(heard()).toHaveLength(before + 1), 5000);
    const modern = await stage.modernClient('http25', { roots: { listChanged: true }, 'x-own': {} });
    await callTool(modern, 'journal');
    const openings = stage.legacy.http25.server.journal.filter(({ method }) => method === 'initialize');
    expect(openings.at(-1)).toMatchObject({ params: { capabilities: { roots: {} } } });
    expect(JSON.stringify(openings.at(-1))).not.toContain('listChanged');
  });

  it('means nothing to a modern server, which asks each time', async () => {
    const talk = await stage.sessionClient('modern', { roots: { listChanged: true } });
    await talk.post({ method: CHANGED });
    expect(jsonOf(await callTool(talk, 'meta'))['io.modelcontextprotocol/clientCapabilities']).toEqual({
      roots: {},
    });
    expect(stage.modern.requests(CHANGED)).toEqual([]);
  });
});

describe('bridge/refusal', () => {
  const refuses = () => ({ error: { code: -1, message: 'User rejected it', data: { why: 'no' } } });

  it.each(LEGACY_UPSTREAMS)('of a legacy client reaches $title word for word', async ({ name }) => {
    const talk = await stage.sessionClient(name);
    const requests = { e: form('?'), s: sample(), r: { method: 'roots/list' } };
    const called = await callTool(talk, 'ask', { requests }, { answer: refuses });
    expect(jsonOf(called)).toEqual({ e: refuses(), s: refuses(), r: refuses() });
  });

  it('of a form is a cancelled one to a modern server', async () => {
    const talk = await stage.sessionClient('modern');
    const called = await callTool(talk, 'ask', { requests: { e: form('?') } }, { answer: refuses });
    expect(jsonOf(called)).toEqual({ e: { action: 'cancel' } });
  });

  it.each([
    ['sampling', sample()],
    ['roots', { method: 'roots/list' }],
  ] as const)('of %s ends the call of a modern server', async (_, question) => {
    const talk = await stage.sessionClient('modern');
    const called = await callTool(talk, 'ask', { requests: { q: question } }, { answer: refuses });
    expect(errorOf(called)).toMatchObject({
      code: -32_603,
      message: expect.stringContaining('User rejected it'),
    });
  });

  it('of a modern client is that it does not come back: the server hears nothing, other calls go on', async () => {
    const talk = await stage.modernClient('http25');
    const given = await callTool(talk, 'ask', { requests: { s: sample() } }, { answer: refuses });
    expect(resultOf(given)['resultType']).toBe('input_required');
    const next = await callTool(talk, 'ask', { requests: { s: sample() } }, { answer: willing });
    expect(jsonOf(next)).toEqual({ s: sampled });
  });
});

describe('bridge/withdrawal', () => {
  const args = { method: 'elicitation/create', params: form('Still?').params };

  it.each(LEGACY_UPSTREAMS)(
    'of $title reaches a legacy client, under the id of its own question',
    async ({ name }) => {
      const talk = await stage.sessionClient(name);
      const called = await callTool(talk, 'withdraw', args, { answer: () => undefined });
      expect(called.asked).toMatchObject([{ params: { message: 'Still?' } }]);
      const id = called.asked[0]?.params['_meta'];
      expect(called.notifications).toMatchObject([
        { method: 'notifications/cancelled', params: { requestId: Object(id).progressToken } },
      ]);
      expect(textOf(called)).toBe('went on without it');
    },
  );

  it.each(LEGACY_UPSTREAMS)('of $title makes the answer of a modern client late', async ({ name }) => {
    const talk = await stage.modernClient(name);
    const first = await talk.once('tools/call', { params: { name: 'withdraw', arguments: args } });
    const { inputRequests, requestState } = resultOf(first) as { inputRequests: Json; requestState: string };
    await new Promise((resolve) => setTimeout(resolve, 400));
    const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, accept]));
    const params = { name: 'withdraw', arguments: args, inputResponses, requestState };
    expect(textOf(await talk.once('tools/call', { params }))).toBe('went on without it');
  });
});

describe('bridge/several-questions', () => {
  const requests = { e: form('Name?'), s: sample(), r: { method: 'roots/list' } };
  const able = pairs.filter(([client]) => client >= '2025-06-18');

  it.each(able)('all reach a %s client of %s, in one round', async (client, upstream) => {
    const talk = await stage.client(client, upstream);
    const called = await callTool(talk, 'ask', { requests }, { answer: willing });
    expect(called.asked.map(({ method }) => method).toSorted()).toEqual([
      'elicitation/create',
      'roots/list',
      'sampling/createMessage',
    ]);
    expect(jsonOf(called)).toEqual({ e: accept, s: sampled, r: roots });
    if (client === '2026-07-28') expect(called.rounds).toEqual([3]);
  });

  it('some may be answered before others', async () => {
    const talk = await stage.modernClient('http25');
    const call = { name: 'ask', arguments: { requests: { one: form('1'), two: form('2') } } };
    const first = resultOf(await talk.once('tools/call', { params: call })) as Json;
    const keys = Object.keys(Object(first['inputRequests']));
    const half = { [keys[0] ?? '']: accept };
    const { requestState } = first;
    const second = resultOf(
      await talk.once('tools/call', { params: { ...call, inputResponses: half, requestState } }),
    );
    expect(second).toMatchObject({ resultType: 'input_required', inputRequests: { [keys[1] ?? '']: {} } });
    expect(Object.keys(Object(second['inputRequests']))).toEqual([keys[1]]);
    const rest = { [keys[1] ?? '']: { action: 'decline' } };
    const last = await talk.once('tools/call', {
      params: { ...call, inputResponses: rest, requestState: second['requestState'] },
    });
    expect(jsonOf(last)).toEqual({ one: accept, two: { action: 'decline' } });
  });
});

describe('bridge/one-after-another', () => {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`q${index}`, form(`${index}`)]));

  it.each(LEGACY_UPSTREAMS)('$title may ask as often as it likes', async ({ name }) => {
    for (const client of ['2026-07-28', '2025-11-25']) {
      const talk = await stage.client(client, name);
      const args = { requests: ten, inTurn: true };
      const called = await callTool(talk, 'ask', args, { answer: willing });
      expect(called.asked.map(({ params }) => params['message'])).toEqual(
        Object.values(ten).map(({ params }) => params.message),
      );
      expect(Object.keys(jsonOf(called))).toHaveLength(10);
    }
  });

  it.each(['2026-07-28', '2025-11-25', '2025-06-18'])(
    'a modern server asks a %s client in rounds, and gets the state of each',
    async (client) => {
      const talk = await stage.client(client, 'modern');
      const args = { requests: { q: form('again') }, rounds: 5 };
      const called = await callTool(talk, 'ask', args, { answer: willing });
      expect(called.asked).toHaveLength(5);
      expect(jsonOf(called)).toEqual({ q: accept });
    },
  );

  it('a legacy client is asked in eight rounds of a modern server at most', async () => {
    const talk = await stage.sessionClient('modern');
    const args = { requests: { q: form('again') }, rounds: 9 };
    const called = await callTool(talk, 'ask', args, { answer: willing });
    expect(called.asked).toHaveLength(8);
    expect(errorOf(called)).toMatchObject({ code: -32_603 });
  });
});

describe('bridge/state-only', () => {
  it('a modern server that asks for nothing is called again, with its state', async () => {
    for (const client of ['2026-07-28', '2025-11-25', '2024-11-05']) {
      const talk = await stage.client(client, 'modern');
      const called = await callTool(talk, 'state_only', { times: 2 });
      expect([client, textOf(called), called.asked]).toEqual([client, 'done', []]);
    }
  });
});

describe('bridge/prompts-and-resources', () => {
  const able = pairs.filter(([client]) => client >= '2025-06-18');
  it.each(able)('ask a %s client of %s too', async (client, upstream) => {
    const talk = await stage.client(client, upstream);
    const requests = JSON.stringify({ q: form('Which?') });
    const params = { name: 'ask', arguments: { requests } };
    const prompt = await talk.request('prompts/get', { params, answer: willing });
    expect(jsonOf(prompt)).toEqual({ q: accept });
    const resource = await talk.request('resources/read', { params: { uri: 'test://ask' }, answer: willing });
    expect(JSON.stringify(resultOf(resource)['contents'])).toContain('file:///work');
    expect(resource.asked.map(({ method }) => method)).toEqual(['roots/list']);
  });
});

describe('bridge/shared-process', () => {
  it.each(['2026-07-28', '2025-11-25'])(
    'a process for everybody hears of nothing that a %s client can be asked',
    async (client) => {
      const talk = await stage.client(client, 'shared', WILLING);
      const journal = jsonOf(await callTool(talk, 'journal')) as unknown as Json[];
      const opening = journal.find(({ method }) => method === 'initialize');
      expect(opening).toMatchObject({ params: { capabilities: {} } });
      expect(Object(opening?.['params']).capabilities).toEqual({});
    },
  );

  it.each(['2026-07-28', '2025-11-25'])(
    'what it asks all the same reaches the %s client whose call alone is in work',
    async (client) => {
      const talk = await stage.client(client, 'shared', WILLING);
      const called = await callTool(talk, 'ask', { requests: { e: form('?') } }, { answer: willing });
      expect(jsonOf(called)).toEqual({ e: accept });
    },
  );

  it('what it asks while several calls are in work is refused to it, and nobody else is asked', async () => {
    const other = await stage.modernClient('shared');
    const controller = new AbortController();
    const hanging = callTool(other, 'hang', {}, { signal: controller.signal, answer: willing });
    hanging.catch(() => undefined);
    const talk = await stage.modernClient('shared');
    await vi.waitFor(async () => {
      const args = { requests: { e: form('whose?') } };
      const called = await callTool(talk, 'ask', args, { answer: willing });
      expect(called.asked).toEqual([]);
      expect(jsonOf(called)).toEqual({
        e: { error: { code: -32_603, message: 'It cannot be told which call this request belongs to.' } },
      });
    }, 5000);
    controller.abort();
    await expect(hanging).rejects.toThrow();
  });
});
