import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type CommandEnded, runGateward } from '../support/keys.ts';
import { TaskClient } from '../support/task-client.ts';

const SECRET = { secret: 'not for operators' };

const ends: (() => Promise<unknown>)[] = [];
let gateway: RunningGateway;

beforeEach(async () => {
  const upstream = await startModernHttp();
  ends.push(() => upstream.stop());
  const configText = `listen: { port: 0 }\nupstreams: { up: { url: "${upstream.url}", tasks: { mode: always } } }\n`;
  gateway = await startGateway({ configText });
  ends.push(() => gateway.stop());
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Listed {
  readonly tasks: readonly { readonly id: string; readonly tool: string; readonly state: string }[];
}

function gateward(...args: string[]): Promise<CommandEnded> {
  return runGateward([
    'task',
    ...args,
    '--url',
    gateway.url,
    '--key-file',
    join(gateway.dataDir, 'admin.key'),
  ]);
}

async function list(...filters: string[]): Promise<Listed['tasks']> {
  const listed: Listed = JSON.parse((await gateward('list', '--json', ...filters)).stdout);
  return listed.tasks;
}

it('shows operators the tasks of a gateway and lets them try a failed one again', async () => {
  const client = new TaskClient(`${gateway.url}/servers/up/mcp`);
  await client.create('test_simple_text', SECRET);
  await client.create('absent_tool', SECRET);
  await vi.waitFor(
    async () => expect((await list()).map(({ state }) => state).toSorted()).toEqual(['completed', 'failed']),
    { timeout: 20_000 },
  );
  expect(await list('--state', 'completed')).toMatchObject([{ tool: 'test_simple_text' }]);
  const [failed] = await list('--state', 'failed', '--upstream', 'up', '--limit', '1');
  const id = failed?.id ?? '';
  const shown = await gateward('show', id, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ state: 'failed', attempts: 1, history: [{}] });
  expect(shown.stdout).not.toContain(SECRET.secret);
  const tried = await gateward('retry', id);
  expect(tried).toMatchObject({ code: 0 });
  expect((await gateward('cancel', id, 'none')).code).toBe(5);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('gateward_tasks_created_total{upstream="up",how="at-once"} 2\n');
  expect(metrics).toMatch(/^gateward_tasks_stored\{upstream="up",state="completed"\} 1$/m);
  expect(metrics).not.toContain(SECRET.secret);
});
