import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Json, type OpenStream, postModern } from '../../support/front-door.ts';
import { askAdmin, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { createKey, runGateward } from '../../support/keys.ts';
import { TASKS, TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, nameIs, startHeldUpstream } from './held-upstream.ts';

const WITHIN = { timeout: 10_000, interval: 20 };
const RETENTION_MS = 400;

let upstream: HeldUpstream;
let gateway: RunningGateway;
let ann: Record<string, string>;
let bob: Record<string, string>;

const always = { mode: 'always' };

beforeAll(async () => {
  upstream = await startHeldUpstream();
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      auth: { keys: true },
      pins: { mode: 'warn' },
      tasks: { maxPerPrincipal: 40, maxResultBytes: 2048, maxRetentionMs: 3_600_000 },
      upstreams: {
        held: { url: upstream.url, tasks: always },
        other: { url: upstream.url, tasks: always },
        brief: { url: upstream.url, tasks: { ...always, retentionMs: RETENTION_MS } },
        hasty: { url: upstream.url, tasks: { ...always, deadlineMs: 1000 } },
        waiting: { url: upstream.url, tasks: { ...always, inputMs: 1000 } },
        single: { url: upstream.url, tasks: { ...always, concurrency: 1 } },
        again: {
          url: upstream.url,
          repeatable: true,
          tasks: { ...always, retry: { attempts: 100, delayMs: 50, maxDelayMs: 50 } },
        },
        queued: {
          url: upstream.url,
          tasks: { ...always, concurrency: 1, tools: { work: { deadlineMs: 1000 } } },
        },
      },
    }),
  });
  const [first, second] = await Promise.all([
    createKey(gateway.configFile, 'ann'),
    createKey(gateway.configFile, 'bob'),
  ]);
  ann = first.headers;
  bob = second.headers;
});
afterAll(async () => {
  await Promise.all([gateway?.stop(), upstream?.close()]);
});

function clientOf(server = 'held', headers = ann): TaskClient {
  return new TaskClient(`${gateway.url}/servers/${server}/mcp`, { headers });
}

describe('input', () => {
  it('shows what is asked, takes an answer, and goes on', async () => {
    const client = clientOf();
    const taskId = await client.create('ask', { label: 'one' });
    const asking = await client.until(taskId, 'input_required');
    const [[key, request] = ['', {}], ...more] = Object.entries(Object(asking['inputRequests']));
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: 'elicitation/create', params: { message: 'Who?' } });
    expect(await client.update(taskId, { [key]: nameIs('Ann') })).toMatchObject({ resultType: 'complete' });
    upstream.release('one');
    expect(await client.textOf(taskId)).toBe('Ann, with the state of one');
  });

  it('waits for the last of several answers, and keeps the first to each', async () => {
    const client = clientOf();
    upstream.release('two');
    const taskId = await client.create('ask', { label: 'two', keys: ['a', 'b'] });
    const asking = await client.until(taskId, 'input_required');
    const keys = Object.keys(Object(asking['inputRequests']));
    const [first = '', second = ''] = keys;
    expect(keys).toHaveLength(2);
    await client.update(taskId, { [first]: nameIs('Ann'), 'no-such-key': nameIs('Eve') });
    await client.update(taskId, { [first]: nameIs('Eve') });
    const partly = await client.get(taskId);
    expect(partly['status']).toBe('input_required');
    expect(Object.keys(Object(partly['inputRequests']))).toEqual([second]);
    expect(upstream.runs('two')).toHaveLength(1);
    await client.update(taskId, { [second]: nameIs('Bob') });
    expect(await client.textOf(taskId)).toBe('Ann and Bob, with the state of two');
    expect(upstream.runs('two')).toHaveLength(2);
  });

  it('goes on after answers that come at the same time', async () => {
    const client = clientOf();
    upstream.release('both');
    const taskId = await client.create('ask', { label: 'both', keys: ['a', 'b', 'c'] });
    const asking = await client.until(taskId, 'input_required');
    const keys = Object.keys(Object(asking['inputRequests']));
    await Promise.all(keys.map((key) => client.update(taskId, { [key]: nameIs(key) })));
    expect(await client.textOf(taskId)).toBe(`${keys.join(' and ')}, with the state of both`);
    expect(upstream.runs('both')).toHaveLength(2);
  });

  it('has keys that never serve twice', async () => {
    const client = clientOf();
    const keys = new Set<string>();
    for (const label of ['keys-1', 'keys-2']) {
      upstream.release(label);
      const taskId = await client.create('ask', { label });
      const asking = await client.until(taskId, 'input_required');
      const [key = ''] = Object.keys(Object(asking['inputRequests']));
      keys.add(`${taskId} ${key}`);
      await client.update(taskId, { [key]: nameIs('Ann') });
      await client.until(taskId, 'completed');
      expect(await client.update(taskId, { [key]: nameIs('Eve') })).toMatchObject({ resultType: 'complete' });
      expect(await client.textOf(taskId)).toBe(`Ann, with the state of ${label}`);
    }
    expect(keys.size).toBe(2);
  });

  it('is waited for up to its deadline, then the task fails', async () => {
    const client = clientOf('waiting');
    const taskId = await client.create('ask', { label: 'no-answer' });
    await client.until(taskId, 'input_required');
    await client.until(taskId, 'failed');
  });
});

describe('cancellation', () => {
  it('is carried to the upstream, and final', async () => {
    const client = clientOf();
    const taskId = await client.create('work', { label: 'cancelled' });
    await upstream.seen('cancelled');
    const acknowledged = await client.cancel(taskId);
    expect(acknowledged).toMatchObject({ resultType: 'complete' });
    for (const member of ['taskId', 'status', 'result', 'error'])
      expect(acknowledged).not.toHaveProperty(member);
    await client.until(taskId, 'cancelled');
    await vi.waitFor(() => expect(upstream.runs('cancelled')[0]?.gone.aborted).toBe(true), WITHIN);
    upstream.release('cancelled');
    expect(await client.cancel(taskId)).toEqual(acknowledged);
    expect(await client.get(taskId)).toMatchObject({ status: 'cancelled' });
  });

  it('of a task that waits for input ends it without another call', async () => {
    const client = clientOf();
    const taskId = await client.create('ask', { label: 'asked-cancelled' });
    const asking = await client.until(taskId, 'input_required');
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await client.cancel(taskId);
    const ended = await client.until(taskId, 'cancelled');
    expect(ended).not.toHaveProperty('inputRequests');
    await client.update(taskId, { [key]: nameIs('Ann') });
    await wait(100);
    expect(upstream.runs('asked-cancelled')).toHaveLength(1);
  });

  it('of a task that has ended changes nothing', async () => {
    const client = clientOf();
    upstream.release('ended');
    const taskId = await client.create('work', { label: 'ended' });
    const before = await client.until(taskId, 'completed');
    expect(await client.cancel(taskId)).toMatchObject({ resultType: 'complete' });
    const { ttlMs: _before, ...then } = before;
    const { ttlMs: _now, ...now } = await client.get(taskId);
    expect(now).toEqual(then);
  });

  it('of a task that waits for its turn keeps it from running', async () => {
    const client = clientOf('single');
    const first = await client.create('work', { label: 'turn-1' });
    await upstream.seen('turn-1');
    const second = await client.create('work', { label: 'turn-2' });
    await client.cancel(second);
    await client.until(second, 'cancelled');
    upstream.release('turn-1');
    await client.until(first, 'completed');
    await wait(100);
    expect(upstream.runs('turn-2')).toHaveLength(0);
  });
});

describe('ownership', () => {
  /** The whole answer, without the id of its request. */
  async function answerToBob(method: string, params: Json): Promise<string> {
    const response = await postModern(`${gateway.url}/servers/held/mcp`, method, {
      id: 'same',
      params,
      headers: bob,
      meta: { 'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } } },
    });
    const headers = [...response.headers].filter(([name]) => name !== 'date').sort();
    return JSON.stringify([response.status, headers, await response.text()]);
  }

  it('makes a foreign task, one of another server and one that never was look alike', async () => {
    const clientAnn = clientOf();
    const foreign = await clientAnn.create('work', { label: 'owned' });
    const ofOther = await clientOf('other', bob).create('work', { label: 'of-other' });
    const unknown = `${foreign.slice(0, -4)}AAAA`;
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const more = method === 'tasks/update' ? { inputResponses: {} } : {};
      const answers = await Promise.all(
        [foreign, ofOther, unknown].map(async (taskId) =>
          (await answerToBob(method, { taskId, ...more })).replaceAll(taskId, 'ID'),
        ),
      );
      expect(answers[0]).toContain('-32602');
      expect(new Set(answers).size, method).toBe(1);
    }
    expect(await clientAnn.get(foreign)).toMatchObject({ status: 'working' });
    upstream.release('owned');
    upstream.release('of-other');
    expect(await clientAnn.textOf(foreign)).toBe('worked on owned');
  });

  it('is that of one server: its names, and its tasks', async () => {
    const merged = new TaskClient(`${gateway.url}/mcp`, { headers: ann });
    upstream.release('merged');
    const taskId = await merged.create('held__work', { label: 'merged' });
    expect(await merged.textOf(taskId)).toBe('worked on merged');
    expect(await clientOf().errorOf('tasks/get', { taskId })).toMatchObject({ code: -32_602 });
  });

  it('ends with the key: what is tried again later asks anew whether it may', async () => {
    const dan = await createKey(gateway.configFile, 'dan');
    const client = clientOf('again', dan.headers);
    const taskId = await client.create('drop', { label: 'revoked', times: 1_000 });
    await upstream.seen('revoked');
    expect((await runGateward(['key', 'revoke', dan.id, '--config', gateway.configFile])).code).toBe(0);
    // Every replica knows of it within a second.
    await wait(1_000);
    upstream.release('revoked');
    const stateOf = async (): Promise<unknown> => {
      const response = await askAdmin(gateway, `tasks/${taskId}`);
      return Object(await response.json()).task;
    };
    await vi.waitFor(async () => expect(await stateOf()).toMatchObject({ state: 'failed' }), WITHIN);
    expect(upstream.runs('revoked')).toHaveLength(1);
  });

  it('gives handles that cannot be guessed', async () => {
    upstream.release('random');
    const client = clientOf();
    const ids = await Promise.all([1, 2, 3, 4].map(() => client.create('work', { label: 'random' })));
    expect(new Set(ids).size).toBe(4);
    // 128 bits are 22 characters of base64url.
    for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(22);
    const prefixes = new Set(ids.map((id) => id.slice(0, 12)));
    expect(prefixes.size).toBe(4);
  });

  it('refuses an id that is no id', async () => {
    for (const taskId of ['', 'x'.repeat(10_000), 'a b', '../../x']) {
      expect(await clientOf().errorOf('tasks/get', { taskId })).toMatchObject({ code: -32_602 });
    }
  });
});

describe('retention', () => {
  it('keeps a task that has ended so long, then knows it no more', async () => {
    const client = clientOf('brief');
    upstream.release('brief');
    const taskId = await client.create('work', { label: 'brief' });
    const ended = await client.until(taskId, 'completed');
    const lived = Date.parse(String(ended['lastUpdatedAt'])) - Date.parse(String(ended['createdAt']));
    expect(Math.abs(Number(ended['ttlMs']) - lived - RETENTION_MS)).toBeLessThan(50);
    const gone = await vi.waitFor(() => client.errorOf('tasks/get', { taskId }), WITHIN);
    expect(Date.now()).toBeGreaterThan(Date.parse(String(ended['createdAt'])) + Number(ended['ttlMs']) - 50);
    expect(gone).toEqual(await client.errorOf('tasks/get', { taskId: `${taskId.slice(0, -4)}AAAA` }));
    expect(gone).toMatchObject({ code: -32_602 });
  });
});

describe('limits', () => {
  it('fail a task that is not over by its deadline, and stop the call', async () => {
    const client = clientOf('hasty');
    const taskId = await client.create('work', { label: 'hasty' });
    const { error } = await client.until(taskId, 'failed');
    expect(error).toMatchObject({ code: 1024, message: expect.stringContaining('may have run') });
    await vi.waitFor(() => expect(upstream.runs('hasty')[0]?.gone.aborted).toBe(true), WITHIN);
    expect(upstream.runs('hasty')).toHaveLength(1);
  });

  it('fail a task that still waits for its turn at its deadline, without a call', async () => {
    const client = clientOf('queued');
    const first = await client.create('fail', { label: 'holds-the-turn' });
    await upstream.seen('holds-the-turn');
    const taskId = await client.create('work', { label: 'no-turn' });
    await client.until(taskId, 'failed');
    upstream.release('holds-the-turn');
    await client.until(first, 'completed');
    await wait(100);
    expect(upstream.runs('no-turn')).toHaveLength(0);
  });

  it('fail a task whose result is larger than one may be', async () => {
    const client = clientOf();
    upstream.release('large');
    const taskId = await client.create('large', { label: 'large', bytes: 4096 });
    expect(await client.until(taskId, 'failed')).toMatchObject({ error: { code: 1023 } });
    const small = await client.create('large', { label: 'large', bytes: 100 });
    await client.until(small, 'completed');
  });

  it('let a caller have so many tasks and no more, and no other caller suffer', async () => {
    const eve = await createKey(gateway.configFile, 'eve');
    const client = clientOf('held', eve.headers);
    upstream.release('many');
    const ids: string[] = [];
    for (let made = 0; made < 40; made += 1) ids.push(await client.create('work', { label: 'many' }));
    const params = { name: 'work', arguments: { label: 'too-many' } };
    expect(await client.errorOf('tools/call', params)).toMatchObject({ code: 1022 });
    expect(upstream.runs('too-many')).toHaveLength(0);
    expect(await clientOf().create('work', { label: 'many' })).toBeTypeOf('string');
    for (const id of ids) expect(await client.textOf(id)).toBe('worked on many');
  });

  it('give each caller a turn, however many tasks another has', async () => {
    const [annClient, bobClient] = [clientOf('single'), clientOf('single', bob)];
    await annClient.create('work', { label: 'blocks' });
    await upstream.seen('blocks');
    const crowd = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `crowd-${number}`);
    for (const label of crowd) await annClient.create('work', { label });
    const one = await bobClient.create('work', { label: 'alone' });
    for (const label of ['crowd-1', 'alone', 'blocks']) upstream.release(label);
    await bobClient.until(one, 'completed');
    expect(crowd.slice(2).filter((label) => upstream.runs(label).length > 0)).toEqual([]);
    for (const label of crowd) upstream.release(label);
  });
});

describe('notifications/tasks', () => {
  async function listening(client: TaskClient, ids: readonly string[]): Promise<OpenStream> {
    const stream = await client.listen(ids);
    await vi.waitFor(() => expect(stream.messages.length).toBeGreaterThan(0), WITHIN);
    return stream;
  }
  const statesOf = (stream: OpenStream, taskId: string): unknown[] =>
    stream
      .of('notifications/tasks')
      .map(({ params }) => Object(params))
      .filter((task) => task.taskId === taskId)
      .map(({ status }) => status);

  it('follow the tasks that are the listener\u2019s own, and leave the others out', async () => {
    const client = clientOf();
    const taskId = await client.create('ask', { label: 'listened' });
    const foreign = await clientOf('held', bob).create('work', { label: 'not-listened' });
    const stream = await listening(client, [taskId, foreign, 'unknown-0123456789abcdef']);
    expect(stream.messages[0]).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { taskIds: [taskId] } },
    });
    await vi.waitFor(() => expect(statesOf(stream, taskId)).toContain('input_required'), WITHIN);
    const asking = await client.until(taskId, 'input_required');
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await client.update(taskId, { [key]: nameIs('Ann') });
    upstream.release('listened');
    upstream.release('not-listened');
    await vi.waitFor(() => expect(statesOf(stream, taskId).at(-1)).toBe('completed'), WITHIN);
    const last = Object(stream.of('notifications/tasks').at(-1)?.['params']);
    const { resultType: _type, ...ended } = await client.get(taskId);
    const { _meta, ...told } = last;
    expect(told).toEqual({ ...ended, ttlMs: told.ttlMs });
    expect(_meta).toEqual({ 'io.modelcontextprotocol/subscriptionId': 'listen' });
    expect(JSON.stringify(stream.messages)).not.toContain(foreign);
    await stream.close();
  });

  it('tell a listener that comes late how its task ended', async () => {
    const client = clientOf();
    upstream.release('late');
    const taskId = await client.create('work', { label: 'late' });
    await client.until(taskId, 'completed');
    const stream = await listening(client, [taskId]);
    await vi.waitFor(() => expect(statesOf(stream, taskId)).toEqual(['completed']), WITHIN);
    await stream.close();
  });

  it('need the extension', async () => {
    const response = await postModern(`${gateway.url}/servers/held/mcp`, 'subscriptions/listen', {
      params: { notifications: { taskIds: ['any'] } },
      headers: ann,
    });
    expect(await response.json()).toMatchObject({
      error: { code: -32_021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } },
    });
  });
});
