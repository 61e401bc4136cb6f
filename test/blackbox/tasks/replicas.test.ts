import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../../fixtures/servers/legacy-http.ts';
import type { ModernHttp } from '../../fixtures/servers/modern-http.ts';
import { startModernTasksHttp } from '../../fixtures/servers/modern-tasks-http.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type RunningPostgres, startPostgres } from '../../support/postgres.ts';
import { TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, nameIs, startHeldUpstream } from './held-upstream.ts';

const WITHIN = { timeout: 15_000, interval: 20 };
const SECRET = 'a-secret-of-at-least-32-characters-for-tests';

let postgres: RunningPostgres;
let upstream: HeldUpstream;
let native: ModernHttp;
let legacy: LegacyHttp;
let a: RunningGateway;
let b: RunningGateway;

const start = (): Promise<RunningGateway> =>
  startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      store: postgres.url,
      upstreams: {
        held: { url: upstream.url, tasks: { promoteAfterMs: 50, tools: { ask: { mode: 'always' } } } },
        safe: { url: upstream.url, repeatable: true, tasks: { promoteAfterMs: 50 } },
        native: { url: native.url },
        legacy: { url: legacy.url, tasks: { mode: 'always' } },
      },
    }),
    env: { GATEWARD_SECRET: SECRET },
  });

beforeAll(async () => {
  [postgres, upstream, native, legacy] = await Promise.all([
    startPostgres(),
    startHeldUpstream(),
    startModernTasksHttp(),
    startLegacyHttp(),
  ]);
  [a, b] = await Promise.all([start(), start()]);
});
/** One that a test killed is replaced. */
beforeEach(async () => {
  if (isKilled) a = await start();
  isKilled = false;
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await Promise.all([upstream?.close(), native?.stop(), legacy?.stop(), postgres?.stop()]);
});

let isKilled = false;

async function kill(gateway: RunningGateway): Promise<void> {
  isKilled = true;
  gateway.signal('SIGKILL');
  await gateway.ended;
  await gateway.stop();
}

function clientsOf(server: string): [TaskClient, TaskClient] {
  return [a, b].map(({ url }) => new TaskClient(`${url}/servers/${server}/mcp`)) as [TaskClient, TaskClient];
}

describe('two replicas over one database', () => {
  it('show a task that the other made, and its result', async () => {
    const [atA, atB] = clientsOf('held');
    const taskId = await atA.create('work', { label: 'shown' });
    expect(await atB.get(taskId)).toMatchObject({ taskId, status: 'working' });
    upstream.release('shown');
    expect(await atB.textOf(taskId)).toBe('worked on shown');
    expect(await atA.textOf(taskId)).toBe('worked on shown');
    expect(upstream.runs('shown')).toHaveLength(1);
  });

  it('take the answers to a task at either', async () => {
    const [atA, atB] = clientsOf('held');
    upstream.release('either');
    const taskId = await atA.create('ask', { label: 'either', keys: ['x', 'y'] });
    const asking = await atB.until(taskId, 'input_required');
    const [first = '', second = ''] = Object.keys(Object(asking['inputRequests']));
    await atB.update(taskId, { [first]: nameIs('Ann') });
    expect(Object.keys(Object((await atA.get(taskId))['inputRequests']))).toEqual([second]);
    await atA.update(taskId, { [second]: nameIs('Bob') });
    expect(await atB.textOf(taskId)).toBe('Ann and Bob, with the state of either');
    expect(upstream.runs('either')).toHaveLength(2);
  });

  it('stop the call of a task that was cancelled at the other', async () => {
    const [atA, atB] = clientsOf('held');
    const taskId = await atA.create('work', { label: 'far-cancel' });
    await atB.cancel(taskId);
    await vi.waitFor(() => expect(upstream.runs('far-cancel')[0]?.gone.aborted).toBe(true), WITHIN);
    expect(await atA.get(taskId)).toMatchObject({ status: 'cancelled' });
  });

  it('tell a listener at one what happens at the other', async () => {
    const [atA, atB] = clientsOf('held');
    const taskId = await atA.create('work', { label: 'far-listen' });
    const stream = await atB.listen([taskId]);
    await vi.waitFor(() => expect(stream.messages.length).toBeGreaterThan(0), WITHIN);
    upstream.release('far-listen');
    await vi.waitFor(() => {
      const [last] = stream.of('notifications/tasks').slice(-1);
      expect(last).toMatchObject({ params: { taskId, status: 'completed', result: {} } });
    }, WITHIN);
    await stream.close();
  });
});

describe('a replica that is killed', () => {
  it('loses no task whose call is safe to repeat: the other tries it again', async () => {
    const [atA, atB] = clientsOf('safe');
    const taskId = await atA.create('work', { label: 'taken-over' });
    await kill(a);
    await upstream.seen('taken-over', 2);
    upstream.release('taken-over');
    expect(await atB.textOf(taskId)).toBe('worked on taken-over');
    expect(upstream.runs('taken-over')).toHaveLength(2);
  });

  it('fails the tasks whose calls may have run, and never repeats them', async () => {
    const [atA, atB] = clientsOf('held');
    const taskId = await atA.create('work', { label: 'cut-off' });
    await kill(a);
    expect(await atB.until(taskId, 'failed')).toMatchObject({
      error: { message: expect.stringContaining('may have run') },
    });
    await wait(100);
    expect(upstream.runs('cut-off')).toHaveLength(1);
    upstream.release('cut-off');
  });

  it('leaves a task that waits for input to the other', async () => {
    const [atA, atB] = clientsOf('held');
    upstream.release('orphan');
    const taskId = await atA.create('ask', { label: 'orphan' });
    await atA.until(taskId, 'input_required');
    await kill(a);
    const asking = await atB.get(taskId);
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await atB.update(taskId, { [key]: nameIs('Ann') });
    expect(await atB.textOf(taskId)).toBe('Ann, with the state of orphan');
  });

  it('loses no task of an upstream that has tasks of its own', async () => {
    const [atA, atB] = clientsOf('native');
    const before = native.state.calls.count('slow_compute');
    const taskId = await atA.create('slow_compute', { seconds: 2, label: 'native' });
    await kill(a);
    expect(await atB.textOf(taskId)).toBe('Computed native');
    expect(native.state.calls.count('slow_compute')).toBe(before + 1);
  });

  it('loses no call whose stream can be resumed', async () => {
    const [atA, atB] = clientsOf('legacy');
    const before = legacy.state.calls.count('slow_compute');
    const taskId = await atA.create('slow_compute', { seconds: 5, label: 'resumed' });
    await vi.waitFor(() => expect(legacy.state.calls.count('slow_compute')).toBe(before + 1), WITHIN);
    // By what the stream can be resumed is stored once the call has taken a second.
    await wait(1500);
    await kill(a);
    expect(await atB.textOf(taskId)).toBe('Computed resumed');
    expect(legacy.state.calls.count('slow_compute')).toBe(before + 1);
  });
});
