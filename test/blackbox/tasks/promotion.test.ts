import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { postModern, readAnswer } from '../../support/front-door.ts';
import { askAdmin, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { TASKS, TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, nameIs, startHeldUpstream } from './held-upstream.ts';

const WITHIN = { timeout: 10_000, interval: 20 };
const DECLARED = { 'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } } };

let upstream: HeldUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startHeldUpstream();
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      upstreams: {
        quick: { url: upstream.url, tasks: { promoteAfterMs: 50, tools: { fail: { mode: 'always' } } } },
        patient: { url: upstream.url },
        strict: { url: upstream.url, tasks: { mode: 'required' } },
        never: { url: upstream.url, tasks: { mode: 'never' } },
      },
    }),
  });
});
afterAll(async () => {
  await Promise.all([gateway?.stop(), upstream?.close()]);
});

const at = (server: string): string => `${gateway.url}/servers/${server}/mcp`;
/** Ids of tasks, as an operator sees them. */
async function tasksOf(server: string, state: string): Promise<string[]> {
  const response = await askAdmin(gateway, `tasks?limit=500&server=${server}&state=${state}`);
  const { tasks } = Object(await response.json());
  return tasks.map(({ id }: { id: string }) => id);
}

describe('a call of a client that knows tasks', () => {
  it('is answered directly if the upstream is quick', async () => {
    upstream.release('quick');
    const result = await new TaskClient(at('patient')).call('work', { label: 'quick' });
    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'worked on quick' }] });
    expect(result).not.toHaveProperty('taskId');
  });

  it('becomes a task when it takes longer, and runs once', async () => {
    const client = new TaskClient(at('quick'));
    const made = await client.call('work', { label: 'slow' });
    expect(made).toMatchObject({
      resultType: 'task',
      taskId: expect.stringMatching(/^[\w-]{22,}$/),
      status: 'working',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      lastUpdatedAt: expect.stringMatching(/Z$/),
      ttlMs: 2 * 86_400_000,
      pollIntervalMs: 1000,
    });
    const taskId = String(made['taskId']);
    expect(await client.get(taskId)).toMatchObject({ resultType: 'complete', taskId, status: 'working' });
    upstream.release('slow');
    const ended = await client.until(taskId, 'completed');
    expect(ended['result']).toMatchObject({ content: [{ type: 'text', text: 'worked on slow' }] });
    expect(upstream.runs('slow')).toHaveLength(1);
    expect(ended).not.toHaveProperty('error');
    expect(ended).not.toHaveProperty('requestState');
  });

  it('says after its end how long it is still kept', async () => {
    const client = new TaskClient(at('quick'));
    const taskId = await client.create('work', { label: 'kept' });
    upstream.release('kept');
    const ended = await client.until(taskId, 'completed');
    const lived = Date.parse(String(ended['lastUpdatedAt'])) - Date.parse(String(ended['createdAt']));
    expect(Math.abs(Number(ended['ttlMs']) - lived - 86_400_000)).toBeLessThan(50);
  });

  it('goes on when the client that has the handle hangs up', async () => {
    const client = new TaskClient(at('quick'));
    const taskId = await client.create('work', { label: 'left' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(upstream.runs('left')[0]?.gone.aborted).toBe(false);
    upstream.release('left');
    expect(await client.textOf(taskId)).toBe('worked on left');
  });

  it('is cancelled when the client hangs up before it has a handle', async () => {
    const hangUp = new AbortController();
    const call = new TaskClient(at('patient')).call('work', { label: 'hung-up' }, { signal: hangUp.signal });
    await upstream.seen('hung-up');
    hangUp.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(upstream.runs('hung-up')[0]?.gone.aborted).toBe(true), WITHIN);
  });

  it('is either a task or cancelled, never both and never lost, whenever the client hangs up', async () => {
    const labels = Array.from({ length: 40 }, (_, number) => `race-${number}`);
    const handles = new Map<string, string>();
    const before = await tasksOf('quick', 'working');
    const calls = labels.map(async (label, number) => {
      const hangUp = new AbortController();
      // Around the moment of the promotion.
      setTimeout(() => hangUp.abort(), 30 + number);
      const client = new TaskClient(at('quick'));
      const result = await client.call('work', { label }, { signal: hangUp.signal }).catch(() => undefined);
      if (result !== undefined) handles.set(label, String(result['taskId']));
    });
    await Promise.all(calls);
    const tasks = await vi.waitFor(async () => {
      const found = await tasksOf('quick', 'working');
      const running = labels.filter((label) => upstream.runs(label).some(({ gone }) => !gone.aborted));
      expect(found.filter((id) => !before.includes(id))).toHaveLength(running.length);
      return { running, ids: found };
    }, WITHIN);
    for (const [label, taskId] of handles) {
      expect(tasks.running).toContain(label);
      expect(tasks.ids).toContain(taskId);
    }
    for (const label of labels) upstream.release(label);
    await vi.waitFor(async () => expect(await tasksOf('quick', 'working')).toEqual(before), WITHIN);
    for (const label of labels) expect(upstream.runs(label).length).toBeLessThanOrEqual(1);
  });

  it('shows its progress until it becomes a task, and none after', async () => {
    const params = { name: 'report', arguments: { label: 'progress' } };
    const response = await postModern(at('quick'), 'tools/call', {
      params,
      meta: { ...DECLARED, progressToken: 'p' },
    });
    const { message, notifications } = await readAnswer(response);
    expect(notifications).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'p' } },
    ]);
    expect(message).toMatchObject({ result: { resultType: 'task' } });
    upstream.release('progress');
  });

  it('asks for input instead of becoming a task', async () => {
    const client = new TaskClient(at('quick'));
    const first = await client.call('ask', { label: 'round' });
    expect(first).toMatchObject({ resultType: 'input_required', inputRequests: { who: {} } });
    const { requestState } = first;
    const params = {
      name: 'ask',
      arguments: { label: 'round' },
      requestState,
      inputResponses: { who: nameIs('Ann') },
    };
    const { message } = await client.ask('tools/call', params);
    const made = Object(message['result']);
    expect(made).toMatchObject({ resultType: 'task' });
    expect(made).not.toHaveProperty('requestState');
    expect(made).not.toHaveProperty('inputRequests');
    upstream.release('round');
    expect(await client.textOf(made.taskId)).toBe('Ann, with the state of round');
    expect(upstream.runs('round')).toHaveLength(2);
  });

  it('completes with a tool error, which is no failure of the task', async () => {
    const client = new TaskClient(at('quick'));
    const taskId = await client.create('fail', { label: 'tool-error' });
    upstream.release('tool-error');
    expect(await client.until(taskId, 'completed')).toMatchObject({
      result: { isError: true, content: [{ text: 'could not do tool-error' }] },
    });
    expect(upstream.runs('tool-error')).toHaveLength(1);
  });

  it('fails with the JSON-RPC error of the upstream', async () => {
    const client = new TaskClient(at('quick'));
    const taskId = await client.create('refuse', { label: 'refused', code: -32_001 });
    upstream.release('refused');
    const ended = await client.until(taskId, 'failed');
    expect(ended).toMatchObject({ error: { code: -32_001, message: 'Not now', data: { label: 'refused' } } });
    expect(ended).not.toHaveProperty('result');
    expect(upstream.runs('refused')).toHaveLength(1);
  });

  it('never becomes a task where the rules say so', async () => {
    const call = new TaskClient(at('never')).call('work', { label: 'never' });
    await upstream.seen('never');
    await new Promise((resolve) => setTimeout(resolve, 150));
    upstream.release('never');
    expect(await call).toMatchObject({ resultType: 'complete', content: [{ text: 'worked on never' }] });
  });
});

describe('a client that knows no tasks', () => {
  it('waits for the result, however long it takes', async () => {
    const client = new TaskClient(at('quick'), { tasks: false });
    const call = client.call('work', { label: 'plain' });
    await upstream.seen('plain');
    await new Promise((resolve) => setTimeout(resolve, 150));
    upstream.release('plain');
    expect(await call).toMatchObject({ resultType: 'complete', content: [{ text: 'worked on plain' }] });
  });

  it('is refused where the rules require a task, and for every method of tasks', async () => {
    const client = new TaskClient(at('strict'), { tasks: false });
    const missing = { code: -32_021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } };
    const args = { label: 'strict' };
    expect(await client.errorOf('tools/call', { name: 'work', arguments: args })).toMatchObject(missing);
    expect(upstream.runs('strict')).toHaveLength(0);
    for (const method of ['tasks/get', 'tasks/cancel']) {
      expect(await client.errorOf(method, { taskId: 'any' })).toMatchObject(missing);
    }
    const update = { taskId: 'any', inputResponses: {} };
    expect(await client.errorOf('tasks/update', update)).toMatchObject(missing);
  });
});

describe('what a server says of itself', () => {
  it('names the extension unless all of its tools never become tasks', async () => {
    const declared = async (server: string): Promise<unknown> => {
      const { message } = await new TaskClient(at(server)).ask('server/discover');
      return Object(Object(message['result']).capabilities).extensions?.[TASKS];
    };
    expect(await declared('quick')).toEqual({});
    expect(await declared('patient')).toEqual({});
    expect(await declared('never')).toBeUndefined();
  });

  it('has no methods of tasks that the extension removed', async () => {
    const client = new TaskClient(at('quick'));
    for (const method of ['tasks/result', 'tasks/list'])
      expect(await client.errorOf(method, { taskId: 'any' })).toMatchObject({ code: -32_601 });
  });
});
