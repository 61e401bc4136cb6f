import { afterEach, describe, expect, it } from 'vitest';
import { type FakeServerOptions, RpcError, type Turn } from '../../../test/support/fake-legacy-server.ts';
import { ASKABLE, bodyOf, type Sketch, sketchCall } from '../../../test/support/legacy-upstream.ts';
import { quiet } from '../../../test/support/manual-clock.ts';
import { ReplicaFleet } from '../../../test/support/replica-fleet.ts';
import type { Outcome } from '../../call.ts';
import type { LegacyConnectorOptions } from './legacy-connector.ts';

const FORM = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } };
const ACCEPT = { action: 'accept', content: { name: 'x' } };
const DECLINE = { action: 'decline' };
const ANSWERS = { 'input-1': ACCEPT };

let fleet: ReplicaFleet | undefined;
afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
});

async function start(server: FakeServerOptions, options: Partial<LegacyConnectorOptions> = {}) {
  fleet = await ReplicaFleet.start(server, options);
  return fleet;
}

/** A tool that asks for a form and gives back the answer. */
const ask = async ({ ask: put }: Turn) => ({ got: await put('elicitation/create', FORM) });
const PARAMS = { name: 'ask', arguments: { n: 1 } };

/** Sends a call to a replica; the calls of one take as long as they take. */
function send(it: ReplicaFleet, id: string, sketch: Sketch) {
  const sent = sketchCall({ capabilities: ASKABLE, ...sketch });
  const calling: Promise<Outcome | { readonly thrown: unknown }> = it
    .replica(id)
    .connector.call(sent.call, 'context')
    .catch((thrown: unknown) => ({ thrown }));
  return { ...sent, calling };
}

/** Lets what is under way happen, and questions be collected. */
async function settle(it: ReplicaFleet): Promise<void> {
  await quiet();
  await it.clock.advance(30);
  await quiet();
}

async function call(it: ReplicaFleet, id: string, sketch: Sketch) {
  const sent = send(it, id, sketch);
  await settle(it);
  const ended = await sent.calling;
  const nothing: Record<string, unknown> = {};
  if ('thrown' in ended) return { ...sent, ended, body: nothing, code: Object(ended.thrown).code };
  const code = ended.kind === 'error' ? ended.code : undefined;
  return { ...sent, ended, body: bodyOf(ended), code };
}

async function park(it: ReplicaFleet, id: string, sketch: Sketch = { params: PARAMS }) {
  const { body } = await call(it, id, sketch);
  expect(body).toMatchObject({ resultType: 'input_required' });
  return String(body['requestState']);
}

const retry = (
  requestState: string,
  inputResponses: unknown = ANSWERS,
  params: Record<string, unknown> = PARAMS,
) => ({
  params: { ...params, requestState, inputResponses },
});

const runs = (it: ReplicaFleet) => it.server.sessions.flatMap((session) => session.requests('tools/call'));
/** What the server was answered, by the ids of its questions. */
const answersIn = (it: ReplicaFleet) =>
  it.server.sessions.flatMap(({ received }) =>
    received.filter(({ id, method }) => method === undefined && String(id).startsWith('srv-')),
  );

describe('a retry at another replica than the one that holds the call', () => {
  it('goes on with the call there', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    expect((await call(it, 'b', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(runs(it)).toHaveLength(1);
  });

  it('reaches it with one read of the store at most, and writes nothing of its own', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.writes.splice(0);
    await call(it, 'b', retry(state));
    expect(it.writes).toEqual(['save sending', 'save sent']);
  });

  it('attaches to the outcome of the same answers, and is refused for others', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    const first = await call(it, 'a', retry(state));
    expect((await call(it, 'b', retry(state))).body).toEqual(first.body);
    expect((await call(it, 'c', retry(state, { 'input-1': DECLINE }))).code).toBe('STATE_INVALID');
    expect(answersIn(it)).toHaveLength(1);
  });

  it('is refused for another principal, call and time', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a', { params: PARAMS, principal: 'key:1' });
    const others: Sketch[] = [
      { ...retry(state), principal: 'key:2' },
      retry(state),
      { ...retry(state, ANSWERS, { ...PARAMS, arguments: {} }), principal: 'key:1' },
    ];
    for (const other of others) expect((await call(it, 'b', other)).code).toBe('STATE_INVALID');
    await it.clock.advance(660_000);
    expect((await call(it, 'b', { ...retry(state), principal: 'key:1' })).code).toBe('STATE_INVALID');
    expect(answersIn(it).filter(({ result }) => Object(result).action === 'accept')).toEqual([]);
  });
});

describe('a call whose replica died', () => {
  it('goes on where it was asked: on its session, without being sent again', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.kill('a');
    expect((await call(it, 'b', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(runs(it)).toHaveLength(1);
    expect(answersIn(it)).toHaveLength(1);
    await quiet();
    expect(it.server.open).toEqual([]);
  });

  it('goes on in rounds, and is taken over once more', async () => {
    const twice = async ({ ask: put }: Turn) => ({
      got: [await put('elicitation/create', FORM), await put('roots/list')],
    });
    const it = await start({ tools: { ask: twice } });
    const first = await park(it, 'a');
    it.kill('a');
    const second = await park(it, 'b', retry(first));
    it.kill('b');
    const { body } = await call(it, 'c', retry(second, { 'input-2': { roots: [] } }));
    expect(body['got']).toEqual([{ result: ACCEPT }, { result: { roots: [] } }]);
    expect(runs(it)).toHaveLength(1);
  });

  it('asks again for what a retry leaves out', async () => {
    const both = async ({ ask: put }: Turn) => ({
      got: await Promise.all([put('elicitation/create', FORM), put('roots/list')]),
    });
    const it = await start({ tools: { ask: both } });
    const first = await park(it, 'a');
    it.kill('a');
    const { body } = await call(it, 'b', retry(first));
    expect(body['inputRequests']).toEqual({ 'input-2': { method: 'roots/list' } });
  });

  it('is asked for with the same answers again: the questions of the next round come once more', async () => {
    const twice = async ({ ask: put }: Turn) => ({
      got: [await put('elicitation/create', FORM), await put('roots/list')],
    });
    const it = await start({ tools: { ask: twice } });
    const first = await park(it, 'a');
    const lost = await call(it, 'a', retry(first));
    it.kill('a');
    const again = await call(it, 'b', retry(first));
    expect(again.body['inputRequests']).toEqual(lost.body['inputRequests']);
    const state = String(again.body['requestState']);
    const { body } = await call(it, 'c', retry(state, { 'input-2': { roots: [] } }));
    expect(body['got']).toEqual([{ result: ACCEPT }, { result: { roots: [] } }]);
    expect(answersIn(it)).toHaveLength(2);
  });

  it('gets its reply that came while nobody was there', async () => {
    const parked = Promise.withResolvers<void>();
    const quick = async ({ ask: put }: Turn) => {
      void put('elicitation/create', FORM);
      await parked.promise;
      return { done: 'without' };
    };
    const it = await start({ tools: { ask: quick } });
    const state = await park(it, 'a');
    it.kill('a');
    parked.resolve();
    await quiet();
    expect((await call(it, 'b', retry(state))).body).toMatchObject({ done: 'without' });
  });

  it('is not answered a second time when answers may have been sent, and ends if nothing comes', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.replica('a').diesWith = 'save sending';
    send(it, 'a', retry(state));
    await settle(it);
    const sent = send(it, 'b', retry(state));
    await settle(it);
    expect(answersIn(it)).toEqual([]);
    await it.clock.advance(3_000);
    expect(await sent.calling).toMatchObject({ thrown: { code: 'UPSTREAM_LOST' } });
    expect(answersIn(it)).toEqual([]);
    expect((await call(it, 'c', retry(state))).code).toBe('UPSTREAM_LOST');
  });

  it('goes on when the server shows that it has the answers', async () => {
    const done = Promise.withResolvers<void>();
    const slow = async ({ ask: put, progress }: Turn) => {
      const got = await put('elicitation/create', FORM);
      progress(1);
      await done.promise;
      return { got };
    };
    const it = await start({ tools: { ask: slow } });
    const state = await park(it, 'a', { params: PARAMS, progressToken: '1' });
    it.replica('a').diesWith = 'save sent';
    send(it, 'a', retry(state));
    await settle(it);
    const again = send(it, 'b', { ...retry(state), progressToken: '"p"' });
    await settle(it);
    done.resolve();
    await settle(it);
    expect(await again.calling).toMatchObject({ kind: 'complete' });
    expect(again.told).toMatchObject([{ params: { progress: 1, progressToken: 'p' } }]);
    expect(answersIn(it)).toHaveLength(1);
  });

  it('keeps its outcome for the same answers for 60 s', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    const { body } = await call(it, 'a', retry(state));
    it.kill('a');
    expect((await call(it, 'b', retry(state))).body).toEqual(body);
    expect((await call(it, 'b', retry(state, { 'input-1': DECLINE }))).code).toBe('STATE_INVALID');
    await it.clock.advance(61_000);
    expect((await call(it, 'c', retry(state))).code).toBe('STATE_INVALID');
    expect(runs(it)).toHaveLength(1);
  });

  it('keeps an error and an error of the server likewise', async () => {
    const failing = async ({ ask: put }: Turn) => {
      await put('elicitation/create', FORM);
      return new RpcError(-32_000, 'no');
    };
    const it = await start({ tools: { ask: failing } });
    const state = await park(it, 'a');
    await call(it, 'a', retry(state));
    it.kill('a');
    expect((await call(it, 'b', retry(state))).body).toEqual({ code: -32_000, message: 'no' });
  });

  it('is refused different answers than those it got', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.replica('a').diesWith = 'save sending';
    send(it, 'a', retry(state));
    await settle(it);
    expect((await call(it, 'b', retry(state, { 'input-1': DECLINE }))).code).toBe('STATE_INVALID');
  });

  it('is taken over by one of those who want it', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.kill('a');
    it.writes.splice(0);
    const retries = ['b', 'c', 'b', 'c'].map((id) => send(it, id, retry(state)));
    await settle(it);
    await settle(it);
    for (const { calling } of retries) expect(await calling).toMatchObject({ kind: 'complete' });
    expect(answersIn(it)).toHaveLength(1);
    expect(runs(it)).toHaveLength(1);
    expect(it.writes.filter((what) => what === 'save sending')).toHaveLength(1);
  });

  it('goes on although the retry that asked for it gave up', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.kill('a');
    const gone = send(it, 'b', retry(state));
    gone.abort.abort('gone');
    expect(await gone.calling).toEqual({ thrown: 'gone' });
    await settle(it);
    expect((await call(it, 'c', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
  });
});

describe('a call whose session cannot be gone on with', () => {
  it.each<[string, FakeServerOptions, 'forgetful'?]>([
    ['since its stream has no event ids', { resumable: false }],
    ['since the server lost its events', { resumable: true }, 'forgetful'],
  ])('ends in UPSTREAM_LOST: %s', async (_, options, forgetful) => {
    const it = await start({ tools: { ask }, ...options });
    const state = await park(it, 'a');
    it.kill('a');
    for (const session of it.server.sessions) session.forgetful = forgetful !== undefined;
    expect((await call(it, 'b', retry(state))).code).toBe('UPSTREAM_LOST');
    expect((await call(it, 'c', retry(state))).code).toBe('UPSTREAM_LOST');
    expect((await call(it, 'c', retry(state, { 'input-1': DECLINE }))).code).toBe('STATE_INVALID');
    expect(runs(it)).toHaveLength(1);
  });

  it('is made again where that is safe, with the answers that it had; what is new is asked', async () => {
    let turn = 0;
    const tool = async ({ ask: put }: Turn) => {
      const first = await put('elicitation/create', { ...FORM, _meta: { n: ++turn } });
      const second = await put('roots/list');
      const third = turn > 1 ? [await put('elicitation/create', { ...FORM, message: 'New?' })] : [];
      return { got: [first, second, ...third] };
    };
    const it = await start({ tools: { ask: tool }, resumable: false }, { repeatable: () => true });
    const first = await park(it, 'a');
    const second = await park(it, 'a', retry(first));
    it.kill('a');
    const third = await call(it, 'b', retry(second, { 'input-2': { roots: [] } }));
    expect(third.body['inputRequests']).toEqual({
      'input-3': { method: 'elicitation/create', params: { ...FORM, message: 'New?' } },
    });
    const { body } = await call(it, 'c', retry(String(third.body['requestState']), { 'input-3': DECLINE }));
    expect(body['got']).toEqual([{ result: ACCEPT }, { result: { roots: [] } }, { result: DECLINE }]);
    expect(runs(it)).toHaveLength(2);
  });

  it('is made again when its answers may have been sent', async () => {
    const never = Promise.withResolvers<void>();
    let turn = 0;
    const tool = async ({ ask: put }: Turn) => {
      const got = await put('elicitation/create', FORM);
      if (++turn === 1) await never.promise;
      return { got };
    };
    const it = await start({ tools: { ask: tool }, resumable: false }, { repeatable: () => true });
    const state = await park(it, 'a');
    const lost = send(it, 'a', retry(state));
    await settle(it);
    it.kill('a');
    expect((await call(it, 'b', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(runs(it)).toHaveLength(2);
    lost.abort.abort();
  });
});

describe('a replica that the others held for dead', () => {
  it('sends nothing any more, and its retries find the call where it is now', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.fence('a');
    const first = send(it, 'b', retry(state));
    await settle(it);
    it.replica('a').alive = true;
    const second = await call(it, 'a', retry(state));
    await settle(it);
    expect(await first.calling).toMatchObject({ kind: 'complete' });
    expect(second.body).toMatchObject({ got: { result: ACCEPT } });
    expect(answersIn(it)).toHaveLength(1);
    expect(runs(it)).toHaveLength(1);
  });

  it('does not end the session when its own wait is over', async () => {
    const done = Promise.withResolvers<void>();
    const slow = async ({ ask: put }: Turn) => {
      const got = await put('elicitation/create', FORM);
      await done.promise;
      return { got };
    };
    const it = await start({ tools: { ask: slow } });
    const state = await park(it, 'a');
    it.fence('a');
    await it.clock.advance(300_000);
    const sent = send(it, 'b', retry(state));
    await settle(it);
    await it.clock.advance(310_000);
    expect(it.server.sessions[0]?.requests('notifications/cancelled')).toEqual([]);
    done.resolve();
    await settle(it);
    expect(await sent.calling).toMatchObject({ kind: 'complete' });
  });
});

describe('a replica that comes back from a pause in which its call was taken over', () => {
  /** Replica a has sent the answers, b goes on with the call, and the server works on it. */
  const takenOver = async (from: 'asked' | 'answered') => {
    const done = Promise.withResolvers<void>();
    const slow = async ({ ask: put }: Turn) => {
      const got = await put('elicitation/create', FORM);
      await done.promise;
      return { got };
    };
    const it = await start({ tools: { ask: slow } });
    const state = await park(it, 'a');
    const before = from === 'answered' ? send(it, 'a', retry(state)) : undefined;
    await settle(it);
    it.fence('a');
    const now = send(it, 'b', retry(state));
    await settle(it);
    return { it, state, before, now, done };
  };

  it('lets go of a call that waits for answers, and its session goes on', async () => {
    const { it, now, done, state } = await takenOver('asked');
    const timers = it.clock.pending;
    it.comeBack('a');
    await settle(it);
    expect(it.clock.pending).toBe(timers - 1);
    expect(it.server.sessions[0]?.state).toBe('open');
    done.resolve();
    await settle(it);
    expect(await now.calling).toMatchObject({ kind: 'complete' });
    expect((await call(it, 'a', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(answersIn(it)).toHaveLength(1);
    expect(it.server.sessions[0]?.requests('notifications/cancelled')).toEqual([]);
  });

  it('sends who waits there for the outcome to where the call is now', async () => {
    const { it, before, now, done } = await takenOver('answered');
    it.comeBack('a');
    await settle(it);
    done.resolve();
    await settle(it);
    expect(await now.calling).toMatchObject({ kind: 'complete' });
    expect(await before?.calling).toMatchObject({ kind: 'complete' });
    expect(runs(it)).toHaveLength(1);
  });

  it('does not end the session when it finds its stream broken before it hears of that', async () => {
    const { it, now, done } = await takenOver('answered');
    it.server.sessions[0]?.failFormer(String(runs(it)[0]?.['id']));
    await settle(it);
    expect(it.server.sessions[0]?.state).toBe('open');
    done.resolve();
    await settle(it);
    expect(await now.calling).toMatchObject({ kind: 'complete' });
    expect(it.server.sessions[0]?.state).toBe('closed');
  });

  it('keeps a call that nobody has taken over', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.fence('a');
    it.comeBack('a');
    await settle(it);
    expect((await call(it, 'a', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(it.writes).not.toContain('claim');
  });

  it('keeps a call of which it cannot know', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.replica('a').connected = false;
    it.comeBack('a');
    await settle(it);
    it.replica('a').connected = true;
    expect((await call(it, 'a', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
  });
});

describe('the row of a parked call', () => {
  it('is there before the client is asked, and gone 60 s after the outcome', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    expect(it.writes).toEqual(['put']);
    await call(it, 'a', retry(state));
    const row = await rowOf(it);
    await it.clock.advance(60_000);
    await quiet();
    expect(await it.store.parked.read(row.id)).toBeUndefined();
    expect(it.writes.at(-1)).toBe('delete');
  });

  it('says nothing to who cannot open it', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    await call(it, 'a', retry(state));
    const { body } = await rowOf(it);
    expect(body.toString('latin1')).not.toContain('accept');
    expect(body.toString('latin1')).toMatch(/^[\w-]+$/);
  });

  it('is written again for what the server sends while questions are collected', async () => {
    const later = Promise.withResolvers<void>();
    const both = async ({ ask: put }: Turn) => {
      const first = put('elicitation/create', FORM);
      await later.promise;
      return { got: [await put('roots/list'), await first] };
    };
    const it = await start({ tools: { ask: both } });
    const sent = send(it, 'a', { params: PARAMS });
    await quiet();
    later.resolve();
    await settle(it);
    const asked = await sent.calling;
    const state = 'thrown' in asked ? '' : String(bodyOf(asked)['requestState']);
    expect(it.writes).toEqual(['put', 'save none']);
    it.kill('a');
    const answers = { ...ANSWERS, 'input-2': { roots: [] } };
    const { body } = await call(it, 'b', retry(state, answers));
    expect(body['got']).toEqual([{ result: { roots: [] } }, { result: ACCEPT }]);
  });

  it('is not written for a call that asks nothing', async () => {
    const it = await start({ tools: { echo: () => ({}) } });
    await call(it, 'a', { params: { name: 'echo' } });
    expect(it.writes).toEqual([]);
  });

  it('cannot be written: the call ends, and the server is told', async () => {
    const it = await start({ tools: { ask } });
    it.replica('a').connected = false;
    const sent = send(it, 'a', { params: PARAMS });
    await settle(it);
    expect(await sent.calling).toMatchObject({ thrown: { code: 'STORE_UNAVAILABLE' } });
    await quiet();
    expect(answersIn(it)).toMatchObject([{ result: { action: 'cancel' } }]);
  });

  it('cannot be marked: nothing is sent, and the same retry may come again', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    it.replica('a').connected = false;
    expect((await call(it, 'a', retry(state))).code).toBe('STORE_UNAVAILABLE');
    expect(answersIn(it)).toEqual([]);
    it.replica('a').connected = true;
    expect((await call(it, 'a', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
  });

  it('is left to the others by a replica that stops', async () => {
    const it = await start({ tools: { ask } });
    const state = await park(it, 'a');
    await it.replica('a').connector.close();
    it.fence('a');
    expect(it.server.open).toHaveLength(1);
    expect((await call(it, 'b', retry(state))).body).toMatchObject({ got: { result: ACCEPT } });
    expect(runs(it)).toHaveLength(1);
  });
});

describe('a replica that stops while questions are collected', () => {
  const gone = async (it: ReplicaFleet): Promise<void> => {
    await it.replica('a').connector.close();
    await quiet();
  };

  it('leaves nothing behind of a call for which nobody can come back', async () => {
    const it = await start({ tools: { ask } });
    const sent = send(it, 'a', { params: PARAMS });
    await quiet();
    expect(it.writes).toEqual(['put']);
    await gone(it);
    expect(await sent.calling).toMatchObject({ thrown: { code: 'UPSTREAM_LOST' } });
    expect(it.server.open).toEqual([]);
    expect(it.writes).toEqual(['put', 'delete']);
    expect(it.clock.pending).toBe(0);
  });

  it('leaves a later round to the others, which ask the same', async () => {
    const twice = async ({ ask: put }: Turn) => ({
      got: [await put('elicitation/create', FORM), await put('roots/list')],
    });
    const it = await start({ tools: { ask: twice } });
    const first = await park(it, 'a');
    const sent = send(it, 'a', retry(first));
    await quiet();
    await gone(it);
    expect(await sent.calling).toMatchObject({ thrown: { code: 'UPSTREAM_LOST' } });
    it.fence('a');
    const again = await call(it, 'b', retry(first));
    const state = String(again.body['requestState']);
    const { body } = await call(it, 'c', retry(state, { 'input-2': { roots: [] } }));
    expect(body['got']).toEqual([{ result: ACCEPT }, { result: { roots: [] } }]);
    expect(runs(it)).toHaveLength(1);
  });
});

async function rowOf(it: ReplicaFleet) {
  const [id] = it.rows;
  const row = id === undefined ? undefined : await it.store.parked.read(id);
  if (row === undefined) throw new TypeError('There is no row.');
  return row;
}
