import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  askModern,
  callTool,
  type Json,
  LegacySession,
  listen,
  postModern,
  readAnswer,
  resultOf,
} from '../support/front-door.ts';
import {
  familyOf,
  gatewardCommand,
  isRunning,
  type RunningGateway,
  startGateway,
} from '../support/gateway.ts';
import { portOf } from '../support/http-upstream.ts';
import { RawConnection } from '../support/raw-http.ts';
import { VOUCHED } from '../support/vouched.ts';

const STEADY = join(import.meta.dirname, '..', 'fixtures', 'stdio', 'steady.js');

const ends: (() => Promise<unknown>)[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-start-stop-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

function keep<T>(thing: T, end: (thing: T) => Promise<unknown>): T {
  ends.push(() => end(thing));
  return thing;
}

async function serve(config: Json, env: Record<string, string> = {}): Promise<RunningGateway> {
  const configText = JSON.stringify({ listen: { port: 0 }, launch: VOUCHED, ...config });
  return keep(await startGateway({ configText, env }), (gateway) => gateway.stop());
}

const steady = (...args: string[]): Json => ({ command: process.execPath, args: [STEADY, ...args] });

const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];

describe('a gateway that stops', () => {
  it('closes listens by a result, lets calls finish, refuses what is new and leaves no child', async () => {
    const gateway = await serve({ upstreams: { files: steady() }, stop: { graceMs: 8000 } });
    const url = `${gateway.url}/servers/files/mcp`;
    const child = Number(textOf(await callTool(url, 'pid')));
    const own = await listen(url, { toolsListChanged: true }, 'a');
    const merged = await listen(`${gateway.url}/mcp`, { toolsListChanged: true }, 7);
    const session = await LegacySession.open(url);
    const legacyStream = await session.listen();
    const busy = await RawConnection.open(gateway.port);
    const calls = [
      askModern(url, 'tools/call', { params: { name: 'slow', arguments: { ms: 1800 } } }),
      session.ask('tools/call', { name: 'slow', arguments: { ms: 1800 } }),
    ];
    await vi.waitFor(() => expect(own.messages.length * merged.messages.length).toBe(1));
    // The request is half there: its connection stays open while the gateway stops.
    busy.send('POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    await wait(300);
    gateway.signal('SIGTERM');
    await vi.waitFor(() => expect(gateway.stderr()).toContain('stopping'));

    for (const [stream, id] of [[own, 'a'] as const, [merged, 7] as const]) {
      expect(await stream.ended).toBe('closed');
      expect(stream.messages.at(-1)).toEqual({
        jsonrpc: '2.0',
        id,
        result: {
          resultType: 'complete',
          _meta: expect.objectContaining({ 'io.modelcontextprotocol/subscriptionId': id }),
        },
      });
    }
    expect(await legacyStream.ended).toBe('closed');
    busy.send('Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    expect(await busy.answer()).toMatchObject({ status: 503 });
    for (const call of calls) expect(textOf(resultOf((await call).message))).toBe('slept');
    expect(await gateway.ended).toBe(0);
    expect(isRunning(child)).toBe(false);
  });

  it('cuts off after its grace what does not end, children included', async () => {
    const gateway = await serve({ upstreams: { files: steady() }, stop: { graceMs: 500 } });
    const url = `${gateway.url}/servers/files/mcp`;
    const child = Number(textOf(await callTool(url, 'pid')));
    const call = postModern(url, 'tools/call', { params: { name: 'hang' } }).then(
      readAnswer,
      () => 'cut off',
    );
    await wait(300);
    const began = Date.now();
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(6000);
    expect(isRunning(child)).toBe(false);
    await call;
  });

  it('ends at once on a second signal, children included', async () => {
    const gateway = await serve({ upstreams: { files: steady() }, stop: { graceMs: 60_000 } });
    const url = `${gateway.url}/servers/files/mcp`;
    const child = Number(textOf(await callTool(url, 'pid')));
    const call = postModern(url, 'tools/call', { params: { name: 'hang' } }).then(
      readAnswer,
      () => 'cut off',
    );
    await wait(300);
    gateway.signal('SIGTERM');
    await vi.waitFor(() => expect(gateway.stderr()).toContain('stopping'));
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(143);
    await vi.waitFor(() => expect(isRunning(child)).toBe(false), { timeout: 3000 });
    await call;
  });

  it('leaves no child when it is killed, as the end of input is the end of the child', async () => {
    const gateway = await serve({ upstreams: { files: steady(), more: steady() } });
    const pids = familyOf(gateway.pid).filter((pid) => pid !== gateway.pid);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    gateway.signal('SIGKILL');
    await gateway.ended;
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), { timeout: 5000 });
  });
});

describe('a start that cannot be', () => {
  const start = async (
    config: Json,
    wrap: readonly string[] = [],
  ): Promise<{ code: number; stderr: string; stdout: string }> => {
    const file = join(folder, 'gateward.yaml');
    await writeFile(file, JSON.stringify({ listen: { port: 0 }, ...config }));
    const [program = '', ...args] = [...wrap, ...gatewardCommand(), 'serve', '--config', file];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), 15_000);
    let stderr = '';
    let stdout = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece;
    });
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece;
    });
    const [code] = await once(child, 'close');
    clearTimeout(limit);
    return { code, stderr, stdout };
  };

  it('for a folder below a file says which folder', async () => {
    await writeFile(join(folder, 'file'), '');
    const ended = await start({ dataDir: './file/data' });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/data folder.*file\/data/s);
    expect(ended.stderr).not.toMatch(/ {4}at /);
  });

  it.runIf(process.getuid?.() !== 0)('for a folder that may not be written says so', async () => {
    await mkdir(join(folder, 'data'));
    await chmod(join(folder, 'data'), 0o500);
    const ended = await start({ dataDir: './data' });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/data folder/);
  });

  it.runIf(process.platform === 'linux')('for a file system that takes no files says so', async () => {
    const ended = await start({ dataDir: '/proc/gateward' });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/data folder.*\/proc\/gateward/s);
    expect(ended.stderr).not.toMatch(/ {4}at /);
  });

  it.runIf(process.platform === 'linux')(
    'for a disk that takes no more bytes says so, and leaves no scraps',
    async () => {
      // No file may grow, which is what a full disk comes to.
      const ended = await start({ dataDir: './data' }, ['sh', '-c', 'ulimit -f 0; exec "$@"', 'sh']);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/data folder.*admin\.key/s);
      expect(ended.stderr).not.toMatch(/ {4}at /);
      expect(await readdir(join(folder, 'data'))).toEqual([]);
    },
  );

  it('for a port in use names the address', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    keep(server, async (one) => void one.close());
    const port = portOf(server);
    const log = join(folder, 'starts');
    const ended = await start({
      listen: { port },
      launch: VOUCHED,
      upstreams: { files: steady('--log', log) },
    });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain(`127.0.0.1:${port}`);
    expect(ended.stderr).toMatch(/listens there already/);
    expect(ended.stderr).not.toMatch(/ {4}at /);
  });
});
