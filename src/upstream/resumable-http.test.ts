import { afterEach, expect, test } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../../test/fixtures/servers/legacy-http.ts';
import { bodyOf, sketchCall } from '../../test/support/legacy-upstream.ts';
import { upstreamAt } from '../../test/support/upstream-over-http.ts';
import { createSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import type { Replicas } from './remote/replicas.ts';
import type { Upstream } from './upstream.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function replicasOf(self: string, store: Store, dead: ReadonlySet<string>): Replicas {
  return {
    self,
    isAlive: (id) => !dead.has(id),
    onDeath: () => () => undefined,
    onFenced: () => () => undefined,
    callAt: () => Promise.reject(new TypeError('Nothing is sent on here.')),
    owners: store.owners,
    parked: store.parked,
  };
}

function make({ url }: LegacyHttp, replicas: Replicas): Upstream {
  const upstream = upstreamAt(url, { replicas });
  closers.push(() => upstream.close());
  return upstream;
}

test('a long call goes on over HTTP at another replica, and so does the other call of its session', async () => {
  const server = await startLegacyHttp();
  closers.push(() => server.stop());
  const store = await createSqliteStore({ file: ':memory:', now: () => Date.now() });
  closers.push(() => store.close());
  const dead = new Set<string>();
  const a = make(server, replicasOf('a', store, dead));
  const b = make(server, replicasOf('b', store, dead));

  const send = (upstream: Upstream, params: Record<string, unknown>, onResumable: (state: string) => void) =>
    upstream.call({ ...sketchCall({ params }).call, task: { onResumable } }, 'c');
  const long = async (seconds: number) => {
    const params = { name: 'slow_compute', arguments: { seconds, label: `${seconds}` } };
    const told = Promise.withResolvers<string>();
    const ended = send(a, params, told.resolve).catch(() => undefined);
    return { params, ended, state: await told.promise };
  };
  const calls = await Promise.all([long(2), long(3)]);
  dead.add('a');
  await a.close();
  await Promise.all(calls.map(({ ended }) => ended));
  const outcomes = await Promise.all(
    calls.map(({ params, state }) => send(b, { ...params, requestState: state }, () => undefined)),
  );
  expect(outcomes.map((outcome) => bodyOf(outcome))).toMatchObject([
    { content: [{ text: 'Computed 2' }] },
    { content: [{ text: 'Computed 3' }] },
  ]);
});
