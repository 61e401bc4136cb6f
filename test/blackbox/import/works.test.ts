import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startModernHttp } from '../../fixtures/servers/modern-http.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import { startTinyRegistry, type TinyRegistry } from '../../launch/tiny-registry.ts';
import { findFreePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { makeHome, type TestHome } from './homes.ts';

/** A whole server in one file: one tool, which tells whether it was given its token. */
const PROGRAM = `
const answers = {
  initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'tiny', version: '1' } },
  'tools/list': { tools: [{ name: 'token', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: String(process.env.TINY_TOKEN === 'CANARY-tiny') }] },
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const result = answers[method];
  const error = { code: -32601, message: 'Method not found' };
  process.stdout.write(JSON.stringify(result ? { jsonrpc: '2.0', id, result } : { jsonrpc: '2.0', id, error }) + '\\n');
});`;
const MINUTE = { timeout: 60_000 };

let at: TestHome;
let registry: TinyRegistry;
let http: Listening;
let gateway: RunningGateway;
const seen: string[] = [];

beforeAll(async () => {
  at = await makeHome();
  registry = await startTinyRegistry([{ name: 'tiny-mcp', version: '1.0.0', program: PROGRAM }]);
  http = await startModernHttp({
    before: (_, { headers }) => {
      seen.push(String(headers.authorization));
      return false;
    },
  });
  const port = await findFreePort();
  await writeFile(
    at.configFile,
    `listen: { port: ${port} }\nlaunch: { folders: ["${VOUCHED.folders[0]}"] }\n`,
  );
  const script = join(VOUCHED.folders[0] ?? '', 'test', 'fixtures', 'servers', 'legacy-stdio.ts');
  await at.write({
    '.npmrc': `registry=${registry.url}\n`,
    '.cursor/mcp.json': JSON.stringify({
      mcpServers: {
        web: { url: http.url, headers: { Authorization: 'Bearer CANARY-web' } },
        tiny: { command: 'npx', args: ['-y', 'tiny-mcp@1.0.0'], env: { TINY_TOKEN: 'CANARY-tiny' } },
        shell: { command: 'bash', args: ['-c', `touch ${join(at.home, 'marker')}`] },
        script: { command: 'node', args: [script] },
      },
    }),
  });
  gateway = await startGateway({ configFile: at.configFile, env: { HOME: at.home } });
});
afterAll(async () => {
  await gateway?.stop();
  await http?.stop();
  await registry?.stop();
  await at?.remove();
});

async function withClient<T>(run: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ name: 'import-test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const entry: { mcpServers: { gateward: { url: string } } } = JSON.parse(await at.read('.cursor/mcp.json'));
  await client.connect(new StreamableHTTPClientTransport(new URL(entry.mcpServers.gateward.url)));
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

/** Waits until clients are offered tools of just these upstreams. */
function offers(names: readonly string[]): Promise<void> {
  const look = (): Promise<void> =>
    withClient(async (client) => {
      const { tools } = await client.listTools();
      const upstreams = new Set(tools.map(({ name }) => name.split('__')[0]));
      expect([...upstreams].sort()).toEqual(names);
    });
  return vi.waitFor(look, { ...MINUTE, interval: 1000 });
}

describe('servers that were imported', () => {
  it('work through a gateway that was running all the time', async () => {
    const done = await at.run(['import', '--yes', '--json']);
    expect(JSON.parse(done.stdout)).toMatchObject({
      servers: Array.from({ length: 4 }, () => ({ state: 'moved' })),
    });
    await offers(['script', 'tiny', 'web']);
    const answer = await withClient((client) => client.callTool({ name: 'tiny__token', arguments: {} }));
    expect(answer).toMatchObject({ content: [{ type: 'text', text: 'true' }] });
    expect(seen).toContain('Bearer CANARY-web');
    expect(await at.read('.cursor/mcp.json')).not.toContain('CANARY');
  }, 120_000);

  it('are not started where they wait for an approval', async () => {
    await expect(access(join(at.home, 'marker'))).rejects.toThrow();
    const diff = await at.run(['server', 'diff', 'shell']);
    expect(diff.stdout).toContain('"-c"');
  });

  it('are joined by one that somebody agreed to at the command line', async () => {
    await at.write({ 'tiny.cjs': PROGRAM });
    const command = ['--', 'node', join(at.home, 'tiny.cjs')];
    const added = await at.run(['server', 'add', 'agreed', '--yes', '--yes-dangerous'], {}, command);
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('needs-approval') });
    await offers(['agreed', 'script', 'tiny', 'web']);
    expect(await at.run(['server', 'remove', 'agreed'])).toMatchObject({ code: 0 });
    await offers(['script', 'tiny', 'web']);
  }, 120_000);
});
