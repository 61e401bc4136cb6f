import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/config/env.ts';
import { readConfig } from '../../../src/config/load.ts';
import { createGateway, type Gateway } from '../../../src/gateway.ts';
import { JumpingClock } from '../../support/jumping-clock.ts';
import { silentLog } from '../../support/legacy-upstream.ts';
import { TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, nameIs, startHeldUpstream } from './held-upstream.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let clock: JumpingClock;
let folder: string;
let upstream: HeldUpstream;
let gateway: Gateway;
let url: string;

async function start(): Promise<void> {
  const content = JSON.stringify({
    listen: { port: 0 },
    stop: { graceMs: 100 },
    dataDir: folder,
    upstreams: {
      held: { url: upstream.url, tasks: { promoteAfterMs: 50, retentionMs: 2 * HOUR_MS } },
      safe: { url: upstream.url, repeatable: true, tasks: { promoteAfterMs: 50 } },
      always: { url: upstream.url, tasks: { mode: 'always', inputMs: 2 * HOUR_MS } },
    },
  });
  const environment = readEnvironment({});
  const load = () => readConfig(content, { file: join(folder, 'gateward.yaml'), env: environment });
  gateway = createGateway({
    loaded: await load(),
    load,
    environment,
    log: silentLog,
    version: '0.0.0',
    clock,
  });
  ({ url } = await gateway.start());
}

beforeEach(async () => {
  clock = new JumpingClock();
  folder = await mkdtemp(join(tmpdir(), 'gateward-hours-'));
  upstream = await startHeldUpstream();
  await start();
});
afterEach(async () => {
  await gateway.stop();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const clientOf = (server = 'held'): TaskClient => new TaskClient(`${url}/servers/${server}/mcp`);

/** A client in a process of its own, which is killed once it has the handle of its task. */
async function createAndDie(label: string): Promise<string> {
  const program = `
    import { TaskClient } from ${JSON.stringify(join(import.meta.dirname, '../../support/task-client.ts'))};
    const client = new TaskClient(${JSON.stringify(`${url}/servers/held/mcp`)});
    console.log(await client.create('work', { label: ${JSON.stringify(label)} }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [taskId] = await once(createInterface({ input: child.stdout }), 'line');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return String(taskId);
}

describe('a client that was killed and asks again an hour later', () => {
  it('gets the result, and the error of an unknown task after the retention', async () => {
    const taskId = await createAndDie('killed');
    upstream.release('killed');
    await clientOf().until(taskId, 'completed');
    clock.jump(HOUR_MS);
    expect(await clientOf().textOf(taskId)).toBe('worked on killed');
    clock.jump(HOUR_MS - MINUTE_MS);
    expect(await clientOf().textOf(taskId)).toBe('worked on killed');
    clock.jump(2 * MINUTE_MS);
    const gone = await clientOf().errorOf('tasks/get', { taskId });
    expect(gone.code).toBe(-32_602);
    expect(gone).toEqual(await clientOf().errorOf('tasks/get', { taskId: `${taskId.slice(0, -4)}AAAA` }));
    expect(upstream.runs('killed')).toHaveLength(1);
  });

  it('gets it from a gateway that was stopped and started meanwhile', async () => {
    const taskId = await createAndDie('restarted');
    upstream.release('restarted');
    await clientOf().until(taskId, 'completed');
    await gateway.stop();
    clock.jump(HOUR_MS);
    await start();
    expect(await clientOf().textOf(taskId)).toBe('worked on restarted');
  });

  it('finds its task still at work', async () => {
    const taskId = await createAndDie('working');
    clock.jump(HOUR_MS);
    expect(await clientOf().get(taskId)).toMatchObject({ status: 'working' });
    upstream.release('working');
    expect(await clientOf().textOf(taskId)).toBe('worked on working');
    expect(upstream.runs('working')).toHaveLength(1);
  });
});

describe('a task at work while the gateway is stopped', () => {
  async function restart(): Promise<void> {
    await gateway.stop();
    await start();
  }

  it('is tried again after the next start where its call is safe to repeat', async () => {
    const taskId = await clientOf('safe').create('work', { label: 'safe' });
    await restart();
    await upstream.seen('safe', 2);
    expect(upstream.runs('safe')[0]?.gone.aborted).toBe(true);
    upstream.release('safe');
    expect(await clientOf('safe').textOf(taskId)).toBe('worked on safe');
  });

  it('fails where it may have run', async () => {
    const taskId = await clientOf().create('work', { label: 'unsafe' });
    await restart();
    expect(await clientOf().until(taskId, 'failed')).toMatchObject({
      error: { code: 1025, message: expect.stringContaining('may have run') },
    });
    expect(upstream.runs('unsafe')).toHaveLength(1);
  });

  it('still waits for its input', async () => {
    const taskId = await clientOf('always').create('ask', { label: 'waits' });
    await clientOf('always').until(taskId, 'input_required');
    await restart();
    const asking = await clientOf('always').until(taskId, 'input_required');
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    upstream.release('waits');
    await clientOf('always').update(taskId, { [key]: nameIs('Ann') });
    expect(await clientOf('always').textOf(taskId)).toBe('Ann, with the state of waits');
  });
});

describe('a task that waits for input', () => {
  it('takes the answer an hour later, and fails after its time', async () => {
    const client = clientOf('always');
    const [patient, late] = await Promise.all([
      client.create('ask', { label: 'patient' }),
      client.create('ask', { label: 'late' }),
    ]);
    const asking = await client.until(patient, 'input_required');
    await client.until(late, 'input_required');
    clock.jump(HOUR_MS);
    upstream.release('patient');
    const [key = ''] = Object.keys(Object(asking['inputRequests']));
    await client.update(patient, { [key]: nameIs('Ann') });
    expect(await client.textOf(patient)).toBe('Ann, with the state of patient');
    clock.jump(HOUR_MS + MINUTE_MS);
    await client.until(late, 'failed');
    expect(upstream.runs('late')).toHaveLength(1);
  });
});

describe('a task that is never over', () => {
  it('fails at its deadline', async () => {
    const client = clientOf('always');
    const taskId = await client.create('work', { label: 'endless' });
    clock.jump(25 * HOUR_MS);
    expect(await client.until(taskId, 'failed')).toMatchObject({ error: { code: 1024 } });
  });
});
