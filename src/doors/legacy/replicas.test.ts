import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { EventReader } from '../../../test/support/event-reader.ts';
import {
  complete,
  type DoorTestOptions,
  type DoorUnderTest,
  openSession,
  postRaw,
  type RawSession,
  type Script,
  startLegacyDoor,
} from '../../../test/support/legacy-door.ts';
import {
  openTestReplicas,
  type TestReplica,
  type TestReplicas,
} from '../../../test/support/test-replicas.ts';
import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { createSeal } from '../../lib/seal.ts';

interface Running {
  readonly door: DoorUnderTest;
  readonly replica: TestReplica;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Doors of two replicas over one store, and what their inside does. */
async function start(scripts: Script | readonly [Script, Script], options: DoorTestOptions = {}) {
  const replicas = await openTestReplicas();
  ends.push(() => replicas.close());
  const seal = createSeal(randomBytes(32));
  const open = async (id: string, script: Script): Promise<Running> => {
    const replica = await replicas.join(id);
    const door = await startLegacyDoor({ ...options, replica, seal, script });
    ends.push(() => door.close());
    return { door, replica };
  };
  const [one, two] = typeof scripts === 'function' ? [scripts, scripts] : scripts;
  return { replicas, a: await open('a', one), b: await open('b', two), open };
}

const request = (id: unknown, method: string, params?: object) => ({ jsonrpc: '2.0', id, method, params });
const notification = (method: string, params?: object) => ({ jsonrpc: '2.0', method, params });
const callTool = (id: unknown) => request(id, 'tools/call', { name: 't', arguments: {} });

function notify(call: Call, method: string, params: object): Promise<void> | undefined {
  return call.notify(JsonText.of({ jsonrpc: '2.0', method, params }));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function ask(...keys: string[]): Outcome {
  const form = {
    method: 'elicitation/create',
    params: { mode: 'form', message: 'n?', requestedSchema: { type: 'object', properties: {} } },
  };
  const inputRequests = Object.fromEntries(keys.map((key) => [key, form]));
  const result = JsonText.of({ resultType: 'input_required', inputRequests, requestState: 'state' });
  return { kind: 'input_required', result, legacy: undefined };
}

/** Asks once, and says which replica went on and with what. */
const asking =
  (name: string, ...keys: string[]): Script =>
  (call) => {
    const responses = call.message.at('params', 'inputResponses');
    if (responses === undefined) return ask(...keys);
    return complete({
      content: [],
      structuredContent: { by: name, again: call.legacy?.again, responses: responses.value() },
    });
  };

/** The same session as another replica sees it. */
function at({ door }: Running, { id }: RawSession) {
  const own = { 'mcp-session-id': id };
  return {
    post: (message: unknown, headers = {}) => postRaw(door.url, message, { ...own, ...headers }),
    get: (headers = {}) => fetch(door.url, { headers: { accept: 'text/event-stream', ...own, ...headers } }),
    delete: () => fetch(door.url, { method: 'DELETE', headers: own }),
  };
}

const open = ({ door }: Running) => openSession(door.url, '2025-11-25', { elicitation: {}, sampling: {} });
const accept = (question: Record<string, unknown> | undefined, n: number) => ({
  jsonrpc: '2.0',
  id: question?.['id'],
  result: { action: 'accept', content: { n } },
});
const resumeAt = async (where: Running, session: RawSession, last: string | undefined) =>
  new EventReader(await at(where, session).get({ 'last-event-id': last ?? '' }));

function writes({ calls }: TestReplicas): string[] {
  return calls.filter((call) => !/read|renew|since|collect|orphans/.test(call));
}

/** Counts the streams that end together with their last events. */
function countEnds({ store: { streams } }: TestReplicas): () => number {
  const { append } = streams;
  let count = 0;
  const counting: typeof append = (key, by, added) => {
    if (added.ends === true) count++;
    return append(key, by, added);
  };
  Object.assign(streams, { append: counting });
  return () => count;
}

/** Until the function that comes back runs, nothing of streams is kept: as a store that is gone for long. */
function keepNothing({ store: { streams } }: TestReplicas): () => void {
  const { open, append, saveWork, finish } = streams;
  const refuse = () => Promise.reject(new GatewardError('INTERNAL_ERROR'));
  Object.assign(streams, { open: refuse, append: refuse, saveWork: refuse, finish: refuse });
  return () => Object.assign(streams, { open, append, saveWork, finish });
}

describe('a session at two replicas', () => {
  it('writes nothing for calls that are answered at once, wherever they go', async () => {
    const { replicas, a, b } = await start(() => complete({ content: [] }));
    const session = await open(a);
    for (const where of [a, b, a, b]) {
      const response = await at(where, session).post(callTool(1));
      expect(await response.json()).toMatchObject({ id: 1, result: { content: [] } });
    }
    expect(writes(replicas)).toEqual([]);
    expect(replicas.calls.filter((call) => call === 'sessions.read')).toHaveLength(1);
  });

  it('takes the answer at the other one', async () => {
    const { a, b } = await start([asking('a', 'x', 'y'), asking('b')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const [first, second] = [await reader.message(), await reader.message()];
    expect(first?.message).toMatchObject({ method: 'elicitation/create' });
    expect((await at(b, session).post(accept(first?.message, 1))).status).toBe(202);
    // The first answer counts.
    expect((await at(b, session).post(accept(first?.message, 9))).status).toBe(202);
    expect((await session.post(accept(first?.message, 8))).status).toBe(202);
    expect((await session.post(accept(second?.message, 2))).status).toBe(202);
    expect(await reader.rest()).toMatchObject([
      {
        id: 1,
        result: {
          structuredContent: {
            by: 'a',
            again: false,
            responses: { x: { content: { n: 1 } }, y: { content: { n: 2 } } },
          },
        },
      },
    ]);
  });

  it('gets answers that nobody was told of', async () => {
    const { replicas, a, b } = await start([asking('a', 'x'), asking('b')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    replicas.deaf = true;
    await at(b, session).post(accept(question?.message, 1));
    expect(await reader.rest()).toMatchObject([{ result: { structuredContent: { by: 'a' } } }]);
  });

  it('resumes at the other one, and hears there what follows', async () => {
    const gate = Promise.withResolvers<void>();
    const { a, b } = await start(async (call) => {
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 2 });
      await gate.promise;
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 3 });
      return complete({ content: [] });
    });
    const session = await open(a);
    const broken = new EventReader(await session.post(callTool(1)));
    const last = await broken.message();
    await broken.close();
    const resumed = await resumeAt(b, session, last?.id);
    expect((await resumed.message())?.message).toMatchObject({ params: { progress: 2 } });
    gate.resolve();
    expect(await resumed.rest()).toMatchObject([{ params: { progress: 3 } }, { id: 1 }]);
    const again = await resumeAt(b, session, last?.id);
    expect(await again.rest()).toHaveLength(3);
  });

  it('goes on where the client came back last', async () => {
    const gate = Promise.withResolvers<void>();
    const {
      a,
      b,
      open: openReplica,
    } = await start(async (call) => {
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
      await gate.promise;
      return complete({ content: [] });
    });
    const c = await openReplica('c', () => complete({}));
    const session = await open(a);
    const first = new EventReader(await session.post(callTool(1)));
    const last = await first.message();
    const second = await resumeAt(b, session, last?.id);
    expect(await first.rest()).toEqual([]);
    const third = await resumeAt(c, session, last?.id);
    expect(await second.rest()).toEqual([]);
    const fourth = await resumeAt(a, session, last?.id);
    expect(await third.rest()).toEqual([]);
    gate.resolve();
    expect(await fourth.rest()).toMatchObject([{ id: 1 }]);
  });

  it('ends everywhere by DELETE at any', async () => {
    const { a, b } = await start(() => new Promise<Outcome>(() => undefined));
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const primed = await reader.next();
    expect((await at(b, session).delete()).status).toBe(200);
    expect((await reader.rest()).length).toBeLessThanOrEqual(1);
    expect((await session.post(request(2, 'ping'))).status).toBe(404);
    expect((await at(b, session).get({ 'last-event-id': primed?.id ?? '' })).status).toBe(404);
  });

  it('is cancelled from the other one, with a stream or before it has one', async () => {
    const aborted: string[] = [];
    const { a, b } = await start(
      (call) =>
        new Promise((resolve) => {
          call.signal.addEventListener('abort', () => {
            aborted.push(call.id);
            resolve(complete({}));
          });
        }),
    );
    const session = await open(a);
    const slow = new EventReader(await session.post(callTool(1)));
    await slow.next();
    const early = session.post(callTool(2));
    await sleep(30);
    for (const requestId of [1, 2, 3])
      expect((await at(b, session).post(notification('notifications/cancelled', { requestId }))).status).toBe(
        202,
      );
    expect(await slow.rest()).toEqual([]);
    expect(await new EventReader(await early).rest()).toEqual([]);
    expect(aborted.sort()).toEqual(['1', '2']);
  });

  it('tells both that the roots changed', async () => {
    const heard: string[] = [];
    const listen =
      (name: string): Script =>
      (call) => {
        const session = call.legacy?.session;
        if (session !== undefined) session.onRootsChanged?.(() => heard.push(name), session.ended);
        return complete({});
      };
    const { a, b } = await start([listen('a'), listen('b')]);
    const session = await openSession(a.door.url, '2025-11-25', { roots: { listChanged: true } });
    await session.post(callTool(1));
    await at(b, session).post(callTool(2));
    await session.post(notification('notifications/roots/list_changed'));
    await sleep(20);
    expect(heard.sort()).toEqual(['a', 'b']);
  });

  it('is unavailable and not unknown while the store is gone', async () => {
    const { replicas, a, b } = await start(() => complete({}));
    const session = await open(a);
    replicas.broken = true;
    const response = await at(b, session).post(request(1, 'ping'));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 1019 } });
    replicas.broken = false;
    expect((await at(b, session).post(request(1, 'ping'))).status).toBe(200);
  });

  it.each(['a', 'b'] as const)('takes the answer to a question that could not be kept at %s', async (at_) => {
    const { replicas, ...both } = await start([asking('a', 'x'), asking('b')]);
    const session = await open(both.a);
    const keep = keepNothing(replicas);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    keep();
    const where = at(both[at_], session);
    expect((await where.post(accept(question?.message, 1))).status).toBe(202);
    expect(await reader.rest()).toMatchObject([
      {
        id: 1,
        result: { structuredContent: { by: 'a', responses: { x: { content: { n: 1 } } } } },
      },
    ]);
  });

  it('ends at the other one although its end could not be kept', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { a, b, replicas } = await start(async (call) => {
      if (++runs > 1) return complete({ structuredContent: { again: call.legacy?.again } });
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
      await gate.promise;
      return complete({ content: [] });
    });
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const last = await reader.message();
    await reader.close();
    const keep = keepNothing(replicas);
    gate.resolve();
    await sleep(50);
    keep();
    const resumed = await resumeAt(b, session, last?.id);
    // What it was answered was not kept either.
    expect(await resumed.rest()).toMatchObject([{ id: 1, result: { structuredContent: { again: true } } }]);
  });

  it('gets the answer at the other one although only that could be kept, and not the end', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { a, b, replicas } = await start(async (call) => {
      runs++;
      await notify(call, 'notifications/progress', { progressToken: 1, progress: 1 });
      await gate.promise;
      return complete({ content: [] });
    });
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const last = await reader.message();
    await reader.close();
    const { streams } = replicas.store;
    const { append } = streams;
    const keep = keepNothing(replicas);
    const halfway: typeof append = async (key, by, added) => {
      await append(key, by, { ...added, ends: false });
      throw new GatewardError('INTERNAL_ERROR');
    };
    Object.assign(streams, { append: halfway });
    gate.resolve();
    await sleep(50);
    keep();
    const resumed = await resumeAt(b, session, last?.id);
    expect(await resumed.rest()).toMatchObject([{ id: 1, result: { content: [] } }]);
    expect(runs).toBe(1);
  });

  it('does not answer a question whose id it did not give', async () => {
    const { a, b } = await start([asking('a', 'x'), asking('b')]);
    const [session, stranger] = [await open(a), await open(b)];
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    expect((await stranger.post(accept(question?.message, 7))).status).toBe(202);
    expect((await stranger.post({ jsonrpc: '2.0', id: 'ask-1', result: {} })).status).toBe(202);
    await at(b, session).post(accept(question?.message, 1));
    expect(await reader.rest()).toMatchObject([
      { result: { structuredContent: { responses: { x: { content: { n: 1 } } } } } },
    ]);
  });
});

describe('the own stream of a session', () => {
  const greeting = (text: string) =>
    JsonText.of(notification('notifications/message', { level: 'error', data: text }));
  const unboundQuestion = JsonText.of(
    request('q', 'elicitation/create', {
      message: 'n?',
      requestedSchema: { type: 'object', properties: {} },
    }),
  );
  /** Opened at its replica, and known to the other one. */
  const ownStream = async (session: RawSession) => {
    const own = new EventReader(await session.get());
    await own.next();
    await sleep(20);
    return own;
  };

  it('carries what belongs to no call from the other replica', async () => {
    const answers: unknown[] = [];
    const { a, b } = await start(async (call) => {
      const session = call.legacy?.session;
      await session?.unbound(greeting('hello'));
      answers.push((await session?.unbound(unboundQuestion))?.value());
      return complete({});
    });
    const session = await open(a);
    const own = await ownStream(session);
    const called = at(b, session).post(callTool(1));
    expect((await own.message())?.message).toMatchObject({ params: { data: 'hello' } });
    const question = await own.message();
    expect(question?.message).toMatchObject({ method: 'elicitation/create' });
    await session.post(accept(question?.message, 5));
    await called;
    expect(answers).toMatchObject([{ id: 'q', result: { content: { n: 5 } } }]);
  });

  it('is known to a replica that comes later', async () => {
    const { a, b, open: openReplica } = await start(() => complete({}));
    b.replica.die();
    const session = await open(a);
    const own = new EventReader(await session.get());
    await own.next();
    const c = await openReplica('c', async (call) => {
      await call.legacy?.session.unbound(greeting('hello'));
      return complete({});
    });
    await sleep(250);
    await at(c, session).post(callTool(1));
    expect((await own.message())?.message).toMatchObject({ params: { data: 'hello' } });
  });

  it('is known to be closed', async () => {
    const answers: unknown[] = [];
    const { a, b } = await start(async (call) => {
      answers.push((await call.legacy?.session.unbound(unboundQuestion))?.value());
      return complete({});
    });
    const session = await open(a);
    const own = await ownStream(session);
    await own.close();
    await sleep(20);
    await at(b, session).post(callTool(1));
    expect(answers).toMatchObject([{ id: 'q', error: { code: -32603 } }]);
  });

  it('hears of what was subscribed to at the other one, before that is answered', async () => {
    const { a, b } = await start(() => complete({}));
    const session = await open(a);
    const own = await ownStream(session);
    const subscribed = await at(b, session).post(request(1, 'resources/subscribe', { uri: 'x:1' }));
    expect(await subscribed.json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    const [listen] = [...a.door.listens];
    expect(listen?.filter['resourceSubscriptions']).toEqual(['x:1']);
    listen?.send('notifications/resources/updated', { uri: 'x:1' });
    expect((await own.message())?.message).toMatchObject({ params: { uri: 'x:1' } });
    await at(b, session).post(request(2, 'resources/unsubscribe', { uri: 'x:1' }));
    expect([...a.door.listens][0]?.filter['resourceSubscriptions']).toBeUndefined();
  });

  it('is the newest one, and an older one when that is gone', async () => {
    const { a, b } = await start(() => complete({}));
    const session = await open(a);
    const older = await ownStream(session);
    const newer = new EventReader(await at(b, session).get());
    await newer.next();
    await sleep(30);
    expect([a.door.listens.size, b.door.listens.size]).toEqual([0, 1]);
    for (const listen of b.door.listens) listen.send('notifications/tools/list_changed');
    expect((await newer.message())?.data).toContain('tools');
    await newer.close();
    expect((await older.message())?.data).toContain('tools/list_changed');
    expect([a.door.listens.size, b.door.listens.size]).toEqual([1, 0]);
  });

  it('is found again when its replica dies', async () => {
    const { a, b } = await start(() => complete({}));
    const session = await open(a);
    const older = await ownStream(session);
    const newer = new EventReader(await at(b, session).get());
    await newer.next();
    await sleep(30);
    b.replica.die();
    expect((await older.message())?.data).toContain('tools/list_changed');
    expect(a.door.listens.size).toBe(1);
  });
});

describe('a replica that dies', () => {
  it('leaves its question to whoever gets the answer', async () => {
    const { a, b } = await start([asking('a', 'x'), asking('b', 'x')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    a.replica.die();
    expect((await at(b, session).post(accept(question?.message, 1))).status).toBe(202);
    const resumed = await resumeAt(b, session, question?.id);
    expect(await resumed.rest()).toMatchObject([
      {
        id: 1,
        result: { structuredContent: { by: 'b', again: false, responses: { x: { content: { n: 1 } } } } },
      },
    ]);
    // The dead one does not know that it is dead, and says nothing.
    await session.post(accept(question?.message, 2));
    expect(a.door.calls.filter(({ call }) => call.method === 'tools/call')).toHaveLength(1);
    await reader.close();
  });

  it('leaves the answers that it took and told nobody of', async () => {
    const { replicas, a, b } = await start([asking('a', 'x'), asking('b')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    replicas.deaf = true;
    const { send } = b.replica.post;
    Object.assign(b.replica.post, { send: () => Promise.resolve() });
    await at(b, session).post(accept(question?.message, 1));
    Object.assign(b.replica.post, { send });
    b.replica.die();
    expect(await reader.rest()).toMatchObject([{ result: { structuredContent: { by: 'a' } } }]);
  });

  it('leaves what was answered already, and what is not yet', async () => {
    const { a, b } = await start([asking('a', 'x', 'y'), asking('b')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const [first, second] = [await reader.message(), await reader.message()];
    await session.post(accept(first?.message, 1));
    a.replica.die();
    const resumed = await resumeAt(b, session, second?.id);
    await at(b, session).post(accept(second?.message, 2));
    expect(await resumed.rest()).toMatchObject([
      {
        result: {
          structuredContent: { by: 'b', responses: { x: { content: { n: 1 } }, y: { content: { n: 2 } } } },
        },
      },
    ]);
    await reader.close();
  });

  it('leaves a call that may have run, which is said', async () => {
    const { a, b } = await start([
      async (call) => {
        await notify(call, 'notifications/progress', { progressToken: 1, progress: 5 });
        return new Promise<Outcome>(() => undefined);
      },
      async (call) => {
        await notify(call, 'notifications/progress', { progressToken: 1, progress: 5 });
        await notify(call, 'notifications/progress', { progressToken: 1, progress: 6 });
        return complete({ structuredContent: { again: call.legacy?.again, id: call.id } });
      },
    ]);
    const session = await open(a);
    const call = request('x', 'tools/call', { name: 't', _meta: { progressToken: 1 } });
    const reader = new EventReader(await session.post(call));
    const last = await reader.message();
    a.replica.die();
    const resumed = await resumeAt(b, session, last?.id);
    expect(await resumed.rest()).toMatchObject([
      { params: { progress: 6 } },
      { id: 'x', result: { structuredContent: { again: true, id: '"x"' } } },
    ]);
    await reader.close();
  });

  it('is found out while a stream of it is followed', async () => {
    const { a, b } = await start([
      () => new Promise<Outcome>(() => undefined),
      (call) => complete({ structuredContent: { again: call.legacy?.again } }),
    ]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const primed = await reader.next();
    const resumed = await resumeAt(b, session, primed?.id);
    await sleep(50);
    a.replica.die();
    expect(await resumed.rest()).toMatchObject([{ id: 1, result: { structuredContent: { again: true } } }]);
  });

  it('is not waited for by calls whose client does not come back', async () => {
    let ran: Call | undefined;
    const { a, b, replicas } = await start([
      () => new Promise<Outcome>(() => undefined),
      (call) => {
        ran = call;
        return complete({});
      },
    ]);
    const ended = countEnds(replicas);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const primed = await reader.next();
    await reader.close();
    a.replica.die();
    await expect.poll(() => ran?.legacy?.again).toBe(true);
    await expect.poll(ended).toBe(1);
    const resumed = await resumeAt(b, session, primed?.id);
    expect(await resumed.rest()).toMatchObject([{ id: 1, result: {} }]);
  });

  it('leaves its calls to one that cannot go on with them at once', async () => {
    const { a, b, replicas } = await start([asking('a', 'x'), asking('b', 'x')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    await reader.close();
    const { streams } = replicas.store;
    const { after } = streams;
    const ended = countEnds(replicas);
    Object.assign(streams, { after: () => Promise.reject(new GatewardError('INTERNAL_ERROR')) });
    a.replica.die();
    await expect.poll(() => replicas.calls.includes('streams.claim')).toBe(true);
    await sleep(20);
    Object.assign(streams, { after });
    await at(b, session).post(accept(question?.message, 1));
    await expect.poll(ended, { timeout: 4_000 }).toBe(1);
  });

  it('does not have an answer repeated that it gave just before', async () => {
    let runs = 0;
    const { a, b, replicas } = await start(async () => {
      runs++;
      await sleep(300);
      return complete({ content: [] });
    });
    const { streams } = replicas.store;
    const { append } = streams;
    const appendOnly: typeof append = (key, by, added) => append(key, by, { ...added, ends: false });
    Object.assign(streams, { append: appendOnly });
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const primed = await reader.next();
    expect(await reader.rest()).toMatchObject([{ id: 1 }]);
    Object.assign(streams, { append });
    a.replica.die();
    await expect.poll(() => replicas.calls.filter((call) => call === 'streams.finish').length).toBe(1);
    const resumed = await resumeAt(b, session, primed?.id);
    expect(await resumed.rest()).toMatchObject([{ id: 1 }]);
    expect(runs).toBe(1);
  });

  it('has its calls cancelled like any other', async () => {
    let aborted = false;
    const { a, b } = await start([
      () => new Promise<Outcome>(() => undefined),
      (call) =>
        new Promise((resolve) => {
          call.signal.addEventListener('abort', () => {
            aborted = true;
            resolve(complete({}));
          });
        }),
    ]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const primed = await reader.next();
    a.replica.die();
    const cancelled = notification('notifications/cancelled', { requestId: 1 });
    expect((await at(b, session).post(cancelled)).status).toBe(202);
    await expect.poll(() => aborted).toBe(true);
    await sleep(20);
    expect((await at(b, session).get({ 'last-event-id': primed?.id ?? '' })).status).toBe(204);
    await reader.close();
  });
});

describe('a replica that stops', () => {
  it('leaves what waits for its client to the other one', async () => {
    const { a, b } = await start([asking('a', 'x'), asking('b')]);
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    a.door.drain();
    expect(await reader.next()).toMatchObject({ data: '', retryMs: 100 });
    expect(await reader.next()).toBeUndefined();
    const resumed = await resumeAt(b, session, question?.id);
    await at(b, session).post(accept(question?.message, 1));
    expect(await resumed.rest()).toMatchObject([{ result: { structuredContent: { by: 'b' } } }]);
  });

  it('goes on with it after a restart, where it is alone', async () => {
    const { a, b, open: openReplica } = await start([asking('a', 'x'), asking('b')]);
    b.replica.die();
    const session = await open(a);
    const reader = new EventReader(await session.post(callTool(1)));
    const question = await reader.message();
    a.replica.die();
    await a.door.close();
    await reader.close().catch(() => undefined);
    const c = await openReplica('c', asking('c'));
    expect((await at(c, session).post(request(2, 'ping'))).status).toBe(200);
    const resumed = await resumeAt(c, session, question?.id);
    await at(c, session).post(accept(question?.message, 1));
    expect(await resumed.rest()).toMatchObject([{ result: { structuredContent: { by: 'c' } } }]);
  });
});

describe('HTTP+SSE', () => {
  it('takes messages at any replica', async () => {
    const { a, b } = await start([
      (call) => complete({ structuredContent: { id: call.id } }),
      asking('b', 'x'),
    ]);
    const reader = new EventReader(await fetch(a.door.sseUrl));
    const endpoint = (await reader.next())?.data ?? '';
    const there = new URL(endpoint, b.door.sseUrl).href;
    const here = new URL(endpoint, a.door.sseUrl).href;
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    };
    expect((await postRaw(there, request(0, 'initialize', params))).status).toBe(202);
    expect((await reader.message())?.message).toMatchObject({ id: 0, result: {} });
    expect((await postRaw(there, notification('notifications/initialized'))).status).toBe(202);
    await postRaw(here, callTool(1));
    expect((await reader.message())?.message).toMatchObject({ id: 1, result: {} });
    await postRaw(there, callTool(2));
    expect((await reader.message())?.message).toMatchObject({ id: 2, result: {} });
    await postRaw(there, request(3, 'initialize', params));
    expect((await reader.message())?.message).toMatchObject({ id: 3, error: { code: -32600 } });
    expect(b.door.calls).toEqual([]);
    a.replica.die();
    expect((await postRaw(there, callTool(4))).status).toBe(404);
    await reader.close();
  });
});
