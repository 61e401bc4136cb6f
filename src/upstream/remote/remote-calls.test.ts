import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestFleet, type TestFleet } from '../../../test/support/fleet.ts';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { openTestReplicas } from '../../../test/support/test-replicas.ts';
import type { Call, LegacySession, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { OpenFleet } from '../../store/fleet/open-fleet.ts';
import type { Fleet } from '../../store/fleet.ts';
import { failedBy, failedUpstream } from '../../wire/failure.ts';
import { createRemoteCalls, type RemoteCalls } from './remote-calls.ts';
import type { RemoteSessions } from './remote-session.ts';

type Upstream = (call: Call, context: string) => Promise<Outcome>;

let fleet: TestFleet;
let here: OpenFleet;
let there: OpenFleet;
const open: RemoteCalls[] = [];

beforeEach(async () => {
  fleet = await startTestFleet();
  here = await fleet.join();
  there = await fleet.join();
});

afterEach(async () => {
  for (const calls of open.splice(0)) calls.close();
  await fleet.close();
});

const sessions: RemoteSessions = {
  describe: ({ key, principal }) => JsonText.of({ key, principal }),
  find: async (description) => {
    const key = description.get('key')?.string() ?? '';
    return key === 'ended' ? undefined : session(key);
  },
};

function session(key: string): LegacySession {
  return {
    key,
    principal: 'local',
    version: '2025-06-18',
    capabilities: JsonText.of({}),
    ended: new AbortController().signal,
    unbound: async () => undefined,
  };
}

function start(replica: Fleet, upstream?: Upstream): RemoteCalls {
  const calls = createRemoteCalls({
    fleet: replica,
    upstream: (name) => (name === 'u' && upstream !== undefined ? { call: upstream } : undefined),
    sessions,
    clock: systemClock,
    log: silentLog,
  });
  open.push(calls);
  return calls;
}

function callOf(parts: Partial<Call> = {}): Call {
  const message = JsonText.parse(
    Buffer.from('{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"t"}}'),
  );
  return {
    message,
    id: '12345678901234567890',
    method: 'tools/call',
    name: 't',
    meta: {
      protocolVersion: '2026-07-28',
      clientCapabilities: JsonText.of({ elicitation: {} }),
      clientInfo: undefined,
      logLevel: 'info',
      progressToken: JsonText.of(7),
    },
    signal: new AbortController().signal,
    notify: () => undefined,
    legacy: undefined,
    principal: 'key:k',
    ...parts,
  };
}

const note = (number: number): JsonText =>
  JsonText.of({ method: 'notifications/message', params: { number } });
const done = (value: unknown): Outcome => ({ kind: 'complete', result: JsonText.of(value) });
const at = (upstream: string, call: Call) => ({ upstream, call, context: 'local' });

test('a call arrives as it was, and its notifications come in order before the outcome', async () => {
  let got: Call | undefined;
  let gotContext: string | undefined;
  start(there, async (call, context) => {
    got = call;
    gotContext = context;
    for (let number = 1; number <= 200; number++) await call.notify(note(number));
    return done({ huge: 1 });
  });
  const heard: unknown[] = [];
  const notify = (message: JsonText): undefined => void heard.push(message.at('params', 'number')?.value());
  const call = callOf({ notify });
  const outcome = await start(here).callAt(there.membership.id, at('u', call));
  expect(outcome.kind === 'complete' && outcome.result.value()).toEqual({ huge: 1 });
  expect(heard).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  expect([got?.message.text, got?.id, got?.name, gotContext, got?.principal]).toEqual([
    call.message.text,
    call.id,
    't',
    'local',
    'key:k',
  ]);
  expect([got?.meta.logLevel, got?.meta.progressToken?.text, got?.forwarded]).toEqual(['info', '7', true]);
});

test('a reader that does not read keeps the other replica from sending', async () => {
  let sent = 0;
  start(there, async (call) => {
    for (; sent < 1_000; sent++) await call.notify(note(sent));
    return done({});
  });
  const gate = Promise.withResolvers<void>();
  const outcome = start(here).callAt(there.membership.id, at('u', callOf({ notify: () => gate.promise })));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(sent).toBeLessThan(100);
  gate.resolve();
  expect((await outcome).kind).toBe('complete');
  expect(sent).toBe(1_000);
});

test('what a legacy client sent beside its call arrives too, and what the upstream does with the stream comes back', async () => {
  let got: Call | undefined;
  start(there, async (call) => {
    got = call;
    call.legacy?.stream?.opened();
    call.legacy?.stream?.hungUp(250);
    return done({});
  });
  const hints: unknown[] = [];
  const legacy = {
    session: session('s1'),
    refusals: new Map([['input-1', JsonText.of({ code: -1, message: 'no' })]]),
    again: true,
    stream: { opened: () => hints.push('opened'), hungUp: (ms: number) => hints.push(ms) },
  };
  await start(here).callAt(there.membership.id, at('u', callOf({ legacy })));
  expect(hints).toEqual(['opened', 250]);
  expect([got?.legacy?.session.key, got?.legacy?.again]).toEqual(['s1', true]);
  expect(got?.legacy?.refusals.get('input-1')?.text).toBe('{"code":-1,"message":"no"}');
});

test('a call of a session that ended is refused', async () => {
  start(there, async () => done({}));
  const legacy = { session: session('ended'), refusals: new Map() };
  const outcome = start(here).callAt(there.membership.id, at('u', callOf({ legacy })));
  await expect(outcome).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

test('errors keep their code, their words and what stands beside them', async () => {
  const thrown = new GatewardError('UPSTREAM_UNAVAILABLE', {
    detail: 'It is down.',
    data: { a: [1] },
    retryAfterSeconds: 3,
  });
  const answers = [
    async () => Promise.reject(thrown),
    async () => failedBy(new GatewardError('STATE_INVALID')),
    async () => failedUpstream(JsonText.of({ code: -5, message: 'm', data: 1 })),
    async () => Promise.reject(new TypeError('a secret')),
  ];
  start(there, () => answers.shift()?.() ?? Promise.reject(new TypeError('no more')));
  const calls = start(here);
  const ask = () => calls.callAt(there.membership.id, at('u', callOf()));
  await expect(ask()).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: thrown.message,
    data: { a: [1] },
    retryAfterSeconds: 3,
  });
  expect(await ask()).toMatchObject({ kind: 'error', code: 'STATE_INVALID' });
  const failed = await ask();
  expect(failed.kind === 'error' && [failed.code, failed.error.text]).toEqual([
    undefined,
    '{"code":-5,"message":"m","data":1}',
  ]);
  await expect(ask()).rejects.toMatchObject({
    code: 'INTERNAL_ERROR',
    message: expect.not.stringMatching('secret'),
  });
});

test('questions keep their ids, and tell when they are withdrawn', async () => {
  let withdraw: (key: string) => void = () => undefined;
  start(there, async () => ({
    kind: 'input_required',
    result: JsonText.of({ resultType: 'input_required' }),
    legacy: {
      elicitationIds: new Map([['input-1', 'e1']]),
      onWithdrawn: (run) => {
        withdraw = run;
      },
    },
  }));
  const outcome = await start(here).callAt(there.membership.id, at('u', callOf()));
  if (outcome.kind !== 'input_required') throw new TypeError(outcome.kind);
  expect([...(outcome.legacy?.elicitationIds ?? [])]).toEqual([['input-1', 'e1']]);
  const withdrawn = new Promise<string>((resolve) => outcome.legacy?.onWithdrawn(resolve));
  withdraw('input-1');
  expect(await withdrawn).toBe('input-1');
});

test('an abort rejects with its reason at once, and cancels the call at the other replica', async () => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  start(there, (call) => {
    begun.resolve();
    return new Promise((_, reject) => {
      call.signal.addEventListener('abort', () => {
        ended.resolve(call.signal.reason);
        reject(call.signal.reason);
      });
    });
  });
  const abort = new AbortController();
  const outcome = start(here).callAt(there.membership.id, at('u', callOf({ signal: abort.signal })));
  await begun.promise;
  abort.abort(new GatewardError('UPSTREAM_TIMEOUT'));
  await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  expect(await ended.promise).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

test('a call that must not run twice begins with the word of this replica, and is cancelled as any other', async () => {
  let runs = 0;
  start(there, async (call) => {
    runs++;
    await call.notify(note(runs));
    return done({ runs });
  });
  const calls = start(here);
  const heard: unknown[] = [];
  const notify = (message: JsonText): undefined => void heard.push(message.at('params', 'number')?.value());
  const remote = { ...at('u', callOf({ notify })), once: true };
  const outcome = await calls.callAt(there.membership.id, remote);
  expect([outcome.kind, runs, heard]).toEqual(['complete', 1, [1]]);
  const abort = new AbortController();
  const cancelled = calls.callAt(there.membership.id, {
    ...at('u', callOf({ signal: abort.signal })),
    once: true,
  });
  abort.abort(new GatewardError('UPSTREAM_TIMEOUT'));
  await expect(cancelled).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  await calls.callAt(there.membership.id, at('u', callOf()));
  expect(runs).toBe(2);
});

test('a death before that ran nothing', async () => {
  const replicas = await openTestReplicas();
  const [asking, dying] = [await replicas.join('asking'), await replicas.join('dying')];
  const outcome = start(asking).callAt('dying', { ...at('u', callOf()), once: true });
  outcome.catch(() => undefined);
  dying.die();
  await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await replicas.close();
});

test('the death of the other replica ends the call, and later ones are not sent', async () => {
  const replicas = await openTestReplicas();
  const [asking, dying] = [await replicas.join('asking'), await replicas.join('dying')];
  const begun = Promise.withResolvers<void>();
  start(dying, () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  const calls = start(asking);
  const outcome = calls.callAt('dying', at('u', callOf()));
  outcome.catch(() => undefined);
  await begun.promise;
  dying.die();
  await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  const late = calls.callAt('dying', at('u', callOf()));
  await expect(late).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await replicas.close();
});

test('a call that a task rests on tells by which states others can go on with it, and ends as a task', async () => {
  const made: Outcome = { kind: 'task', result: JsonText.of({ resultType: 'task', taskId: 't' }) };
  const got: (Call | undefined)[] = [];
  start(there, async (call) => {
    got.push(call);
    call.task?.onResumable('state-1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    return made;
  });
  const states: string[] = [];
  const calls = start(here);
  const task = { onResumable: (state: string) => void states.push(state) };
  const outcome = await calls.callAt(there.membership.id, at('u', callOf({ task })));
  expect([outcome.kind, outcome.kind === 'task' && outcome.result.text]).toEqual(['task', made.result.text]);
  await calls.callAt(there.membership.id, at('u', callOf()));
  expect([states, got[1]?.task]).toEqual([['state-1'], undefined]);
});

test.each([
  ['goes on if it told a state', true],
  ['is cancelled otherwise', false],
])('a call that a task rests on, whose replica dies, %s', async (_, tells) => {
  const replicas = await openTestReplicas();
  const [asking, making] = [await replicas.join('asking'), await replicas.join('making')];
  const begun = Promise.withResolvers<Call>();
  start(making, (call) => {
    if (tells) call.task?.onResumable('state');
    begun.resolve(call);
    return new Promise(() => undefined);
  });
  const task = { onResumable: () => undefined };
  start(asking)
    .callAt('making', at('u', callOf({ task })))
    .catch(() => undefined);
  const { signal } = await begun.promise;
  asking.die();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(signal.aborted).toBe(!tells);
  await replicas.close();
});

test('a replica without the upstream says that nothing was run', async () => {
  start(there);
  const outcome = start(here).callAt(there.membership.id, at('u', callOf()));
  await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('a close ends what is under way on both sides', async () => {
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const other = start(there, (call) => {
    call.signal.addEventListener('abort', () => aborted.resolve());
    begun.resolve();
    return new Promise(() => undefined);
  });
  const calls = start(here);
  const outcome = calls.callAt(there.membership.id, at('u', callOf()));
  outcome.catch(() => undefined);
  await begun.promise;
  other.close();
  await aborted.promise;
  calls.close();
  await expect(outcome).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
});
