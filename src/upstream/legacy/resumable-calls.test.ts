import { afterEach, describe, expect, it } from 'vitest';
import type { FakeServerOptions, Turn } from '../../../test/support/fake-legacy-server.ts';
import { ASKABLE, bodyOf, type Sketch, sketchCall } from '../../../test/support/legacy-upstream.ts';
import { quiet } from '../../../test/support/manual-clock.ts';
import { ReplicaFleet } from '../../../test/support/replica-fleet.ts';
import type { Call, Outcome } from '../../call.ts';
import type { LegacyConnectorOptions } from './legacy-connector.ts';

const FORM = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } };
const ACCEPT = { action: 'accept', content: { name: 'x' } };
const PARAMS = { name: 'slow', arguments: { n: 1 } };

let fleet: ReplicaFleet | undefined;
afterEach(async () => {
  await fleet?.stop();
  expect(fleet?.clock.pending ?? 0).toBe(0);
  fleet = undefined;
});

/** A fleet before a server whose tool `slow` says something, and ends once it may. */
async function start(options: Partial<LegacyConnectorOptions> = {}, more: Partial<FakeServerOptions> = {}) {
  const done = Promise.withResolvers<unknown>();
  const turns: Turn[] = [];
  const slow = (turn: Turn) => {
    turns.push(turn);
    turn.progress(0);
    return done.promise;
  };
  fleet = await ReplicaFleet.start({ tools: { slow }, ...more }, options);
  return { it: fleet, turns, end: (result: unknown = { content: [], done: true }) => done.resolve(result) };
}

interface Ended {
  readonly kind: string;
  readonly body: Record<string, unknown>;
  readonly code: unknown;
}

async function endOf(calling: Promise<Outcome>): Promise<Ended> {
  try {
    const outcome = await calling;
    const code = outcome.kind === 'error' ? outcome.code : undefined;
    return { kind: outcome.kind, body: bodyOf(outcome), code };
  } catch (thrown) {
    return { kind: 'thrown', body: {}, code: Object(thrown).code };
  }
}

/** Makes a call that a task rests on, at a replica; `states` gets what others can go on with. */
async function send(it: ReplicaFleet, id: string, sketch: Sketch = {}) {
  const states: string[] = [];
  const sent = sketchCall({ params: PARAMS, ...sketch });
  const call: Call = { ...sent.call, task: { onResumable: (state) => states.push(state) } };
  const ended = endOf(it.replica(id).connector.call(call, 'context'));
  await quiet();
  return { states, ended, abort: sent.abort };
}

async function registered(it: ReplicaFleet, sketch: Sketch = {}) {
  const sent = await send(it, 'a', sketch);
  await it.clock.advance(1_000);
  expect(sent.states).toHaveLength(1);
  return { ...sent, state: sent.states[0] ?? '' };
}

const attach = (it: ReplicaFleet, id: string, requestState: string, sketch: Sketch = {}) =>
  send(it, id, { params: { ...PARAMS, requestState }, ...sketch });
const runs = (it: ReplicaFleet) => it.server.sessions.flatMap((session) => session.requests('tools/call'));

describe('a running call that a task rests on', () => {
  it('writes nothing while it is quick', async () => {
    const { it, end } = await start();
    const { ended, states } = await send(it, 'a');
    await it.clock.advance(900);
    end();
    expect((await ended).body).toMatchObject({ done: true });
    await it.clock.advance(5_000);
    expect([states, it.writes]).toEqual([[], []]);
  });

  it('writes nothing where the server names no events', async () => {
    const { it, end } = await start({}, { resumable: false });
    const { ended, states } = await send(it, 'a');
    await it.clock.advance(10_000);
    end();
    await ended;
    expect([states, it.writes]).toEqual([[], []]);
  });

  it('writes where it is once a second at most, and only if something came', async () => {
    const { it, turns, end } = await start();
    await registered(it);
    expect(it.writes).toEqual(['put']);
    await it.clock.advance(10_000);
    for (let step = 1; step <= 10; step++) turns[0]?.progress(step);
    await it.clock.advance(1_000);
    expect(it.writes).toEqual(['put', 'save none']);
    end();
  });

  it('makes its state last as long as it runs', async () => {
    const { it, end } = await start();
    const { states, ended } = await registered(it);
    for (let minute = 0; minute < 40; minute++) await it.clock.advance(60_000);
    expect(states.length).toBeGreaterThan(8);
    const again = await attach(it, 'b', states.at(-1) ?? '');
    end();
    expect((await again.ended).body).toEqual((await ended).body);
  });

  it('is attached to wherever it is, and runs on while anybody waits for it', async () => {
    const { it, end } = await start();
    const first = await registered(it);
    const here = await attach(it, 'a', first.state);
    const elsewhere = await attach(it, 'b', first.state);
    first.abort.abort('enough');
    end();
    expect((await here.ended).body).toMatchObject({ done: true });
    expect((await elsewhere.ended).body).toMatchObject({ done: true });
    expect(runs(it)).toHaveLength(1);
  });

  it('is refused to others, and with answers', async () => {
    const { it, end } = await start();
    const { state } = await registered(it, { principal: 'key:1' });
    const others: Sketch[] = [
      { principal: 'key:2' },
      { params: { ...PARAMS, arguments: {}, requestState: state }, principal: 'key:1' },
      { params: { ...PARAMS, requestState: state, inputResponses: { a: ACCEPT } }, principal: 'key:1' },
    ];
    for (const other of others)
      expect((await (await attach(it, 'b', state, other)).ended).code).toBe('STATE_INVALID');
    end();
  });

  it('gives its outcome once more after its end', async () => {
    const { it, end } = await start();
    const { state, ended } = await registered(it);
    end();
    const { body } = await ended;
    await it.clock.advance(1);
    it.kill('a');
    expect((await (await attach(it, 'b', state)).ended).body).toEqual(body);
  });

  it('is cancelled at the server when nobody waits for it any more', async () => {
    const { it, turns, end } = await start();
    const { abort, ended } = await registered(it);
    abort.abort('enough');
    await ended;
    await quiet();
    expect(turns[0]?.cancelled.aborted).toBe(true);
    end();
  });
});

describe('a running call whose replica died', () => {
  it('goes on elsewhere, with what the server sent meanwhile, and may move again', async () => {
    const { it, end } = await start();
    const { state } = await registered(it);
    it.kill('a');
    const second = await attach(it, 'b', state);
    await it.clock.advance(1_000);
    expect(second.states).toHaveLength(1);
    it.kill('b');
    end();
    await quiet();
    const third = await attach(it, 'c', second.states[0] ?? '');
    expect((await third.ended).body).toMatchObject({ done: true });
    expect(runs(it)).toHaveLength(1);
  });

  it('leaves a session to the other calls that it has', async () => {
    const { it, end } = await start();
    const first = await registered(it);
    const other = await registered(it);
    expect(it.server.sessions).toHaveLength(1);
    it.kill('a');
    const one = await attach(it, 'b', first.state);
    const two = await attach(it, 'c', other.state);
    end();
    expect((await one.ended).body).toMatchObject({ done: true });
    expect((await two.ended).body).toMatchObject({ done: true });
    await it.clock.advance(600_000);
    expect(it.server.sessions[0]?.state).toBe('open');
  });

  it('is lost where its stream is, unless it may be made again', async () => {
    for (const repeatable of [false, true]) {
      const { it, end } = await start({ repeatable: () => repeatable });
      const { state } = await registered(it);
      it.kill('a');
      for (const session of it.server.sessions) session.forgetful = true;
      const second = await attach(it, 'b', state);
      end();
      const { code, body } = await second.ended;
      if (repeatable) expect(body).toMatchObject({ done: true });
      else expect(code).toBe('UPSTREAM_LOST');
      expect(runs(it)).toHaveLength(repeatable ? 2 : 1);
      await it.stop();
      fleet = undefined;
    }
  });

  it('is lost where nothing is known of it any more', async () => {
    const { it, end } = await start();
    const { state } = await registered(it);
    it.kill('a');
    await it.store.parked.delete(it.rows[0] ?? '', { holder: 'a', epoch: 1 });
    expect((await (await attach(it, 'b', state)).ended).code).toBe('UPSTREAM_LOST');
    end();
  });

  it('asks there what the server asked', async () => {
    const { it, turns, end } = await start();
    const { state } = await registered(it, { capabilities: ASKABLE });
    it.kill('a');
    void turns[0]?.ask('elicitation/create', FORM).then((got) => end({ content: [], got }));
    const sketch = { capabilities: ASKABLE };
    const second = await attach(it, 'b', state, sketch);
    await it.clock.advance(30);
    const { kind, body } = await second.ended;
    expect(kind).toBe('input_required');
    const params = { ...PARAMS, requestState: body['requestState'], inputResponses: { 'input-1': ACCEPT } };
    const third = await send(it, 'c', { ...sketch, params });
    expect((await third.ended).body).toMatchObject({ got: { result: ACCEPT } });
  });

  it('stays at the server when its replica stops', async () => {
    const { it, turns, end } = await start();
    const { state, ended } = await registered(it);
    await it.replica('a').connector.close();
    it.fence('a');
    expect((await ended).code).toBe('UPSTREAM_LOST');
    expect(turns[0]?.cancelled.aborted).toBe(false);
    const second = await attach(it, 'b', state);
    end();
    expect((await second.ended).body).toMatchObject({ done: true });
  });

  it('is let go by a replica that was only away, as soon as that hears so', async () => {
    const { it, end } = await start();
    const { state, ended } = await registered(it);
    it.fence('a');
    const second = await attach(it, 'b', state);
    it.comeBack('a');
    expect((await ended).code).toBe('UPSTREAM_LOST');
    end();
    expect((await second.ended).body).toMatchObject({ done: true });
    expect(it.server.sessions[0]?.requests('notifications/cancelled')).toEqual([]);
  });

  it('is the other replica’s once that one has taken it', async () => {
    const { it, turns, end } = await start();
    const first = await registered(it);
    it.fence('a');
    const second = await attach(it, 'b', first.state);
    turns[0]?.progress(1);
    await it.clock.advance(1_000);
    end();
    expect((await second.ended).body).toMatchObject({ done: true });
    expect(runs(it)).toHaveLength(1);
  });
});
