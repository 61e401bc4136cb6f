import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeServerOptions, RpcError, type Turn } from '../../../test/support/fake-legacy-server.ts';
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
import { createParkedStore } from './parked-calls.ts';

const FORM = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } };
const ACCEPT = { action: 'accept', content: { name: 'x' } };

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.connector.close();
  expect(rig?.server.open ?? []).toEqual([]);
  expect(rig?.clock.pending ?? 0).toBe(0);
  rig = undefined;
});

function start(server: FakeServerOptions, options: Parameters<typeof startRig>[1] = {}): Rig {
  rig = startRig(server, options);
  return rig;
}

/** A tool that asks for a form and gives back the answer. */
const ask = async ({ ask: put }: Turn) => ({ content: [], got: await put('elicitation/create', FORM) });

async function begin({ connector, clock }: Rig, sketch: Sketch) {
  const sent = sketchCall({ capabilities: ASKABLE, ...sketch });
  const calling = connector.call(sent.call, 'context');
  calling.catch(() => undefined);
  await quiet();
  await clock.advance(30);
  await quiet();
  return { ...sent, calling };
}

async function call(it: Rig, sketch: Sketch) {
  const sent = await begin(it, sketch);
  const outcome = await sent.calling;
  const body = bodyOf(outcome);
  return { ...sent, outcome, body, requestState: String(body['requestState']) };
}

const retry = (params: Record<string, unknown>, requestState: string, inputResponses: unknown) => ({
  params: { ...params, requestState, inputResponses },
});

describe('a call whose server asks back', () => {
  it('ends in input_required, and its retry brings the answer to the server', async () => {
    const it = start({ tools: { ask } });
    const params = { name: 'ask', arguments: { n: 1 } };
    const first = await call(it, { params });
    expect(first.outcome.kind).toBe('input_required');
    expect(first.body).toEqual({
      resultType: 'input_required',
      inputRequests: { 'input-1': { method: 'elicitation/create', params: FORM } },
      requestState: expect.stringMatching(/^[\w-]+$/),
    });
    const second = await call(
      it,
      retry(params, first.requestState, { 'input-1': { ...ACCEPT, resultType: 'x' } }),
    );
    expect(second.body).toMatchObject({ resultType: 'complete', got: { result: ACCEPT } });
    expect(second.body['got']).toEqual({ result: ACCEPT });
  });

  it('collects what is asked within 30 ms into one round', async () => {
    const many = async ({ ask: put }: Turn) => {
      const answers = await Promise.all([
        put('elicitation/create', { ...FORM, mode: 'url', url: 'https://x', elicitationId: 'e1' }),
        put('sampling/createMessage', {
          messages: [],
          includeContext: 'allServers',
          _meta: { progressToken: 1 },
        }),
        put('roots/list'),
      ]);
      return { answers };
    };
    const it = start({ tools: { many } });
    const first = await call(it, { params: { name: 'many' } });
    expect(first.body['inputRequests']).toEqual({
      'input-1': { method: 'elicitation/create', params: { ...FORM, mode: 'url', url: 'https://x' } },
      'input-2': { method: 'sampling/createMessage', params: { messages: [], includeContext: 'none' } },
      'input-3': { method: 'roots/list' },
    });
    expect(first.outcome.kind === 'input_required' && first.outcome.legacy?.elicitationIds).toEqual(
      new Map([['input-1', 'e1']]),
    );
    const answers = {
      'input-1': { action: 'accept' },
      'input-2': { role: 'assistant' },
      'input-3': { roots: [] },
    };
    const second = await call(it, retry({ name: 'many' }, first.requestState, answers));
    expect(second.body['answers']).toEqual(Object.values(answers).map((result) => ({ result })));
  });

  it('goes on in rounds, and asks again for what a retry leaves out', async () => {
    const twice = async ({ ask: put }: Turn) => {
      const both = await Promise.all([put('elicitation/create', FORM), put('roots/list')]);
      return { all: [...both, await put('roots/list')] };
    };
    const it = start({ tools: { twice } });
    const params = { name: 'twice' };
    const one = await call(it, { params });
    const two = await call(it, retry(params, one.requestState, { 'input-1': ACCEPT, 'input-9': {} }));
    expect(Object.keys(two.body['inputRequests'] as object)).toEqual(['input-2']);
    const three = await call(it, retry(params, two.requestState, { 'input-2': { roots: [] } }));
    expect(Object.keys(three.body['inputRequests'] as object)).toEqual(['input-3']);
    const four = await call(it, retry(params, three.requestState, { 'input-3': { roots: [] } }));
    expect(four.body['all']).toEqual([
      { result: ACCEPT },
      { result: { roots: [] } },
      { result: { roots: [] } },
    ]);
  });

  it('is told by its stream, or by being the only one, which question it is', async () => {
    const elsewhere = async ({ ask: put }: Turn) => ({
      got: await put('roots/list', undefined, 'elsewhere'),
    });
    for (const tellsRequests of [true, false]) {
      const it = start({ tools: { elsewhere }, tellsRequests });
      const first = await call(it, { params: { name: 'elsewhere' } });
      expect(first.outcome.kind).toBe('input_required');
      await it.connector.close();
    }
  });

  it('has the next session made ready meanwhile, unless that could ask for roots at once', async () => {
    const it = start({ tools: { ask } }, { keepsSpare: true });
    const params = { name: 'ask' };
    const capabilities = { elicitation: {} };
    const first = await call(it, { params, capabilities });
    expect(it.server.sessions).toHaveLength(2);
    await call(it, { ...retry(params, first.requestState, { 'input-1': ACCEPT }), capabilities });
    expect(it.server.open).toHaveLength(1);
    await call(it, { params, capabilities });
    expect(it.server.sessions[1]?.requests('tools/call')).toHaveLength(1);
    expect(it.server.sessions).toHaveLength(3);
    await call(it, { params });
    expect(it.server.sessions).toHaveLength(4);
  });

  it('takes the roots that are asked right after initialized for the call that opened the session', async () => {
    const it = start({ tools: { ask }, onInitialized: (session) => void session.ask('roots/list') });
    const first = await call(it, { params: { name: 'ask' } });
    expect(Object.values(first.body['inputRequests'] as object)).toEqual([
      { method: 'roots/list' },
      { method: 'elicitation/create', params: FORM },
    ]);
  });

  it('delivers notifications of the parked time to the retry, under its token', async () => {
    const parked = Promise.withResolvers<void>();
    const chatty = async ({ ask: put, progress }: Turn) => {
      progress(1);
      const answer = put('elicitation/create', FORM);
      await parked.promise;
      progress(2);
      await answer;
      progress(3);
      return {};
    };
    const it = start({ tools: { chatty } });
    const first = await call(it, { params: { name: 'chatty' }, progressToken: '"a"' });
    parked.resolve();
    await quiet();
    const again = retry({ name: 'chatty' }, first.requestState, { 'input-1': ACCEPT });
    const second = await call(it, { ...again, progressToken: '2' });
    const seen = [first, second].map(({ told }) => told.map(({ params }) => params));
    expect(seen).toEqual([
      [{ progressToken: 'a', progress: 1 }],
      [
        { progressToken: 2, progress: 2 },
        { progressToken: 2, progress: 3 },
      ],
    ]);
  });

  it('gives its session to one call at a time, and to nobody else once it was answered', async () => {
    const it = start({ tools: { ask, echo: () => ({}) } });
    const [one, two] = await Promise.all([1, 2].map(() => call(it, { params: { name: 'ask' } })));
    expect(it.server.sessions).toHaveLength(2);
    await call(it, retry({ name: 'ask' }, one?.requestState ?? '', { 'input-1': ACCEPT }));
    await call(it, retry({ name: 'ask' }, two?.requestState ?? '', { 'input-1': ACCEPT }));
    expect(it.server.open).toEqual([]);
    await call(it, { params: { name: 'echo' } });
    await call(it, { params: { name: 'echo' } });
    expect(it.server.open).toHaveLength(1);
  });

  it('hands refusals of legacy clients on as they are', async () => {
    const it = start({ tools: { ask } });
    const session = sketchSession();
    const first = await call(it, { params: { name: 'ask' }, session });
    const second = await call(it, {
      ...retry({ name: 'ask' }, first.requestState, {}),
      session,
      refusals: { 'input-1': { code: -1, message: 'no', data: 3 } },
    });
    expect(second.body['got']).toEqual({ error: { code: -1, message: 'no', data: 3 } });
  });
});

describe('what the caller does not declare', () => {
  const stubborn = async ({ ask: put }: Turn) => {
    const answer = await put('sampling/createMessage', { messages: [], tools: [] });
    return 'error' in answer ? new RpcError(-32000, 'cannot') : {};
  };

  it('is not asked: a modern call that fails for it ends in -32021 with what is required', async () => {
    const it = start({ tools: { stubborn } });
    const { body } = await call(it, { params: { name: 'stubborn' }, capabilities: { sampling: {} } });
    expect(body).toMatchObject({ code: -32021, data: { requiredCapabilities: { sampling: { tools: {} } } } });
  });

  it('does not end a call that does without', async () => {
    const easy = async ({ ask: put }: Turn) => ({ got: await put('roots/list') });
    const it = start({ tools: { easy } });
    const { body } = await call(it, { params: { name: 'easy' }, capabilities: { elicitation: {} } });
    expect(body).toMatchObject({ resultType: 'complete', got: { error: { code: -32601 } } });
  });

  it('gives a legacy client the answer that the server gave', async () => {
    const it = start({ tools: { stubborn } });
    const session = sketchSession();
    const { body } = await call(it, {
      params: { name: 'stubborn' },
      capabilities: { sampling: {} },
      session,
    });
    expect(body).toEqual({ code: -32000, message: 'cannot' });
  });

  it('is asked for by no retry either', async () => {
    const both = async ({ ask: put }: Turn) => {
      await put('elicitation/create', FORM);
      const got = await put('roots/list');
      return 'error' in got ? { isError: true } : {};
    };
    const it = start({ tools: { both } });
    const first = await call(it, { params: { name: 'both' } });
    const again = retry({ name: 'both' }, first.requestState, { 'input-1': ACCEPT });
    const second = await call(it, { ...again, capabilities: { elicitation: {} } });
    expect(second.body).toMatchObject({ code: -32021, data: { requiredCapabilities: { roots: {} } } });
  });
});

describe('error -32042', () => {
  const data = { elicitations: [{ mode: 'url', elicitationId: 'e', url: 'https://x', message: 'Sign in' }] };
  const tools = { url: () => new RpcError(-32042, 'open it', data) };

  it('asks for the URLs and parks nothing: the retry calls again', async () => {
    const it = start({ tools });
    const first = await call(it, { params: { name: 'url' } });
    const params = { mode: 'url', url: 'https://x', message: 'Sign in' };
    expect(first.body).toEqual({
      resultType: 'input_required',
      inputRequests: { 'url-1': { method: 'elicitation/create', params } },
    });
    await call(it, { params: { name: 'url', inputResponses: { 'url-1': { action: 'accept' } } } });
    expect(it.server.sessions.flatMap((session) => session.requests('tools/call'))).toHaveLength(2);
  });

  it('ends the call when the user would not open one', async () => {
    const it = start({ tools });
    const { body } = await call(it, {
      params: { name: 'url', inputResponses: { 'url-1': { action: 'decline' } } },
    });
    expect(body).toMatchObject({ code: -32603 });
  });

  it('needs the capability, and reaches legacy clients without it as it is', async () => {
    const it = start({ tools });
    const modern = await call(it, { params: { name: 'url' }, capabilities: {} });
    expect(modern.body).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
    const legacy = await call(it, { params: { name: 'url' }, capabilities: {}, session: sketchSession() });
    expect(legacy.body).toEqual({ code: -32042, message: 'open it', data });
  });
});

describe('the state', () => {
  const params = { name: 'ask', arguments: { n: 1 } };
  const answers = { 'input-1': ACCEPT };

  it.each<[string, Sketch]>([
    ['other arguments', { params: { ...params, arguments: { n: 2 } } }],
    ['another tool', { params: { ...params, name: 'other' } }],
    ['another method', { method: 'prompts/get', params }],
    ['a session', { params, session: sketchSession() }],
  ])('is refused for %s', async (_, other) => {
    const it = start({ tools: { ask } });
    const first = await call(it, { params });
    const sketch = {
      ...other,
      params: { ...other.params, requestState: first.requestState, inputResponses: answers },
    };
    expect((await call(it, sketch)).outcome).toMatchObject({ code: 'STATE_INVALID' });
    expect((await call(it, retry(params, first.requestState, answers))).outcome.kind).toBe('complete');
  });

  it('is refused in another context, when it was changed, and when it is no text', async () => {
    const it = start({ tools: { ask } });
    const { requestState } = await call(it, { params });
    const { call: retried } = sketchCall({ capabilities: ASKABLE, ...retry(params, requestState, answers) });
    expect(await it.connector.call(retried, 'another')).toMatchObject({ code: 'STATE_INVALID' });
    const changed = `${requestState.slice(0, -1)}${requestState.endsWith('A') ? 'B' : 'A'}`;
    expect((await call(it, retry(params, changed, answers))).outcome).toMatchObject({
      code: 'STATE_INVALID',
    });
    expect((await call(it, { params: { ...params, requestState: 7 } })).outcome).toMatchObject({
      code: 'STATE_INVALID',
    });
  });

  it('attaches the same answers to the same outcome for 60 s, and refuses different ones', async () => {
    const it = start({ tools: { ask } });
    const { requestState } = await call(it, { params });
    const reordered = { arguments: { n: 1 }, name: 'ask' };
    const [one, two] = await Promise.all([
      call(it, retry(params, requestState, answers)),
      call(it, retry(reordered, requestState, answers)),
    ]);
    expect(one.body).toEqual(two.body);
    await it.clock.advance(59_000);
    expect((await call(it, retry(params, requestState, answers))).body).toEqual(one.body);
    const different = retry(params, requestState, { 'input-1': { action: 'decline' } });
    expect((await call(it, different)).outcome).toMatchObject({ code: 'STATE_INVALID' });
    await it.clock.advance(2_000);
    expect((await call(it, retry(params, requestState, answers))).outcome).toMatchObject({
      code: 'STATE_INVALID',
    });
    expect(it.server.sessions.flatMap((session) => session.requests('tools/call'))).toHaveLength(1);
  });

  it('refuses answers that are no objects, and leaves the call parked', async () => {
    const it = start({ tools: { ask } });
    const { requestState } = await call(it, { params });
    for (const bad of [7, [], { 'input-1': 'yes' }])
      expect((await call(it, retry(params, requestState, bad))).outcome).toMatchObject({
        code: 'INVALID_PARAMS',
      });
    expect((await call(it, retry(params, requestState, answers))).outcome.kind).toBe('complete');
  });
});

describe('a parked call that nobody answers', () => {
  it('ends: the server gets a cancel, -1 or -32603, and a cancellation', async () => {
    const answers: unknown[] = [];
    const many = async ({ ask: put }: Turn) => {
      answers.push(
        ...(await Promise.all([
          put('elicitation/create', FORM),
          put('sampling/createMessage', { messages: [] }),
          put('roots/list'),
        ])),
      );
      return {};
    };
    const it = start({ tools: { many } });
    const params = { name: 'many' };
    const { requestState } = await call(it, { params });
    const [session] = it.server.sessions;
    await it.clock.advance(600_000);
    await quiet();
    expect(answers).toMatchObject([
      { result: { action: 'cancel' } },
      { error: { code: -1 } },
      { error: { code: -32603 } },
    ]);
    expect(session?.requests('notifications/cancelled')).toHaveLength(1);
    expect(it.server.open).toEqual([]);
    expect((await call(it, retry(params, requestState, {}))).outcome).toMatchObject({
      code: 'STATE_INVALID',
    });
  });

  it('is not begun when there is no room', async () => {
    const it = start({ tools: { ask } }, { parked: createParkedStore(1) });
    await call(it, { params: { name: 'ask' } });
    expect((await call(it, { params: { name: 'ask' } })).outcome).toMatchObject({ code: 'INPUT_NOT_GIVEN' });
  });

  it('gives an outcome that came meanwhile to its retry', async () => {
    const parked = Promise.withResolvers<void>();
    const quick = async ({ ask: put }: Turn) => {
      void put('elicitation/create', FORM);
      await parked.promise;
      return { done: 'without' };
    };
    const it = start({ tools: { quick } });
    const { requestState } = await call(it, { params: { name: 'quick' } });
    parked.resolve();
    await quiet();
    const again = await call(it, retry({ name: 'quick' }, requestState, { 'input-1': ACCEPT }));
    expect(again.body).toMatchObject({ done: 'without' });
  });
});

describe('a retry that the client cuts off', () => {
  const slow = async ({ ask: put, cancelled, session }: Turn) => {
    await put('elicitation/create', FORM);
    await new Promise((resolve) => cancelled.addEventListener('abort', resolve));
    session.received.push({ seen: 'cancelled' });
    return {};
  };

  it('cancels the call at the server, unless another one still waits', async () => {
    const it = start({ tools: { slow } });
    const first = await call(it, { params: { name: 'slow' } });
    const again = retry({ name: 'slow' }, first.requestState, { 'input-1': ACCEPT });
    const [one, two] = [await begin(it, again), await begin(it, again)];
    two.abort.abort('two');
    await expect(two.calling).rejects.toBe('two');
    expect(it.server.sessions[0]?.requests('notifications/cancelled')).toHaveLength(0);
    one.abort.abort('one');
    await expect(one.calling).rejects.toBe('one');
    await quiet();
    expect(it.server.sessions[0]?.received.at(-1)).toEqual({ seen: 'cancelled' });
  });

  it('cancels too if it was cut off before it came', async () => {
    const it = start({ tools: { ask } });
    const first = await call(it, { params: { name: 'ask' } });
    const sent = sketchCall({ capabilities: ASKABLE, ...retry({ name: 'ask' }, first.requestState, {}) });
    sent.abort.abort('early');
    await expect(it.connector.call(sent.call, 'context')).rejects.toBe('early');
    await quiet();
    expect(it.server.sessions[0]?.requests('notifications/cancelled')).toHaveLength(1);
  });
});

describe('a question that the server takes back', () => {
  /** A tool that asks, takes the question back when it is told to, and ends when it is told to. */
  function fickle() {
    const [takeBack, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const tool = async ({ ask: put, session }: Turn) => {
      void put('elicitation/create', FORM);
      await takeBack.promise;
      session.push({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'srv-1' } });
      await end.promise;
      return { done: true };
    };
    return { tool, takeBack, end };
  }

  it('is not asked if it was still being collected', async () => {
    const { tool, takeBack, end } = fickle();
    const it = start({ tools: { tool } });
    const sent = sketchCall({ params: { name: 'tool' }, capabilities: ASKABLE });
    const calling = it.connector.call(sent.call, 'context');
    await quiet();
    takeBack.resolve();
    await quiet();
    await it.clock.advance(30);
    end.resolve();
    expect(bodyOf(await calling)).toMatchObject({ done: true });
  });

  it('is reported by its key, and an answer to it is ignored', async () => {
    const { tool, takeBack, end } = fickle();
    const it = start({ tools: { tool } });
    const first = await call(it, { params: { name: 'tool' } });
    const withdrawn: string[] = [];
    if (first.outcome.kind === 'input_required')
      first.outcome.legacy?.onWithdrawn((key) => withdrawn.push(key));
    takeBack.resolve();
    await quiet();
    expect(withdrawn).toEqual(['input-1']);
    const again = await begin(it, retry({ name: 'tool' }, first.requestState, { 'input-1': ACCEPT }));
    end.resolve();
    expect(bodyOf(await again.calling)).toMatchObject({ done: true });
    const sent = it.server.sessions[0]?.received.filter((message) => message['id'] === 'srv-1');
    expect(sent).toEqual([]);
  });
});

describe('the end of what a parked call hangs on', () => {
  it.each(['session', 'connector'] as const)('ends it: %s', async (what) => {
    const it = start({ tools: { ask } });
    const session = sketchSession();
    const { requestState } = await call(it, { params: { name: 'ask' }, session });
    if (what === 'session') session.end();
    else await it.connector.close();
    await quiet();
    expect(it.server.open).toEqual([]);
    const again = sketchCall({ capabilities: ASKABLE, session, ...retry({ name: 'ask' }, requestState, {}) });
    const ending = it.connector.call(again.call, 'context');
    if (what === 'session') await expect(ending).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    else expect(await ending).toMatchObject({ code: 'STATE_INVALID' });
  });
});

describe('any order of events', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('answer' as const),
      keys: fc.array(fc.constantFrom(1, 2, 3, 4), { maxLength: 3 }),
    }),
    fc.record({ do: fc.constant('again' as const) }),
    fc.record({ do: fc.constant('cut off' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 40, 61_000, 600_000) }),
    fc.record({ do: fc.constant('old state' as const) }),
  );

  it('leaves every call with one end, every question with at most one answer, and nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.integer({ min: 0, max: 3 }),
        async (steps, questions) => {
          const tool = async ({ ask: put }: Turn) => {
            const got: unknown[] = [];
            for (let n = 0; n < questions; n++)
              got.push(...(await Promise.all([put('elicitation/create', FORM), put('roots/list')])));
            return { got };
          };
          const it = startRig({ tools: { tool } });
          const params = { name: 'tool' };
          let latest = await call(it, { params });
          const states: string[] = [latest.requestState];
          let last: Sketch = { params };
          for (const now of steps) {
            if (now.do === 'wait') await it.clock.advance(now.ms);
            const state = now.do === 'old state' ? (states[0] ?? '') : (states.at(-1) ?? '');
            const keys = now.do === 'answer' ? now.keys : [1, 2];
            const responses = Object.fromEntries(keys.map((key) => [`input-${key}`, ACCEPT]));
            if (now.do !== 'again' && now.do !== 'wait') last = retry(params, state, responses);
            if (now.do === 'wait' || last.params?.['requestState'] === undefined) continue;
            const sent = await begin(it, last);
            if (now.do === 'cut off') sent.abort.abort('cut');
            const outcome = await sent.calling.catch(() => undefined);
            if (outcome?.kind === 'input_required') {
              latest = { ...sent, outcome, body: bodyOf(outcome), requestState: '' };
              states.push(String(latest.body['requestState']));
            }
          }
          for (const session of it.server.sessions) {
            const ids = session.received
              .filter(({ id }) => String(id).startsWith('srv-'))
              .map(({ id }) => id);
            expect(new Set(ids).size).toBe(ids.length);
          }
          await it.connector.close();
          await quiet();
          expect(it.clock.pending).toBe(0);
          expect(it.server.open).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
