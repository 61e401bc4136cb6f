import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { approvalId, type Seen } from '../../src/store/approval-table.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { askModern, errorOf, type Json, resultOf } from '../support/front-door.ts';
import { askAdmin, type RunningGateway, startGateway } from '../support/gateway.ts';
import { runGateward } from '../support/keys.ts';
import { startPostgres } from '../support/postgres.ts';

const WITHIN = { timeout: 20_000, interval: 50 };
const TINY = fileURLToPath(new URL('servers/tiny-stdio.ts', import.meta.url));

const ends: (() => Promise<unknown>)[] = [];
let folder: string;
let configFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-approvals-'));
  configFile = join(folder, 'gateward.yaml');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

/** What `--json` printed, and how the command ended. */
async function ask(...args: readonly string[]) {
  const { code, stdout, stderr } = await runGateward(['server', ...args, '--config', configFile, '--json']);
  const json: Json & { approvals?: Json[]; error?: Json } = JSON.parse(stdout);
  return { code, stderr, ...json };
}

/** What the command says to people. */
const say = (...args: readonly string[]) => runGateward(['server', ...args, '--config', configFile]);

describe('what waits in the store', () => {
  it('is shown, decided on and left alone by the command line', async () => {
    const upstreams = { files: { url: 'http://127.0.0.1:9/mcp' } };
    await writeFile(configFile, JSON.stringify({ listen: { port: 0 }, upstreams }));
    expect(await say('diff')).toMatchObject({ code: 0, stderr: '' });
    const store = await createSqliteStore({ file: join(folder, 'data', 'gateward.db') });
    const seen: Seen = {
      ...{ upstream: 'files', kind: 'tools', name: 'search', digest: 'sha256:1', body: '{"name":"search"}' },
      ...{ state: 'pending', decidedBy: undefined },
      findings: '[{"rule":"concealment","severity":"block","path":"/description","reason":"It hides."}]',
    };
    await store.approvals.see([seen], 1000);
    await store.close();
    expect(await say('approve')).toMatchObject({ code: 2, stdout: '' });
    const flags = ['files', '--kind', 'tools', '--name', 'search'];
    expect(await ask('approve', ...flags)).toMatchObject({ code: 1, error: { code: 'NOT_CONFIRMED' } });
    expect(await ask('approve', ...flags, '--yes-dangerous')).toMatchObject({ code: 0 });
    const { stdout, code } = await say('reject', approvalId(seen));
    expect(code).toBe(0);
    expect(stdout).toContain('DANGEROUS concealment at /description: It hides.');
    expect(stdout).toContain(`rejected  files: tool "search"  ${approvalId(seen)}`);
    expect((await ask('diff', '--state', 'rejected')).approvals).toHaveLength(1);
    expect(await ask('diff', 'nobody')).toMatchObject({ code: 5, error: { code: 'APPROVAL_NOT_FOUND' } });
  });
});

describe('a command that waits for an approval', () => {
  const config = (more: Json = {}): string =>
    JSON.stringify({
      listen: { port: 0 },
      pins: { mode: 'off' },
      upstreams: { tiny: { command: process.execPath, args: [TINY] } },
      ...more,
    });
  const serve = async (sketch: Parameters<typeof startGateway>[0]): Promise<RunningGateway> => {
    const gateway = await startGateway(sketch);
    ends.push(() => gateway.stop());
    return gateway;
  };
  const echo = async ({ url }: RunningGateway) =>
    (
      await askModern(`${url}/servers/tiny/mcp`, 'tools/call', {
        params: { name: 'echo', arguments: { a: 1 } },
      })
    ).message;
  const answers = (gateway: RunningGateway) =>
    vi.waitFor(async () => expect(resultOf(await echo(gateway))['isError']).not.toBe(true), WITHIN);

  it('starts once it is approved, and without another word after a restart', async () => {
    await writeFile(configFile, config());
    const gateway = await serve({ configFile });
    expect(errorOf(await echo(gateway)).message).toMatch(/approv/i);
    const { approvals } = await ask('diff', 'tiny');
    expect(approvals).toMatchObject([
      { upstream: 'tiny', kind: 'launch', launch: expect.arrayContaining([`  "${TINY}"`]) },
    ]);
    expect(await ask('approve', 'tiny')).toMatchObject({ code: 1, error: { code: 'NOT_CONFIRMED' } });
    const { code } = await say('approve', String(approvals?.[0]?.['id']));
    expect(code).toBe(0);
    await answers(gateway);
    await gateway.stop();
    await answers(await serve({ configFile }));
    expect((await ask('diff')).approvals).toEqual([]);
  }, 60_000);

  it('is approved over the admin API as well, by the administrator alone', async () => {
    await writeFile(configFile, config());
    const gateway = await serve({ configFile });
    const waiting = await askAdmin(gateway, 'approvals?state=pending');
    const { approvals } = (await waiting.json()) as { approvals: { id: string }[] };
    const path = `approvals/${approvals[0]?.id}/approve`;
    expect((await fetch(`${gateway.url}/admin/api/${path}`, { method: 'POST' })).status).toBe(401);
    expect((await askAdmin(gateway, `${path}?dangerous=yes`, 'POST')).status).toBe(200);
    await answers(gateway);
  });

  it('starts at every replica once it is approved at one', async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.stop());
    await writeFile(configFile, config({ store: postgres.url }));
    const env = { GATEWARD_SECRET: 'a-secret-of-at-least-32-characters-for-tests' };
    const configText = config({ store: postgres.url });
    const replicas = await Promise.all([serve({ configText, env }), serve({ configText, env })]);
    for (const replica of replicas) expect(errorOf(await echo(replica)).message).toMatch(/approv/i);
    expect((await ask('diff')).approvals).toHaveLength(1);
    expect((await ask('approve', 'tiny', '--yes')).code).toBe(0);
    await Promise.all(replicas.map(answers));
    await answers(await serve({ configText, env }));
  }, 90_000);
});
