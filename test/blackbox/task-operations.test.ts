import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { gatewardCommand, type RunningGateway, startGateway } from '../support/gateway.ts';

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

/** Makes a task of a call, as a client that knows tasks does. */
async function makeTask(name: string): Promise<void> {
  const response = await fetch(`${gateway.url}/servers/up/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: { secret: 'not for operators' },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {
            extensions: { 'io.modelcontextprotocol/tasks': {} },
          },
        },
      },
    }),
  });
  expect(await response.json()).toMatchObject({ result: { resultType: 'task' } });
}

interface Listed {
  readonly tasks: readonly { readonly id: string; readonly tool: string; readonly state: string }[];
}

async function gateward(...args: string[]): Promise<{ code: number | null; stdout: string }> {
  const [program, ...first] = gatewardCommand();
  const target = ['--url', gateway.url, '--key-file', join(gateway.dataDir, 'admin.key')];
  const child = spawn(program, [...first, 'task', ...args, ...target], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout };
}

async function list(...filters: string[]): Promise<Listed['tasks']> {
  const listed: Listed = JSON.parse((await gateward('list', '--json', ...filters)).stdout);
  return listed.tasks;
}

it('shows operators the tasks of a gateway and lets them try a failed one again', async () => {
  await makeTask('test_simple_text');
  await makeTask('absent_tool');
  await vi.waitFor(
    async () => expect((await list()).map(({ state }) => state).toSorted()).toEqual(['completed', 'failed']),
    { timeout: 20_000 },
  );
  expect(await list('--state', 'completed')).toMatchObject([{ tool: 'test_simple_text' }]);
  const [failed] = await list('--state', 'failed', '--upstream', 'up', '--limit', '1');
  const id = failed?.id ?? '';
  const shown = await gateward('show', id, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ state: 'failed', attempts: 1, history: [{}] });
  expect(shown.stdout).not.toContain('not for operators');
  const tried = await gateward('retry', id);
  expect(tried).toMatchObject({ code: 0 });
  expect((await gateward('cancel', id, 'none')).code).toBe(5);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('gateward_tasks_created_total{upstream="up",how="at-once"} 2\n');
  expect(metrics).toMatch(/^gateward_tasks_stored\{upstream="up",state="completed"\} 1$/m);
  expect(metrics).not.toContain('not for operators');
});
