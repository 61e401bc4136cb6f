import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  askModern,
  callTool,
  errorOf,
  type Json,
  LegacySession,
  listen,
  resultOf,
  toolNames,
} from '../support/front-door.ts';
import {
  askAdmin,
  isRunning,
  type RunningGateway,
  type ServeEvent,
  startGateway,
} from '../support/gateway.ts';
import { type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';
import { VOUCHED } from '../support/vouched.ts';

const STEADY = join(import.meta.dirname, '..', 'fixtures', 'stdio', 'steady.js');
const steady = (...args: string[]): Json => ({ command: process.execPath, args: [STEADY, ...args] });
const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];
const isReload = ({ event }: ServeEvent): boolean => event.startsWith('reload');

let first: ScriptedServer;
let second: ScriptedServer;
let gateway: RunningGateway;
let folder: string;
beforeAll(async () => {
  const slow = async (): Promise<Json> => {
    await wait(1500);
    return text('slept');
  };
  [first, second] = await Promise.all([
    startScripted({ name: 'first', tools: { one: () => text('one'), slow } }),
    startScripted({ name: 'second', tools: { two: () => text('two'), slow } }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'gateward-reload-'));
});
afterAll(async () => {
  await Promise.all([first?.close(), second?.close()]);
  await rm(folder, { recursive: true, force: true });
});
async function start(): Promise<void> {
  gateway = await startGateway({ configText: write({ upstreams: base() }) });
}

const base = (): Record<string, Json> => ({ a: { url: first.url }, files: steady() });
const write = (config: Json): string => JSON.stringify({ listen: { port: 0 }, launch: VOUCHED, ...config });
const save = (config: Json): Promise<void> => writeFile(gateway.configFile, write(config));

/** Saves a configuration and has it read by the admin API. */
async function reload(config: Json): Promise<Json> {
  await save(config);
  const response = await askAdmin(gateway, 'reload', 'POST');
  expect(response.status).toBe(200);
  return (await response.json()) as Json;
}

const at = (server: string): string => `${gateway.url}/servers/${server}/mcp`;
const pidOf = async (server: string): Promise<number> => Number(textOf(await callTool(at(server), 'pid')));

describe('a new configuration', () => {
  beforeEach(start);
  afterEach(() => gateway?.stop());

  it.each([
    ['the admin API', async () => void (await askAdmin(gateway, 'reload', 'POST')).body?.cancel()],
    ['SIGHUP', async () => gateway.signal('SIGHUP')],
    ['the change of the file itself', async () => undefined],
  ])('is taken on %s', async (_, ask: () => Promise<void>) => {
    expect(await toolNames(`${gateway.url}/mcp`)).toContain('a__one');
    await save({ upstreams: { ...base(), b: { url: second.url } } });
    await ask();
    await vi.waitFor(async () => expect(await toolNames(`${gateway.url}/mcp`)).toContain('b__two'), {
      timeout: 8000,
      interval: 100,
    });
    expect(textOf(await callTool(at('b'), 'two'))).toBe('two');
    const { lastReload } = (await (await askAdmin(gateway, 'status')).json()) as { lastReload: Json };
    expect(lastReload['changed']).toEqual(expect.arrayContaining(['upstreams.b', 'servers.b']));
  });

  it('drops no call: those that run on what is removed, changed and kept finish right, in both eras', async () => {
    const pid = await pidOf('files');
    const session = await LegacySession.open(at('files'));
    const gone = await LegacySession.open(at('a'));
    const merged = await LegacySession.open(`${gateway.url}/mcp`);
    const slow = { name: 'slow', arguments: { ms: 1500 } };
    const calls = [
      askModern(at('a'), 'tools/call', { params: slow }),
      askModern(at('files'), 'tools/call', { params: slow }),
      askModern(`${gateway.url}/mcp`, 'tools/call', { params: { ...slow, name: 'a__slow' } }),
      askModern(`${gateway.url}/mcp`, 'tools/call', { params: { ...slow, name: 'files__slow' } }),
      session.ask('tools/call', slow),
      gone.ask('tools/call', slow),
      merged.ask('tools/call', { ...slow, name: 'files__slow' }),
    ];
    await wait(400);
    // One is removed, one is changed, one is added.
    const report = await reload({
      upstreams: { files: { ...steady('--name', 'changed'), timeoutMs: 30_000 }, b: { url: second.url } },
    });
    expect(report['changed']).toEqual(
      expect.arrayContaining(['upstreams.a', 'upstreams.b', 'upstreams.files', 'servers.a', 'servers.b']),
    );
    expect(await toolNames(`${gateway.url}/mcp`)).toEqual(expect.arrayContaining(['b__two', 'files__pid']));
    expect((await askModern(at('a'), 'tools/list')).status).toBe(404);
    for (const call of calls) expect(textOf(resultOf((await call).message))).toBe('slept');
    expect(await pidOf('files')).not.toBe(pid);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 8000 });
    // A legacy session outlives the reload, whatever became of its upstream's process.
    expect(textOf(resultOf((await session.ask('tools/call', { name: 'pid' })).message))).toMatch(/^\d+$/);
  });

  it('leaves an unchanged process and its sessions alone, under steady load', async () => {
    const pid = await pidOf('files');
    const session = await LegacySession.open(at('files'));
    const own = textOf(resultOf((await session.ask('tools/call', { name: 'pid' })).message));
    let loading = true;
    const failures: unknown[] = [];
    let calls = 0;
    const load = Array.from({ length: 4 }, async () => {
      while (loading) {
        const { message, status } = await askModern(`${gateway.url}/mcp`, 'tools/call', {
          params: { name: calls % 2 === 0 ? 'a__one' : 'files__pid', arguments: {} },
        });
        calls += 1;
        if (!('result' in message)) failures.push([status, message]);
      }
    });
    for (let round = 0; round < 10; round += 1) {
      const more = round % 2 === 0 ? { b: { url: second.url } } : {};
      await reload({ upstreams: { ...base(), ...more }, log: { level: round % 3 === 0 ? 'debug' : 'info' } });
    }
    loading = false;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(20);
    expect(await pidOf('files')).toBe(pid);
    expect(textOf(resultOf((await session.ask('tools/call', { name: 'pid' })).message))).toBe(own);
  });

  it('ends listens by a result, clients listen again, and legacy streams go on and hear of it', async () => {
    const merged = await listen(`${gateway.url}/mcp`, { toolsListChanged: true }, 1);
    const single = await listen(at('a'), { toolsListChanged: true }, 2);
    const session = await LegacySession.open(`${gateway.url}/mcp`);
    const legacy = await session.listen();
    await vi.waitFor(() => expect(merged.messages.length * single.messages.length).toBe(1));
    await reload({ upstreams: { ...base(), b: { url: second.url } } });
    for (const [stream, id] of [[merged, 1] as const, [single, 2] as const]) {
      expect(await stream.ended).toBe('closed');
      expect(stream.messages.at(-1)).toMatchObject({ id, result: { resultType: 'complete' } });
    }
    const again = await listen(`${gateway.url}/mcp`, { toolsListChanged: true }, 3);
    await vi.waitFor(() => expect(again.messages).toHaveLength(1));
    await vi.waitFor(() => expect(legacy.of('notifications/tools/list_changed')).not.toEqual([]), 5000);
    await vi.waitFor(() => expect(second.listens()).toBeGreaterThan(0), 5000);
    const before = legacy.of('notifications/tools/list_changed').length;
    second.announce('tools');
    await vi.waitFor(() => {
      expect(again.of('notifications/tools/list_changed')).not.toEqual([]);
      expect(legacy.of('notifications/tools/list_changed').length).toBeGreaterThan(before);
    }, 5000);
    await Promise.all([again.close(), legacy.close()]);
  });

  it('leaves nothing of a removed upstream behind: no listen, no process, no call that holds the stop', async () => {
    const pid = await pidOf('files');
    const stream = await listen(`${gateway.url}/mcp`);
    await vi.waitFor(() => expect(first.listens()).toBe(1), 5000);
    const hanging = askModern(at('files'), 'tools/call', { params: { name: 'hang' } }).catch(() => 'cut off');
    await wait(300);
    await reload({ upstreams: { b: { url: second.url } }, stop: { graceMs: 500 } });
    expect(await stream.ended).toBe('closed');
    await vi.waitFor(() => expect(first.listens()).toBe(0), 5000);
    // The call may go on as long as its upstream let it, but not beyond the end of the gateway.
    expect(isRunning(pid)).toBe(true);
    const began = Date.now();
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    expect(isRunning(pid)).toBe(false);
    await hanging;
  });

  it('changes what is announced, who may call and what a server is made of', async () => {
    const card = () => fetch(`${at('a')}/server-card`);
    expect((await card()).status).toBe(404);
    await reload({
      upstreams: base(),
      servers: {
        a: { public: true, instructions: 'Read this first.' },
        few: { from: { a: { tools: ['one'] }, files: { tools: ['p*'] } } },
      },
      listen: { port: 0, allowedOrigins: ['https://app.example'] },
    });
    expect((await card()).status).toBe(200);
    expect(await toolNames(at('few'))).toEqual(['a__one', 'files__pid']);
    const hidden = await askModern(at('few'), 'tools/call', { params: { name: 'files__hang' } });
    expect(errorOf(hidden.message)).toMatchObject({ code: -32_602 });
    const headers = { origin: 'https://app.example' };
    expect((await askModern(at('a'), 'tools/list', { headers })).status).toBe(200);
  });

  it('says what only a new start changes', async () => {
    const report = await reload({ upstreams: base(), dataDir: './other', limits: { maxSessions: 7 } });
    expect(report['needsRestart']).toEqual(['dataDir', 'limits', 'store']);
  });
});

describe('a bad configuration', () => {
  beforeAll(start);
  afterAll(() => gateway?.stop());

  it.each([
    [
      'a key that is not known',
      'upstreams:\n  a: { url: "http://127.0.0.1:1/mcp" }\n  b: { url: "http://127.0.0.1:1/mcp", timeout: 1 }\n',
      3,
      'timeoutMs',
    ],
    ['YAML that is broken', 'upstreams:\n  a: }\n', 2, ''],
    ['a variable that is not set', 'upstreams:\n  a:\n    url: "${GATEWARD_ABSENT}"\n', 3, 'GATEWARD_ABSENT'],
    ['a file of a secret that is gone', 'upstreams:\n  a:\n    url: "${file:./gone.txt}"\n', 3, 'gone.txt'],
    ['an address for others', 'listen:\n  host: 0.0.0.0\n', 2, 'loopback'],
    ['a server of an upstream that is not there', 'servers:\n  x: { from: { nobody: {} } }\n', 2, 'nobody'],
  ])('leaves the old one in force and says where and why: %s', async (_, yaml, line, word) => {
    const pid = await pidOf('files');
    const seen = gateway.events.length;
    await writeFile(gateway.configFile, yaml);
    const response = await askAdmin(gateway, 'reload', 'POST');
    expect(response.status).toBe(422);
    const { error } = (await response.json()) as { error: Json & { problems?: { line: number }[] } };
    expect(JSON.stringify(error)).toContain(word);
    expect(`${JSON.stringify(error['problems'])}${String(error['message'])}`).toMatch(
      new RegExp(`"line":${line}\\b|gateward\\.yaml:${line}\\b`),
    );
    gateway.signal('SIGHUP');
    const isThis = (event: ServeEvent): boolean => isReload(event) && JSON.stringify(event).includes(word);
    const refused = await gateway.event(isThis, seen);
    expect(refused).toMatchObject({
      event: 'reload-refused',
      error: { message: expect.stringContaining(word) },
    });
    await vi.waitFor(() => {
      expect(gateway.stderr()).toContain('the old one stays in force');
      expect(gateway.stderr()).toMatch(
        new RegExp(`gateward\\.yaml:${line}\\b|gateward\\.yaml.{0,20}line ${line}\\b`),
      );
    });
    expect(await pidOf('files')).toBe(pid);
    expect(await toolNames(`${gateway.url}/mcp`)).toContain('a__one');
  });

  it('that is taken away and comes back is no trouble', async () => {
    await rm(gateway.configFile);
    expect((await askAdmin(gateway, 'reload', 'POST')).status).toBe(422);
    expect(await toolNames(`${gateway.url}/mcp`)).toContain('a__one');
    await save({ upstreams: base() });
    expect((await askAdmin(gateway, 'reload', 'POST')).status).toBe(200);
  });
});

describe('a file that the configuration names', () => {
  beforeAll(start);
  afterAll(() => gateway?.stop());

  it('is watched too, and its new secret is used', async () => {
    const token = join(folder, 'token');
    await writeFile(token, 'first-token\n');
    await reload({ upstreams: { a: { url: first.url, headers: { 'X-Token': `\${file:${token}}` } } } });
    const sent = async (): Promise<unknown> => {
      await callTool(at('a'), 'one');
      return first.received.at(-1)?.headers['x-token'];
    };
    expect(await sent()).toBe('first-token');
    // The watch has to have seen the file once before a change of it is one.
    await wait(1200);
    await writeFile(token, 'second-token\n');
    await vi.waitFor(async () => expect(await sent()).toBe('second-token'), { timeout: 8000, interval: 200 });
  });
});
