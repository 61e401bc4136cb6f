import { afterEach, expect, test } from 'vitest';
import { FakeLegacyServer, type FakeServerOptions } from '../../../test/support/fake-legacy-server.ts';
import {
  ASKABLE,
  bodyOf,
  connectTo,
  silentLog,
  sketchCall,
  sketchSession,
} from '../../../test/support/legacy-upstream.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import {
  openTestReplicas,
  type TestReplica,
  type TestReplicas,
} from '../../../test/support/test-replicas.ts';
import type { LegacySession } from '../../call.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Connector } from '../connector.ts';
import { createRemoteCalls, type RemoteCalls } from '../remote/remote-calls.ts';
import { replicasOf } from '../remote/replicas.ts';
import type { LegacyConnectorOptions } from './legacy-connector.ts';

interface Replica {
  readonly fleet: TestReplica;
  readonly connector: Connector;
  readonly remote: RemoteCalls;
}

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Replicas with a connector each, to one server. */
class World {
  readonly server: FakeLegacyServer;
  readonly clock = new ManualClock();
  readonly sessions = new Map<string, LegacySession>();
  readonly #replicas: TestReplicas;
  readonly #opened: Replica[] = [];
  readonly #options: Partial<LegacyConnectorOptions>;

  constructor(server: FakeServerOptions, options: Partial<LegacyConnectorOptions>, replicas: TestReplicas) {
    this.server = new FakeLegacyServer({ resumable: true, ...server });
    this.#options = { owned: 'sessions', ...options };
    this.#replicas = replicas;
  }

  static async start(
    server: FakeServerOptions = {},
    options: Partial<LegacyConnectorOptions> = {},
  ): Promise<World> {
    world = new World(server, options, await openTestReplicas());
    return world;
  }

  async join(id: string): Promise<Replica> {
    const fleet = await this.#replicas.join(id);
    const remote = createRemoteCalls({
      fleet,
      upstream: () => replica.connector,
      sessions: {
        describe: ({ key }) => JsonText.of({ key }),
        find: async (description) => this.sessions.get(description.get('key')?.string() ?? ''),
      },
      clock: this.clock,
      log: silentLog,
    });
    const connector = connectTo(this.server, this.clock, {
      ...this.#options,
      replicas: replicasOf(fleet, remote),
    });
    const replica: Replica = { fleet, connector, remote };
    this.#opened.push(replica);
    return replica;
  }

  session(): ReturnType<typeof sketchSession> {
    const session = sketchSession();
    this.sessions.set(session.key, session);
    return session;
  }

  /** As `kill -9`. */
  kill({ fleet }: Replica): void {
    for (const session of this.server.sessions) session.cut();
    fleet.die();
  }

  async close(): Promise<void> {
    for (const { connector, remote } of this.#opened) {
      remote.close();
      await connector.close();
    }
    await this.#replicas.close();
  }
}

async function callOn(replica: Replica, session?: LegacySession, name = 'who'): Promise<unknown> {
  const { call } = sketchCall({ params: { name }, ...(session === undefined ? {} : { session }) });
  const outcome = await replica.connector.call(call, 'local');
  return outcome.kind === 'complete' ? bodyOf(outcome)['said'] : bodyOf(outcome);
}

const who: FakeServerOptions = {
  tools: {
    who: ({ session }) => ({ said: session.received.filter(({ method }) => method === 'tools/call').length }),
  },
};

test('calls of one client’s session reach one upstream session, whichever replica they come to', async () => {
  const fleet = await World.start(who);
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const session = fleet.session();
  expect([await callOn(a, session), await callOn(b, session), await callOn(a, session)]).toEqual([1, 2, 3]);
  expect(fleet.server.sessions).toHaveLength(1);
  expect(await callOn(b, fleet.session())).toBe(1);
});

test('notifications and questions come back from the owner, and answers find their call', async () => {
  const fleet = await World.start({
    tools: {
      who: () => ({ said: 0 }),
      ask: async ({ ask, notify }) => {
        notify('notifications/message', { level: 'info', data: 'one' });
        const answer = await ask('elicitation/create', { message: 'q', requestedSchema: { type: 'object' } });
        return { said: answer['result'] };
      },
    },
  });
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const session = fleet.session();
  await callOn(a, session);
  const asking = sketchCall({ params: { name: 'ask' }, capabilities: ASKABLE, session, logLevel: 'info' });
  const asked = b.connector.call(asking.call, 'local');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await fleet.clock.advance(100);
  const outcome = await asked;
  expect(outcome.kind).toBe('input_required');
  expect(asking.told).toMatchObject([{ method: 'notifications/message', params: { data: 'one' } }]);
  const { requestState, inputRequests } = bodyOf(outcome);
  const [key = ''] = Object.keys(Object(inputRequests));
  const params = { name: 'ask', requestState, inputResponses: { [key]: { action: 'accept', content: {} } } };
  const retry = sketchCall({ params, capabilities: ASKABLE, session, logLevel: 'info' });
  const ended = await b.connector.call(retry.call, 'local');
  expect(bodyOf(ended)).toMatchObject({ said: { action: 'accept' } });
  expect(fleet.server.sessions).toHaveLength(1);
});

test('when the owner dies, the next replica goes on with its session', async () => {
  const fleet = await World.start(who);
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const session = fleet.session();
  expect([await callOn(a, session), await callOn(b, session)]).toEqual([1, 2]);
  fleet.kill(a);
  expect(await callOn(b, session)).toBe(3);
  const [first] = fleet.server.sessions;
  expect(first?.received.filter(({ method }) => method === 'initialize')).toHaveLength(1);
  const c = await fleet.join('c');
  expect(await callOn(c, session)).toBe(4);
});

test('a session that the server forgot meanwhile is opened anew, and the call is sent again', async () => {
  const fleet = await World.start(who);
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const session = fleet.session();
  await callOn(a, session);
  const [first] = fleet.server.sessions;
  if (first !== undefined) first.forgotten = true;
  fleet.kill(a);
  expect(await callOn(b, session)).toBe(1);
  expect(fleet.server.open).toHaveLength(1);
});

test('a call under way when the owner dies may have run, unless it is repeatable', async () => {
  const started: (() => void)[] = [];
  const server: FakeServerOptions = {
    tools: {
      who: () => ({ said: 'here' }),
      slow: ({ session }) => {
        for (const run of started.splice(0)) run();
        return session === fleet.server.sessions[0] && !again
          ? new Promise(() => undefined)
          : { said: 'done' };
      },
    },
  };
  let again = false;
  const fleet = await World.start(server, { repeatable: ({ message }) => message.text.includes('safe') });
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const session = fleet.session();
  await callOn(a, session);
  const begun = () => new Promise<void>((resolve) => started.push(resolve));
  const [unsafe, safe] = [{ name: 'slow' }, { name: 'slow', arguments: { safe: true } }].map((params) => {
    const running = begun();
    return [b.connector.call(sketchCall({ params, session }).call, 'local'), running] as const;
  });
  unsafe?.[0].catch(() => undefined);
  await Promise.all([unsafe?.[1], safe?.[1]]);
  again = true;
  fleet.kill(a);
  await expect(unsafe?.[0]).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  expect(await safe?.[0].then(bodyOf)).toMatchObject({ said: 'done' });
});

test('a replica that stops leaves the sessions of its clients, and ends those that ended', async () => {
  const fleet = await World.start(who);
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  const [lasting, over] = [fleet.session(), fleet.session()];
  await Promise.all([callOn(a, lasting), callOn(a, over)]);
  expect(fleet.server.open).toHaveLength(2);
  over.end();
  await new Promise(setImmediate);
  expect(fleet.server.open).toHaveLength(1);
  a.remote.close();
  await a.connector.close();
  expect(fleet.server.open).toHaveLength(1);
  const next = callOn(b, lasting);
  await new Promise((resolve) => setTimeout(resolve, 20));
  fleet.kill(a);
  expect(await next).toBe(2);
});

test('a process has one owner for all callers', async () => {
  const fleet = await World.start({ ...who, resumable: false }, { sharing: 'everyone', owned: 'all' });
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  expect([await callOn(a), await callOn(b), await callOn(b)]).toEqual([1, 2, 3]);
  fleet.kill(a);
  expect(await callOn(b)).toBe(1);
});

test('modern calls to a server by HTTP are made where they come', async () => {
  const fleet = await World.start(who);
  const [a, b] = [await fleet.join('a'), await fleet.join('b')];
  expect([await callOn(a), await callOn(b)]).toEqual([1, 1]);
});
