import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEGACY, MODERN, modernMeta } from '../../support/front-door.ts';
import { askAdmin, familyOf, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { createKey } from '../../support/keys.ts';

const MINUTE = 60_000;

let folder: string;
let marker: string;
let gateway: RunningGateway;
let keys: Readonly<Record<Who, Readonly<Record<string, string>>>>;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-routes-')));
  marker = join(folder, 'marker');
  const configText = JSON.stringify({
    listen: { port: 0, legacySse: true },
    auth: { keys: true },
    // The same payload stands in the file, where it waits.
    upstreams: { waiting: { command: '/bin/sh', args: ['-c', `touch ${marker}`] } },
  });
  gateway = await startGateway({ configText });
  const { headers } = await createKey(gateway.configFile, 'member');
  keys = { nobody: {}, member: headers, administrator: { authorization: `Bearer ${gateway.adminKey}` } };
}, MINUTE);
afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

const WHO = ['nobody', 'member', 'administrator'] as const;
type Who = (typeof WHO)[number];

/** A launch in the spellings that gateways and consoles take or took. */
function payloads(): readonly object[] {
  const launch = { command: '/bin/sh', args: ['-c', `touch ${marker}`], env: {} };
  const line = { command: `/bin/sh -c "touch ${marker}"` };
  return [
    { name: 'evil', ...launch },
    { name: 'evil', transport: 'stdio', ...launch },
    { name: 'evil', type: 'stdio', transportType: 'stdio', url: 'http://127.0.0.1:9/mcp', ...launch },
    { server_name: 'evil', transport: 'stdio', mcp_info: {}, ...launch },
    { upstreams: { evil: launch, waiting: launch } },
    { mcpServers: { evil: launch } },
    { config: { upstreams: { evil: launch } }, launch: { dangerouslyStartUnapproved: true } },
    { name: 'evil', transport: 'stdio', ...line },
  ];
}

const PLACES = ['', '/evil', '/waiting', '/test', '/preview', '/import', '/waiting/test', '/waiting/restart'];
const BASES = ['upstreams', 'servers', 'mcp', 'config', 'launch', 'approvals', 'reload', 'status', 'import'];
const adminPaths = BASES.flatMap((base) => PLACES.map((place) => `/admin/api/${base}${place}`));
const MCP_PATHS = [
  '/mcp',
  '/servers/waiting/mcp',
  '/servers/evil/mcp',
  '/servers/waiting/sse',
  '/sse',
  '/message',
];
const OTHER_PATHS = [
  '/',
  '/config',
  '/mcp/test',
  '/mcp-rest/test/connection',
  '/api/v1/servers',
  '/servers',
  '/readyz',
];

async function ask(path: string, init: RequestInit): Promise<number> {
  // A stream that opens is of no use here.
  const end = new AbortController();
  const response = await fetch(`${gateway.url}${path}`, { ...init, signal: end.signal });
  end.abort();
  return response.status;
}

/** Nothing ran, and nothing runs below the gateway. */
function nothingStarted(): void {
  expect(existsSync(marker)).toBe(false);
  expect(familyOf(gateway.pid)).toEqual([gateway.pid]);
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

describe.each(WHO)('as %s', (who) => {
  it(
    'no request with a launch in its body starts it, on any path of the admin API or beside it',
    async () => {
      const statuses = new Set<number>();
      for (const path of [...adminPaths, ...OTHER_PATHS]) {
        for (const method of ['POST', 'PUT', 'PATCH']) {
          for (const payload of payloads().slice(0, method === 'POST' ? undefined : 1)) {
            statuses.add(
              await ask(path, { method, headers: { ...json, ...keys[who] }, body: JSON.stringify(payload) }),
            );
          }
        }
        await ask(path, { method: 'DELETE', headers: keys[who] });
      }
      nothingStarted();
      const { upstreams } = (await (await askAdmin(gateway, 'status')).json()) as { upstreams: unknown[] };
      expect(upstreams).toEqual([expect.objectContaining({ name: 'waiting', state: 'down' })]);
      expect([...statuses].every((status) => status < 500)).toBe(true);
    },
    MINUTE * 2,
  );

  it(
    'no query string starts one',
    async () => {
      const query = new URLSearchParams({
        ...{ transport: 'stdio', transportType: 'stdio', command: '/bin/sh', name: 'evil' },
        args: `-c "touch ${marker}"`,
        env: '{}',
      });
      for (const path of [...adminPaths, ...MCP_PATHS, ...OTHER_PATHS]) {
        await ask(`${path}?${query}`, { headers: { ...json, ...keys[who] } });
      }
      for (const path of ['/admin/api/reload', '/admin/api/upstreams', '/mcp', '/message'])
        await ask(`${path}?${query}`, { method: 'POST', headers: { ...json, ...keys[who] }, body: '{}' });
      nothingStarted();
    },
    MINUTE,
  );

  it(
    'no message of either era starts one',
    async () => {
      for (const path of MCP_PATHS) {
        for (const payload of payloads()) {
          const calls = [
            {
              method: 'initialize',
              params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: payload },
            },
            { method: 'tools/call', params: { name: 'waiting__x', arguments: payload, ...payload } },
            { method: 'server/add', params: payload },
          ];
          for (const { method, params } of calls) {
            const body = { jsonrpc: '2.0', id: 1, method };
            await ask(path, {
              method: 'POST',
              headers: { ...json, ...keys[who] },
              body: JSON.stringify({ ...body, params }),
            });
            await ask(path, {
              method: 'POST',
              headers: { ...json, 'mcp-protocol-version': MODERN, 'mcp-method': method, ...keys[who] },
              body: JSON.stringify({ ...body, params: { ...params, _meta: modernMeta({ ...payload }) } }),
            });
          }
        }
      }
      nothingStarted();
    },
    MINUTE,
  );
});

it('a reload starts nothing that waits', async () => {
  expect((await askAdmin(gateway, 'reload', 'POST')).status).toBe(200);
  nothingStarted();
});

it(
  'the payload does leave its mark once it is approved, so that the tests are worth something',
  async () => {
    const list = await askAdmin(gateway, 'approvals?kind=launch');
    const { approvals } = (await list.json()) as { approvals: { id: string }[] };
    expect(approvals).toHaveLength(1);
    await askAdmin(gateway, `approvals/${approvals[0]?.id}/approve?dangerous=yes`, 'POST');
    await expect.poll(() => existsSync(marker), { timeout: 15_000 }).toBe(true);
  },
  MINUTE,
);
