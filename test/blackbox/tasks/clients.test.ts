import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../../fixtures/servers/legacy-http.ts';
import { type ModernHttp, startModernHttp } from '../../fixtures/servers/modern-http.ts';
import { startModernTasksHttp } from '../../fixtures/servers/modern-tasks-http.ts';
import { type Json, LegacySession, resultOf } from '../../support/front-door.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { TaskClient } from '../../support/task-client.ts';

const WITHIN = { timeout: 15_000, interval: 20 };
const UPSTREAMS = ['modern', 'legacy', 'native', 'legacy-tasks'] as const;
const RELATED_TASK = 'io.modelcontextprotocol/related-task';

type Upstream = (typeof UPSTREAMS)[number];

let servers: Readonly<Record<Upstream, ModernHttp | LegacyHttp>>;
let gateway: RunningGateway;

beforeAll(async () => {
  servers = {
    modern: await startModernHttp(),
    legacy: await startLegacyHttp(),
    native: await startModernTasksHttp(),
    'legacy-tasks': await startLegacyHttp({ tasks: true }),
  };
  const entries = Object.entries(servers).map(([name, { url }]) => [
    name,
    { url, tasks: { promoteAfterMs: 50, tools: { multi_input: { mode: 'always' } } } },
  ]);
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      tasks: { pollIntervalMs: 100 },
      upstreams: {
        ...Object.fromEntries(entries),
        never: { url: servers.modern.url, tasks: { mode: 'never' } },
        required: { url: servers.modern.url, tasks: { mode: 'required' } },
      },
    }),
  });
});
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all(Object.values(servers ?? {}).map((server) => server.stop()));
});

const urlOf = (upstream: Upstream): string => `${gateway.url}/servers/${upstream}/mcp`;

/** SDK v1, whose user answers every form. */
async function connectLegacy(upstream: Upstream): Promise<LegacyClient> {
  const client = new LegacyClient(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { form: {} }, tasks: {} } },
  );
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Ann', confirm: true },
  }));
  await client.connect(new StreamableHTTPClientTransport(new URL(urlOf(upstream))) as Transport);
  open.push(client);
  return client;
}

/** What the legacy client with tasks sees of one call: its events, the last one the result. */
async function streamOf(
  client: LegacyClient,
  name: string,
  args: Json,
): Promise<{ events: string[]; last: Json }> {
  await client.listTools();
  const events: string[] = [];
  let last: Json = {};
  const request = { name, arguments: args };
  for await (const event of client.experimental.tasks.callToolStream(request, CallToolResultSchema, {
    task: { ttl: 60_000 },
  })) {
    if (events.at(-1) !== event.type) events.push(event.type);
    last = { ...event };
  }
  return { events, last };
}

async function listAllTasks(client: LegacySession): Promise<Json[]> {
  const tasks: Json[] = [];
  let params: Json = {};
  for (;;) {
    const page = resultOf((await client.ask('tasks/list', params)).message);
    tasks.push(...(page['tasks'] as Json[]));
    if (page['nextCursor'] === undefined) return tasks;
    params = { cursor: page['nextCursor'] };
  }
}

const EXPECTED = [{ type: 'text', text: 'Computed sums' }];
const SLOW = { seconds: 0.6, label: 'sums' };

describe.each(UPSTREAMS)('the slow tool of the upstream "%s"', (upstream) => {
  let before = 0;
  const count = (): number => servers[upstream].state.calls.count('slow_compute');
  const runsOnce = (): void => expect(count() - before).toBe(1);

  it('gives its result to a modern client with tasks', async () => {
    before = count();
    const client = new TaskClient(urlOf(upstream));
    const taskId = await client.create('slow_compute', SLOW);
    const ended = await client.until(taskId, 'completed');
    expect(ended['result']).toMatchObject({ content: EXPECTED });
    expect(JSON.stringify(ended)).not.toContain(RELATED_TASK);
    runsOnce();
  });

  it('gives its result to a modern client without tasks', async () => {
    before = count();
    const result = await new TaskClient(urlOf(upstream), { tasks: false }).call('slow_compute', SLOW);
    expect(result).toMatchObject({ resultType: 'complete', content: EXPECTED });
    runsOnce();
  });

  it('gives its result to a legacy client with tasks', async () => {
    before = count();
    const { events, last } = await streamOf(await connectLegacy(upstream), 'slow_compute', SLOW);
    expect(events).toEqual(['taskCreated', 'taskStatus', 'result']);
    expect(last['result']).toMatchObject({ content: EXPECTED });
    runsOnce();
  });

  it('gives its result to a legacy client without tasks', async () => {
    before = count();
    const client = await LegacySession.open(urlOf(upstream));
    const { message } = await client.ask('tools/call', { name: 'slow_compute', arguments: SLOW });
    const result = resultOf(message);
    expect(result).toMatchObject({ content: EXPECTED });
    expect(JSON.stringify(result)).not.toContain(RELATED_TASK);
    runsOnce();
  });
});

describe.each(['native', 'legacy-tasks'] as const)('a task of the upstream "%s" itself', (upstream) => {
  const cancelledTasks = (): number =>
    Object.keys(servers[upstream].state.calls.all()).filter((name) => name.startsWith('cancelled-task:'))
      .length;

  it('shows a client that waits that it goes on', async () => {
    const client = new TaskClient(urlOf(upstream), { tasks: false });
    const params = { name: 'failing_job', arguments: {} };
    const { message, notifications } = await client.ask('tools/call', params, {
      meta: { progressToken: 'p' },
    });
    expect(message).toMatchObject({ result: { isError: true } });
    const told = notifications.filter(({ method }) => method === 'notifications/progress');
    expect(told.length).toBeGreaterThan(1);
    const values = told.map((one) => Object(one['params']).progress);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(told[0]).toMatchObject({ params: { progressToken: 'p' } });
  });

  it('is cancelled with the task of the client', async () => {
    const before = cancelledTasks();
    const client = new TaskClient(urlOf(upstream));
    const taskId = await client.create('slow_compute', { seconds: 60 });
    await client.cancel(taskId);
    await client.until(taskId, 'cancelled');
    await vi.waitFor(() => expect(cancelledTasks()).toBe(before + 1), WITHIN);
  });

  it('is cancelled when a client that waits hangs up', async () => {
    const before = cancelledTasks();
    const started = servers[upstream].state.calls.count('failing_job');
    const hangUp = new AbortController();
    const client = new TaskClient(urlOf(upstream), { tasks: false });
    const call = client.call('failing_job', {}, { signal: hangUp.signal });
    await vi.waitFor(() => {
      expect(servers[upstream].state.calls.count('failing_job')).toBe(started + 1);
    }, WITHIN);
    hangUp.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(cancelledTasks()).toBe(before + 1), WITHIN);
  });
});

describe.each(UPSTREAMS)('a tool that asks, of the upstream "%s"', (upstream) => {
  it('asks a modern client with tasks', async () => {
    const client = new TaskClient(urlOf(upstream));
    const made = await client.call('confirm_delete', { filename: 'a.txt' });
    if (made['resultType'] === 'input_required') {
      // The upstream asked before there was a task.
      expect(['modern', 'legacy']).toContain(upstream);
      return;
    }
    const asking = await client.until(String(made['taskId']), 'input_required');
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await client.update(String(made['taskId']), { [key]: { action: 'accept', content: { confirm: true } } });
    expect(await client.textOf(String(made['taskId']))).toBe('Deleted a.txt');
  });

  it('takes the answers of a modern client one by one', async () => {
    const client = new TaskClient(urlOf(upstream));
    const taskId = await client.create('multi_input', {});
    const both = (task: Json): boolean => Object.keys(Object(task['inputRequests'])).length === 2;
    const asking = await client.until(taskId, 'input_required', both);
    const [first = '', second = ''] = Object.keys(Object(asking['inputRequests']));
    await client.update(taskId, { [first]: { action: 'accept', content: { name: 'Ann' } } });
    const left = await client.until(taskId, 'input_required');
    expect(Object.keys(Object(left['inputRequests']))).toEqual([second]);
    await client.update(taskId, { [second]: { action: 'accept', content: { name: 'Bob' } } });
    expect(await client.textOf(taskId)).toBe('Ann, Bob');
  });

  it('asks a legacy client with tasks', async () => {
    const { events, last } = await streamOf(await connectLegacy(upstream), 'confirm_delete', {
      filename: 'b.txt',
    });
    expect(events.at(0)).toBe('taskCreated');
    expect(last['result']).toMatchObject({ content: [{ type: 'text', text: 'Deleted b.txt' }] });
  });

  it('asks a legacy client without tasks', async () => {
    const client = await connectLegacy(upstream);
    const result = await client.callTool({ name: 'confirm_delete', arguments: { filename: 'c.txt' } });
    expect(result).toMatchObject({ content: [{ type: 'text', text: 'Deleted c.txt' }] });
  });
});

describe.each(UPSTREAMS)('a tool that fails, of the upstream "%s"', (upstream) => {
  it('completes with a tool error for a modern client', async () => {
    const client = new TaskClient(urlOf(upstream));
    const taskId = await client.create('failing_job', {});
    expect(await client.until(taskId, 'completed')).toMatchObject({
      result: { isError: true, content: [{ text: 'The job failed' }] },
    });
  });

  it('gives its tool error to a client without tasks', async () => {
    const client = new TaskClient(urlOf(upstream), { tasks: false });
    expect(await client.call('failing_job', {})).toMatchObject({
      isError: true,
      content: [{ text: 'The job failed' }],
    });
  });

  it('gives a client its JSON-RPC error', async () => {
    for (const tasks of [true, false]) {
      const client = new TaskClient(urlOf(upstream), { tasks });
      const { message } = await client.ask('tools/call', { name: 'protocol_error_job', arguments: {} });
      const result = Object(message['result']);
      const error =
        result.resultType === 'task'
          ? (await client.until(result.taskId, 'failed'))['error']
          : message['error'];
      expect(error).toMatchObject({
        code: -32_603,
        message: expect.stringContaining('the job does not exist'),
      });
    }
  });
});

describe('the methods of tasks of 2025-11-25', () => {
  it('are declared, and the tools say which of them may be tasks', async () => {
    const client = await connectLegacy('modern');
    expect(client.getServerCapabilities()?.tasks).toEqual({
      list: {},
      cancel: {},
      requests: { tools: { call: {} } },
    });
    const { tools } = await client.listTools();
    const slow = tools.find(({ name }) => name === 'slow_compute');
    expect(slow?.execution).toEqual({ taskSupport: 'optional' });
  });

  it('are not there for older revisions', async () => {
    const client = await LegacySession.open(urlOf('modern'), {}, '2025-06-18');
    expect(Object(client.initialized['capabilities'])).not.toHaveProperty('tasks');
    const { message } = await client.ask('tools/list');
    expect(JSON.stringify(message)).not.toContain('taskSupport');
  });

  it('list, show and cancel the tasks of the caller', async () => {
    const client = await LegacySession.open(urlOf('modern'));
    const params = { name: 'slow_compute', arguments: { seconds: 30 }, task: { ttl: 60_000 } };
    const { task } = Object(resultOf((await client.ask('tools/call', params)).message));
    expect(task).toMatchObject({
      taskId: expect.any(String),
      status: 'working',
      ttl: expect.any(Number),
      pollInterval: 100,
      createdAt: expect.any(String),
      lastUpdatedAt: expect.any(String),
    });
    const { taskId } = task;
    expect(resultOf((await client.ask('tasks/get', { taskId })).message)).toMatchObject({
      taskId,
      status: 'working',
    });
    const { tasks } = Object(resultOf((await client.ask('tasks/list')).message));
    expect(tasks.map((one: Json) => one['taskId'])).toContain(taskId);
    const cancelled = resultOf((await client.ask('tasks/cancel', { taskId })).message);
    expect(cancelled).toMatchObject({ taskId, status: 'cancelled' });
    const again = await client.ask('tasks/cancel', { taskId });
    expect(again.message).toMatchObject({ error: { code: -32_602 } });
    const calls = servers.modern.state.calls;
    await vi.waitFor(() => expect(calls.count('cancelled:slow_compute')).toBeGreaterThan(0), WITHIN);
  });

  it('list them page by page', async () => {
    const client = await LegacySession.open(urlOf('modern'));
    const made = new Set<unknown>();
    for (let number = 0; number < 55; number += 1) {
      const params = { name: 'slow_compute', arguments: { seconds: 0 }, task: {} };
      made.add(Object(resultOf((await client.ask('tools/call', params)).message)['task']).taskId);
    }
    const listed = (await listAllTasks(client)).map(({ taskId }) => taskId);
    expect(new Set(listed).size).toBe(listed.length);
    expect([...made].filter((taskId) => !listed.includes(taskId))).toEqual([]);
    const { message } = await client.ask('tasks/list', { cursor: 'no cursor' });
    expect(message).toMatchObject({ error: { code: -32_602 } });
  });

  it('follow the rules: a tool that is never a task, and one that is nothing else', async () => {
    const at = (server: string) => LegacySession.open(`${gateway.url}/servers/${server}/mcp`);
    const params = { name: 'slow_compute', arguments: { seconds: 0 } };
    const [never, required] = [await at('never'), await at('required')];
    expect((await never.ask('tools/call', { ...params, task: {} })).message).toMatchObject({
      error: { code: -32_601 },
    });
    expect((await required.ask('tools/call', params)).message).toMatchObject({ error: { code: -32_601 } });
    expect(Object(never.initialized['capabilities'])).not.toHaveProperty('tasks');
    const { tools } = Object(resultOf((await required.ask('tools/list')).message));
    expect(tools[0]).toMatchObject({ execution: { taskSupport: 'required' } });
  });

  it('give the result with its task in _meta, and an unknown task an error', async () => {
    const client = await LegacySession.open(urlOf('modern'));
    const params = { name: 'slow_compute', arguments: SLOW, task: {} };
    const { task } = Object(resultOf((await client.ask('tools/call', params)).message));
    const { taskId } = task;
    const result = resultOf((await client.ask('tasks/result', { taskId })).message);
    expect(result).toMatchObject({ content: EXPECTED, _meta: { [RELATED_TASK]: { taskId } } });
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      const { message } = await client.ask(method, { taskId: 'unknown' });
      expect(message).toMatchObject({ error: { code: -32_602 } });
    }
  });
});

describe('a task', () => {
  it('is the same for clients of either era', async () => {
    const modern = new TaskClient(urlOf('modern'));
    const taskId = await modern.create('slow_compute', SLOW);
    const legacy = await LegacySession.open(urlOf('modern'));
    const result = resultOf((await legacy.ask('tasks/result', { taskId })).message);
    expect(result).toMatchObject({ content: EXPECTED });
    expect(await modern.textOf(taskId)).toBe('Computed sums');
  });
});
