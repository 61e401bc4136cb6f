import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, LegacySession, resultOf } from '../../support/front-door.ts';
import { askAdmin, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { Fault, type ScriptedServer, startScripted, text } from '../../support/scripted-server.ts';
import { TASKS, TaskClient } from '../../support/task-client.ts';

const SECRET = `ghp_${'w7Rt'.repeat(9)}`;
/** A part of it that means something alone. */
const TELLING = 'w7Rtw7Rtw7Rt';
const REMOVED = '[removed: github-token]';
const TOLD = `The key is ${SECRET}.`;
const STEP_MS = 300;
const FORM = {
  method: 'elicitation/create',
  params: { mode: 'form', message: TOLD, requestedSchema: { type: 'object', properties: {} } },
};

/** How a task of the upstream's own stands at each look. */
const STATES: Readonly<Record<string, readonly Json[]>> = {
  ends: [
    { status: 'working', statusMessage: TOLD },
    { status: 'completed', result: text(TOLD) },
  ],
  fails: [
    { status: 'working' },
    { status: 'failed', error: { code: -32_050, message: TOLD, data: { more: [TOLD] } } },
  ],
  asks: [{ status: 'input_required', inputRequests: { who: FORM } }],
};

let upstream: ScriptedServer;
let gateway: RunningGateway;

beforeAll(async () => {
  const looks = new Map<string, number>();
  const after = async (result: Json): Promise<Json> => {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    return result;
  };
  const own = (kind: string) => (): Json => {
    const taskId = `${kind}-${looks.size}`;
    looks.set(taskId, 0);
    return { resultType: 'task', ...describeTask(taskId), status: 'working', statusMessage: TOLD };
  };
  upstream = await startScripted({
    name: 'telling',
    capabilities: { tools: {}, extensions: { [TASKS]: {} } },
    methods: {
      'tasks/get': ({ params }) => {
        const taskId = String(params['taskId']);
        const states = STATES[taskId.split('-')[0] ?? ''] ?? [];
        const look = looks.get(taskId) ?? 0;
        looks.set(taskId, look + 1);
        return { ...describeTask(taskId), ...states[Math.min(look, states.length - 1)] };
      },
      'tasks/update': () => ({}),
      'tasks/cancel': () => ({}),
    },
    tools: {
      work: () => after({ ...text(TOLD), structuredContent: { [SECRET]: [{ note: TOLD }] } }),
      halves: () => after({ content: [...parts(0, 20), ...parts(20)] }),
      fault: async () => {
        await after({});
        throw new Fault(-32_050, TOLD, { more: [TOLD] });
      },
      ask: ({ params }) =>
        params['inputResponses'] === undefined
          ? { resultType: 'input_required', requestState: SECRET, inputRequests: { who: FORM } }
          : after(text(TOLD)),
      'own-ends': own('ends'),
      'own-fails': own('fails'),
      'own-asks': own('asks'),
    },
  });
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      log: { level: 'debug', format: 'json' },
      pins: { mode: 'off' },
      upstreams: {
        promoted: { url: upstream.url, tasks: { promoteAfterMs: 30 } },
        always: { url: upstream.url, tasks: { mode: 'always' } },
      },
    }),
  });
});

afterAll(async () => {
  await Promise.all([gateway?.stop(), upstream?.close()]);
});

function parts(from: number, to?: number): Json[] {
  return [{ type: 'text', text: SECRET.slice(from, to) }];
}

function describeTask(taskId: string): Json {
  const at = new Date().toISOString();
  return { taskId, createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 100 };
}

function at(server: string): string {
  return `${gateway.url}/servers/${server}/mcp`;
}

/** Reads a task until it is so, and gives all that was said of it. */
async function follow(server: string, tool: string, status: string): Promise<string> {
  const client = new TaskClient(at(server));
  const made = await client.call(tool);
  expect(made).toMatchObject({ resultType: 'task' });
  const seen: Json[] = [made];
  await client.until(String(made['taskId']), status, (task) => seen.push(task) > 0);
  const admin = await (await askAdmin(gateway, `tasks/${made['taskId']}`)).text();
  return JSON.stringify(seen) + admin;
}

describe.each(['promoted', 'always'])('a call that is run as a task (%s)', (server) => {
  it.each([
    ['work', 'completed'],
    ['halves', 'completed'],
    ['fault', 'failed'],
    ['own-ends', 'completed'],
    ['own-fails', 'failed'],
    ['own-asks', 'input_required'],
  ])('tells no secret: %s', async (tool, status) => {
    const said = await follow(server, tool, status);
    expect(said).not.toContain(TELLING);
    expect(said).toContain(REMOVED);
    // Questions of a task carry no label: nothing of a task's answer has a place for it.
    if (status !== 'input_required') expect(said).toContain('io.gateward/guard');
  });

  it('tells none by a subscription', async () => {
    const client = new TaskClient(at(server));
    const taskId = await client.create('own-ends');
    const stream = await client.listen([taskId]);
    await client.until(taskId, 'completed');
    await expect.poll(() => JSON.stringify(stream.of('notifications/tasks'))).toContain('completed');
    expect(JSON.stringify(stream.messages)).not.toContain(TELLING);
    await stream.close();
  });
});

describe('a task that asks something', () => {
  it('asks without the secret, and tells none by its end', async () => {
    const client = new TaskClient(at('always'));
    const taskId = await client.create('ask');
    const asking = await client.until(taskId, 'input_required');
    expect(JSON.stringify(asking)).toContain(REMOVED);
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await client.update(taskId, { [key]: { action: 'accept', content: {} } });
    const said = JSON.stringify([asking, await client.until(taskId, 'completed')]);
    expect(said).not.toContain(TELLING);
  });
});

describe('a legacy client', () => {
  it('that asks for a task gets no secret by its result', async () => {
    const session = await LegacySession.open(at('always'), {});
    const made = await session.ask('tools/call', { name: 'work', arguments: {}, task: { ttl: 60_000 } });
    const { taskId } = Object(resultOf(made.message)['task']);
    const ended = await session.ask('tasks/result', { taskId });
    const said = JSON.stringify([made.message, ended.message, ended.notifications]);
    expect(said).toContain(REMOVED);
    expect(said).not.toContain(TELLING);
  });
});

describe('when all of that is over', () => {
  it('no file of the data folder holds the secret', () => {
    const files = readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const databases = files.filter((file) => readFileSync(file).includes('SQLite format 3'));
    expect(databases).not.toEqual([]);
    for (const file of files) {
      const bytes = readFileSync(file);
      const found = [TELLING, Buffer.from(SECRET).toString('base64').slice(4, 30)].filter((part) =>
        bytes.includes(part),
      );
      expect([file, found]).toEqual([file, []]);
    }
  });

  it('neither the log nor the metrics hold it', async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(gateway.stderr()).toContain('github-token');
    for (const said of [gateway.stderr(), metrics, JSON.stringify(gateway.events)])
      expect(said).not.toContain(TELLING);
  });
});
