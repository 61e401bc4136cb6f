import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { callTool, errorOf, jsonOf, resultOf, textOf } from './conversation.ts';
import { LEGACY_UPSTREAMS, pairsOf, type Stage, startStage, UPSTREAMS } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.stop());

const ASKABLE = ['2026-07-28', '2025-11-25', '2025-06-18'] as const;
const TOO_OLD = ['2025-03-26', '2024-11-05'] as const;

const schema = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1 }, age: { type: 'integer' }, ok: { type: 'boolean' } },
  required: ['name'],
};
const form = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Who are you?', requestedSchema: schema },
};
const filledIn = { action: 'accept', content: { name: 'Ada', age: 36, ok: true } };

describe('bridge/elicitation-form', () => {
  it.each(pairsOf(ASKABLE))(
    'a form reaches the user of a %s client of %s, and comes back',
    async (client, upstream) => {
      const talk = await stage.client(client, upstream);
      const called = await callTool(talk, 'ask', { requests: { who: form } }, { answer: () => filledIn });
      expect(jsonOf(called)).toEqual({ who: filledIn });
      const [asked] = called.asked;
      expect(called.asked).toHaveLength(1);
      expect(asked).toMatchObject({
        method: 'elicitation/create',
        params: { message: 'Who are you?', requestedSchema: schema },
      });
      // Before 2025-11-25 there is one kind of elicitation, and no word for it.
      if (client === '2025-06-18') expect(asked?.params).not.toHaveProperty('mode');
    },
  );

  it.each(['decline', 'cancel'])('the user may %s in every pair', async (action) => {
    for (const [client, upstream] of pairsOf(ASKABLE)) {
      const talk = await stage.client(client, upstream);
      const called = await callTool(talk, 'ask', { requests: { who: form } }, { answer: () => ({ action }) });
      expect([client, upstream, jsonOf(called)]).toEqual([client, upstream, { who: { action } }]);
    }
  });

  it.each(pairsOf(TOO_OLD))(
    'a %s client of %s is not asked, and the call says why',
    async (client, upstream) => {
      const talk = await stage.client(client, upstream);
      const called = await callTool(talk, 'ask', { requests: { who: form }, strict: true });
      expect(called.asked).toEqual([]);
      expect(resultOf(called)['isError']).toBe(true);
      expect(textOf(called)).toContain('elicitation.form');
    },
  );
});

describe('bridge/missing-capability', () => {
  const questions = {
    'elicitation.form': form,
    'elicitation.url': {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Go', url: 'https://example.com/', elicitationId: 'e-1' },
    },
    sampling: {
      method: 'sampling/createMessage',
      params: { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 5 },
    },
    'sampling.tools': {
      method: 'sampling/createMessage',
      params: { messages: [], maxTokens: 5, tools: [{ name: 't', inputSchema: { type: 'object' } }] },
    },
    roots: { method: 'roots/list' },
  };
  const declared = {
    'elicitation.form': { elicitation: { url: {} } },
    'elicitation.url': { elicitation: { form: {} } },
    sampling: {},
    'sampling.tools': { sampling: {} },
    roots: { sampling: {} },
  };
  const kinds = Object.keys(questions) as (keyof typeof questions)[];
  const legacy = LEGACY_UPSTREAMS.map(({ name }) => name);

  it.each(kinds)('a modern client without %s is told so by -32021, at a legacy server', async (kind) => {
    for (const upstream of legacy) {
      const talk = await stage.modernClient(upstream, declared[kind]);
      const called = await callTool(talk, 'ask', { requests: { q: questions[kind] }, strict: true });
      const [name = '', mode] = kind.split('.');
      expect(errorOf(called)).toMatchObject({
        code: -32_021,
        data: { requiredCapabilities: { [name]: mode === undefined ? {} : { [mode]: {} } } },
      });
      expect([called.asked, called.status]).toEqual([[], 400]);
    }
  });

  it('a modern client gets the result of a tool that asked in vain and did without', async () => {
    const talk = await stage.modernClient('http25', {});
    const called = await callTool(talk, 'ask', { requests: { q: form } });
    expect(jsonOf(called)).toMatchObject({ q: { error: { code: -32_601 } } });
  });

  it.each(kinds)('a legacy client without %s is told so in the result of the tool', async (kind) => {
    for (const upstream of ['modern', 'http25'] as const) {
      const talk = await stage.sessionClient(upstream, declared[kind]);
      const called = await callTool(talk, 'ask', { requests: { q: questions[kind] }, strict: true });
      expect(resultOf(called)['isError']).toBe(true);
      expect(textOf(called)).toMatch(upstream === 'modern' ? kind : /did not declare the capability/);
      expect(called.asked).toEqual([]);
    }
  });

  it('the -32021 of a modern server reaches a modern client as it is, and a legacy client as a failed tool', async () => {
    const args = { capabilities: { roots: {} } };
    const modern = await callTool(await stage.modernClient('modern', {}), 'need', args);
    expect(errorOf(modern)).toMatchObject({ code: -32_021, data: { requiredCapabilities: { roots: {} } } });
    const legacy = await callTool(await stage.sessionClient('modern', {}), 'need', args);
    expect(resultOf(legacy)).toMatchObject({
      isError: true,
      content: [{ text: 'This needs more of the client' }],
    });
  });

  it('a prompt and a resource that cannot ask end in an error', async () => {
    const talk = await stage.sessionClient('modern', {});
    const requests = JSON.stringify({ q: form });
    const prompt = await talk.request('prompts/get', { params: { name: 'ask', arguments: { requests } } });
    expect(errorOf(prompt)).toMatchObject({ code: -32_603, message: expect.stringContaining('elicitation') });
    const resource = await talk.request('resources/read', { params: { uri: 'test://ask' } });
    expect(errorOf(resource)).toMatchObject({ code: -32_603, message: expect.stringContaining('roots') });
  });
});

describe('bridge/elicitation-choices', () => {
  const titled = { type: 'string', oneOf: [{ const: 'r', title: 'Red' }, { const: 'g' }], default: 'r' };
  const named = { type: 'string', enum: ['s', 'm'], enumNames: ['Small', 'Medium'] };
  const several = { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, default: ['a'] };
  const defaults = {
    text: { type: 'string', default: 'x' },
    number: { type: 'number', default: 1.5 },
    ok: { type: 'boolean', default: true },
  };
  const of = (properties: object, extra: object = {}) => ({
    method: 'elicitation/create',
    params: { mode: 'form', message: 'Choose', requestedSchema: { ...extra, type: 'object', properties } },
  });
  const dialect = { $schema: 'https://json-schema.org/draft/2020-12/schema' };

  it.each(pairsOf(['2026-07-28', '2025-11-25']))(
    'all of them reach a %s client of %s as they are',
    async (client, upstream) => {
      const talk = await stage.client(client, upstream);
      const question = of({ titled, named, several, ...defaults }, dialect);
      const answer = { action: 'accept', content: { titled: 'g', named: 'm', several: ['a', 'b'] } };
      const called = await callTool(talk, 'ask', { requests: { q: question } }, { answer: () => answer });
      expect(called.asked[0]?.params['requestedSchema']).toEqual(question.params.requestedSchema);
      expect(jsonOf(called)).toEqual({ q: answer });
    },
  );

  it.each(UPSTREAMS)('a 2025-06-18 client of %s gets them in its words', async (upstream) => {
    const talk = await stage.sessionClient(upstream, { elicitation: {} }, '2025-06-18');
    const question = of({ titled, named, ...defaults }, dialect);
    const answer = { action: 'accept', content: { titled: 'g' } };
    const called = await callTool(talk, 'ask', { requests: { q: question } }, { answer: () => answer });
    expect(called.asked[0]?.params).toMatchObject({
      message: 'Choose',
      requestedSchema: {
        type: 'object',
        properties: {
          titled: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'g'] },
          named,
          text: { type: 'string' },
          number: { type: 'number' },
          ok: { type: 'boolean', default: true },
        },
      },
    });
    expect(JSON.stringify(called.asked)).not.toMatch(/oneOf|\$schema|1\.5|"mode"/);
    expect(jsonOf(called)).toEqual({ q: answer });
  });

  it.each(UPSTREAMS)('a 2025-06-18 client of %s cannot choose several values', async (upstream) => {
    const talk = await stage.sessionClient(upstream, { elicitation: {} }, '2025-06-18');
    const called = await callTool(talk, 'ask', { requests: { q: of({ several }) }, strict: true });
    expect(called.asked).toEqual([]);
    expect(resultOf(called)['isError']).toBe(true);
    expect(textOf(called)).toContain('several values');
  });
});

describe('bridge/elicitation-url', () => {
  const visit = {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Sign in', url: 'https://example.com/in?x=1' },
  };
  const consent = { action: 'accept' };

  it('a legacy client of a modern server gets an id with it', async () => {
    const talk = await stage.sessionClient('modern');
    const called = await callTool(talk, 'ask', { requests: { v: visit } }, { answer: () => consent });
    expect(called.asked[0]?.params).toMatchObject({
      ...visit.params,
      elicitationId: expect.stringMatching(/./),
    });
    expect(jsonOf(called)).toEqual({ v: consent });
  });

  it.each(LEGACY_UPSTREAMS)('a legacy client of $title gets the id of the server', async ({ name }) => {
    const talk = await stage.sessionClient(name);
    const args = { elicitationId: `visit-${name}` };
    const called = await callTool(talk, 'visit', args, { answer: () => consent });
    expect(called.asked[0]?.params).toMatchObject({ mode: 'url', elicitationId: args.elicitationId });
    expect(jsonOf(called)).toEqual(consent);
  });

  it.each(LEGACY_UPSTREAMS)('a modern client of $title gets none', async ({ name }) => {
    const talk = await stage.modernClient(name);
    const called = await callTool(talk, 'visit', { elicitationId: 'secret' }, { answer: () => consent });
    expect(called.asked).toMatchObject([{ params: { mode: 'url', url: 'https://example.com/go' } }]);
    expect(called.asked[0]?.params).not.toHaveProperty('elicitationId');
    expect(jsonOf(called)).toEqual(consent);
  });
});

describe('bridge/elicitation-complete', () => {
  const COMPLETE = 'notifications/elicitation/complete';
  const answer = () => ({ action: 'accept' });

  it('reaches a legacy client on the stream of the call where the server sent it there', async () => {
    const talk = await stage.sessionClient('http25');
    const { notifications } = await callTool(talk, 'visit', { elicitationId: 'on-call' }, { answer });
    expect(notifications).toMatchObject([{ method: COMPLETE, params: { elicitationId: 'on-call' } }]);
  });

  it('reaches a legacy client on its GET stream where the server has one channel for all', async () => {
    const talk = await stage.sessionClient('stdio25');
    const stream = await talk.listen();
    await callTool(talk, 'visit', { elicitationId: 'on-get' }, { answer });
    await vi.waitFor(() =>
      expect(stream.of(COMPLETE)).toMatchObject([{ params: { elicitationId: 'on-get' } }]),
    );
    await stream.close();
  });

  it('never reaches a modern client', async () => {
    const talk = await stage.modernClient('http25');
    const { notifications } = await callTool(talk, 'visit', { elicitationId: 'unseen' }, { answer });
    expect(notifications).toEqual([]);
  });
});

describe('bridge/url-required', () => {
  const urls = (name: string): string[] => [`https://example.com/${name}/1`, `https://example.com/${name}/2`];
  const consent = () => ({ action: 'accept' });

  it.each(LEGACY_UPSTREAMS)(
    '-32042 of $title sends a modern client to each URL, and calls again',
    async ({ name }) => {
      const talk = await stage.modernClient(name);
      const called = await callTool(talk, 'need_urls', { urls: urls(`m-${name}`) }, { answer: consent });
      expect(called.asked.map(({ params }) => [params['mode'], params['url']])).toEqual(
        urls(`m-${name}`).map((url) => ['url', url]),
      );
      expect(JSON.stringify(called.asked)).not.toContain('elicitationId');
      expect([called.rounds, textOf(called)]).toEqual([[2], 'visited']);
    },
  );

  it('-32042 sends a legacy client there too, with the ids of the server', async () => {
    const talk = await stage.sessionClient('http25');
    const called = await callTool(talk, 'need_urls', { urls: urls('l') }, { answer: consent });
    expect(called.asked.map(({ params }) => params['elicitationId'])).toEqual(['need-0', 'need-1']);
    expect(textOf(called)).toBe('visited');
  });

  it('a modern client that cannot visit URLs is told so by -32021', async () => {
    const talk = await stage.modernClient('http25', { elicitation: { form: {} } });
    const called = await callTool(talk, 'need_urls', { urls: urls('no-url') });
    expect(errorOf(called)).toMatchObject({
      code: -32_021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
  });

  it('a legacy client that cannot visit URLs gets the error as it is', async () => {
    const talk = await stage.sessionClient('http25', {});
    const called = await callTool(talk, 'need_urls', { urls: urls('old') });
    expect(errorOf(called)).toMatchObject({
      code: -32_042,
      data: { elicitations: [{ elicitationId: 'need-0' }, {}] },
    });
  });

  it('a user who does not go there ends the call', async () => {
    for (const client of ['2026-07-28', '2025-11-25']) {
      const talk = await stage.client(client, 'http25');
      const args = { urls: urls(`declined-${client}`) };
      const called = await callTool(talk, 'need_urls', args, { answer: () => ({ action: 'decline' }) });
      expect(errorOf(called)).toMatchObject({ code: -32_603 });
    }
  });
});
