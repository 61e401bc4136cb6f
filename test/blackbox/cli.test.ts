import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { gatewardCommand, type RunningGateway, type ServeEvent, startGateway } from '../support/gateway.ts';
import { closedPort } from '../support/http-upstream.ts';
import { startStdioClient } from '../support/stdio-client.ts';
import { VOUCHED } from '../support/vouched.ts';

/** For what takes a moment, on a slow machine too. */
const WITHIN = { timeout: 20_000 };

const ends: (() => Promise<unknown>)[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-cli-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON. */
  json(): Record<string, unknown>;
}

async function gateward(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [program, ...first] = gatewardCommand();
  const child = spawn(program, [...first, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

async function serve(configText: string, env: Record<string, string> = {}): Promise<RunningGateway> {
  const gateway = await startGateway({ configText, env });
  ends.push(() => gateway.stop());
  return gateway;
}

async function startFixture(): Promise<string> {
  const fixture = await startModernHttp();
  ends.push(() => fixture.stop());
  return fixture.url;
}

const LISTEN = 'listen: { port: 0 }\n';
const admin = ({ url, dataDir }: RunningGateway): string[] => [
  '--url',
  url,
  '--key-file',
  join(dataDir, 'admin.key'),
];

describe('gateward', () => {
  it('says what it can do, and its version', async () => {
    const help = await gateward(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['serve', 'connect', 'server', 'task', 'key', 'doctor'])
      expect(help.stdout).toContain(command);
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(await gateward(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each([[['nonsense']], [['serve', '--nonsense']], [['serve', 'extra']], [['server', 'show']], [[]]])(
    'ends %j in exit code 2, with help',
    async (args) => {
      const ended = await gateward(args);
      expect(ended.code).toBe(2);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toMatch(/--help|Usage/);
    },
  );
});

describe('gateward serve', () => {
  it('tells how to begin where there is no configuration', async () => {
    const ended = await gateward(['serve']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('gateward.yaml');
    expect(ended.stderr).not.toContain('    at ');
    const [, begin = ''] = ended.stderr.split('begin with this one:');
    const { upstreams } = parse(begin);
    const launches = await write('launches.json', JSON.stringify(Object.values(upstreams)));
    // What is proposed starts without an approval.
    expect(await gateward(['launch', 'check', launches])).toMatchObject({ code: 0 });
  });

  it.each([
    ['a file that is not there', 'absent.yaml', 2, 'CONFIG_UNREADABLE'],
    ['a file with faults', 'bad.yaml', 2, 'CONFIG_INVALID'],
    ['an address that others reach', 'open.yaml', 2, 'INSECURE_LISTEN'],
    ['a data folder that is a file', 'data.yaml', 1, 'DATA_FOLDER_UNUSABLE'],
  ])('refuses %s', async (_, name, code, error) => {
    await write('bad.yaml', 'listn: {}\nupstreams: { X: {} }\n');
    await write('open.yaml', 'listen: { host: 0.0.0.0, port: 0 }\n');
    await write('data.yaml', `${LISTEN}dataDir: ./bad.yaml\n`);
    const ended = await gateward(['serve', '--config', name, '--json']);
    expect(ended.code).toBe(code);
    expect(ended.json()).toMatchObject({ error: { code: error } });
    const plain = await gateward(['serve', '--config', name]);
    expect(plain).toMatchObject({ code, stdout: '' });
    expect(plain.stderr).toMatch(/^gateward: /m);
  });

  it('names every fault of the file by its line', async () => {
    await write('gateward.yaml', 'listn: {}\nupstreams:\n  a: { url: nonsense }\n');
    const { stderr, code } = await gateward(['serve']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/gateward\.yaml:1:1 listn: /);
    expect(stderr).toMatch(/gateward\.yaml:3:\d+ upstreams\.a\.url: /);
  });

  it('refuses a master secret that is too short, without repeating it', async () => {
    await write('gateward.yaml', LISTEN);
    const ended = await gateward(['serve'], { GATEWARD_SECRET: 'too-short' });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('GATEWARD_SECRET');
    expect(ended.stderr).not.toContain('too-short');
  });

  it('says that its port is taken', async () => {
    const gateway = await serve(LISTEN);
    await write('gateward.yaml', `listen: { port: ${gateway.port} }\n`);
    const ended = await gateward(['serve', '--json']);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({
      error: { code: 'LISTEN_FAILED', message: expect.stringContaining('choose another listen.port') },
    });
  });

  it('prints where it listens, what each upstream speaks, and how clients connect', async () => {
    const legacy = await startLegacyHttp();
    ends.push(() => legacy.stop());
    const gone = `http://127.0.0.1:${await closedPort()}/mcp`;
    const file = await write(
      'gateward.yaml',
      `${LISTEN}upstreams:\n  new: { url: "${await startFixture()}" }\n  old: { url: "${legacy.url}" }\n  gone: { url: "${gone}" }\n`,
    );
    const [program, ...first] = gatewardCommand();
    const child = spawn(program, [...first, 'serve', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.resume();
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    await vi.waitFor(() => expect(text).toContain('Ctrl-C'), WITHIN);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    const url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1] ?? '';
    expect(text).toMatch(/new +up +modern 2026-07-28/);
    expect(text).toMatch(/old +up +legacy 2025-11-25/);
    expect(text).toMatch(/gone +down[\s\S]+refused the connection/);
    expect(text).toContain(`claude mcp add --transport http gateward ${url}/mcp`);
    for (const [line] of text.matchAll(/^ +\{.*\}$/gm)) JSON.parse(line);
    const stdio = /\{"mcpServers":\{"gateward":\{"command".*/.exec(text)?.[0] ?? '{}';
    const { command, args } = JSON.parse(stdio).mcpServers.gateward;
    expect((await stat(command)).isFile()).toBe(true);
    expect((await stat(args[0])).isFile()).toBe(true);
    expect(args.slice(1)).toEqual(['connect', `${url}/mcp`]);
  });

  it('keeps its keys for its owner alone', async () => {
    const gateway = await serve(LISTEN);
    for (const name of ['admin.key', 'secret.key']) {
      expect((await stat(join(gateway.dataDir, name))).mode & 0o777).toBe(0o600);
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops well on %s', async (name) => {
    const gateway = await serve(`${LISTEN}upstreams: { a: { url: "${await startFixture()}" } }\n`);
    gateway.signal(name);
    expect(await gateway.ended).toBe(0);
    expect(gateway.events.at(-1)).toEqual({ event: 'stopped' });
  });

  it('shows no secret that stands in the arguments of a command or in a URL', async () => {
    const variable = ['$', '{UPSTREAM_TOKEN}'].join('');
    const server = join(import.meta.dirname, '../fixtures/servers/modern-stdio.ts');
    const gone = `http://127.0.0.1:${await closedPort()}/mcp?key=${variable}`;
    const gateway = await serve(
      `${LISTEN}log: { level: debug }\nlaunch: ${JSON.stringify(VOUCHED)}\nupstreams:\n  a: { command: "${process.execPath}", args: ["${server}", "--token=${variable}"] }\n  b: { url: "${gone}" }\n`,
      { UPSTREAM_TOKEN: 'token-that-nobody-sees' },
    );
    const list = await gateward(['server', 'list', ...admin(gateway), '--json']);
    const seen = `${JSON.stringify(gateway.events)}${gateway.stderr()}${list.stdout}`;
    expect(seen).toContain('--token=[hidden]');
    expect(seen).not.toContain('token-that-nobody-sees');
  });

  it('ends at once on a second signal, though a call is in flight', async () => {
    const gateway = await serve(`${LISTEN}upstreams: { a: { url: "${await startFixture()}" } }\n`);
    const call = callSlow(gateway.url);
    await vi.waitFor(() => expect(call.isSent).toBe(true), WITHIN);
    gateway.signal('SIGTERM');
    await vi.waitFor(() => expect(gateway.stderr()).toContain('stopping'), WITHIN);
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(143);
    await call.done;
  });
});

/** A modern call that takes a minute, and never rejects. */
function callSlow(url: string): { isSent: boolean; done: Promise<unknown> } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    progressToken: 1,
  };
  const params = { name: 'slow', arguments: { ms: 60_000, steps: 600 }, _meta: meta };
  const call = { isSent: false, done: Promise.resolve<unknown>(undefined) };
  call.done = fetch(`${url}/servers/a/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'slow',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
    .then((response) => {
      call.isSent = true;
      return response.text();
    })
    .catch(() => undefined);
  return call;
}

describe('a reload', () => {
  const isReload = ({ event }: ServeEvent): boolean => event.startsWith('reload');

  it('takes a new file as soon as it is saved', async () => {
    const url = await startFixture();
    const gateway = await serve(`${LISTEN}upstreams: { a: { url: "${url}" } }\n`);
    await writeFile(gateway.configFile, `${LISTEN}upstreams: { b: { url: "${url}" } }\n`);
    const event = await gateway.event(isReload);
    expect(event).toMatchObject({ event: 'reloaded', why: gateway.configFile });
    const list = await gateward(['server', 'list', ...admin(gateway), '--json']);
    expect(list.json()).toMatchObject({ servers: [{ name: 'all' }, { name: 'b' }] });
  });

  it('leaves the old configuration in force when the new one is bad, says why, and takes the next good one', async () => {
    const url = await startFixture();
    const gateway = await serve(`${LISTEN}upstreams: { a: { url: "${url}" } }\n`);
    await writeFile(gateway.configFile, 'nonsense: true\n');
    gateway.signal('SIGHUP');
    const refused = await gateway.event(isReload);
    expect(refused).toMatchObject({
      event: 'reload-refused',
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining('nonsense') },
    });
    expect(gateway.stderr()).toContain('the old one stays in force');
    const list = await gateward(['server', 'list', ...admin(gateway), '--json']);
    expect(list.json()).toMatchObject({ servers: [{ name: 'all' }, { name: 'a' }] });
    const seen = gateway.events.length;
    await writeFile(gateway.configFile, `${LISTEN}upstreams: { c: { url: "${url}" } }\n`);
    expect(await gateway.event(({ event }) => event === 'reloaded', seen)).toMatchObject({
      changed: expect.arrayContaining(['upstreams.a', 'upstreams.c']),
    });
  });

  it('says what only a new start changes', async () => {
    const gateway = await serve(LISTEN);
    await writeFile(gateway.configFile, `listen: { port: ${await closedPort()} }\n`);
    gateway.signal('SIGHUP');
    expect(await gateway.event(isReload)).toMatchObject({ needsRestart: ['listen.port'] });
  });

  it('can be asked for by the admin API', async () => {
    const gateway = await serve(LISTEN);
    const headers = { authorization: `Bearer ${gateway.adminKey}` };
    const ask = () => fetch(`${gateway.url}/admin/api/reload`, { method: 'POST', headers });
    expect((await ask()).status).toBe(200);
    await writeFile(gateway.configFile, 'nonsense: true\n');
    const refused = await ask();
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      error: { code: 'CONFIG_INVALID', problems: [{ line: 1 }] },
    });
  });
});

describe('gateward server', () => {
  it('lists the servers with the state of what is behind them', async () => {
    const gone = `http://127.0.0.1:${await closedPort()}/mcp`;
    const gateway = await serve(
      `${LISTEN}upstreams:\n  a: { url: "${await startFixture()}" }\n  gone: { url: "${gone}" }\n`,
    );
    const list = await gateward(['server', 'list', ...admin(gateway)]);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/all +1 of 2 +http/);
    expect(list.stdout).toMatch(/gone +down[\s\S]+refused the connection/);
  });

  it('shows one server with its tools as clients see them', async () => {
    const gateway = await serve(`${LISTEN}upstreams: { a: { url: "${await startFixture()}" } }\n`);
    const names = async (server: string): Promise<string[]> => {
      const ended = await gateward(['server', 'show', server, ...admin(gateway), '--json']);
      expect(ended.code).toBe(0);
      return (ended.json()['tools'] as { name: string }[]).map(({ name }) => name);
    };
    expect(await names('a')).toContain('echo');
    expect(await names('all')).toContain('a__echo');
    const plain = await gateward(['server', 'show', 'a', ...admin(gateway)]);
    expect(plain.stdout).toMatch(/Tools \(\d+\)[\s\S]+ echo\n/);
  });

  it('finds the gateway by its configuration', async () => {
    const port = await closedPort();
    const gateway = await serve(`listen: { port: ${port} }\n`);
    const list = await gateward(['server', 'list', '--config', gateway.configFile, '--json']);
    expect(list).toMatchObject({ code: 0 });
    expect(await gateward(['server', 'list'], { GATEWARD_CONFIG: gateway.configFile })).toMatchObject({
      code: 0,
    });
  });

  it('finds a gateway that serves HTTPS, by the certificate in its configuration', async () => {
    const tls = join(import.meta.dirname, '../fixtures/tls');
    const port = await closedPort();
    const gateway = await serve(
      `listen: { port: ${port}, tls: { cert: "${tls}/server.pem", key: "${tls}/server.key" } }\n`,
    );
    expect(gateway.url).toBe(`https://127.0.0.1:${port}`);
    expect(await gateward(['server', 'list', '--config', gateway.configFile])).toMatchObject({ code: 0 });
    const stranger = await gateward(['server', 'list', ...admin(gateway), '--json']);
    expect(stranger.code).toBe(3);
    const connected = startStdioClient([
      ...gatewardCommand(),
      'connect',
      gateway.url,
      '--ca',
      `${tls}/ca.pem`,
    ]);
    ends.push(() => connected.kill());
    connected.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    });
    expect(await connected.next(({ id }) => id === 1)).toHaveProperty('result');
  });

  it('tells by its exit code what is wrong', async () => {
    const gateway = await serve(LISTEN);
    const [, url, , keyFile] = admin(gateway);
    const ask = (at: string, key: string, ...more: string[]) =>
      gateward(['server', ...more, '--url', at, '--key-file', key, '--json']);
    const wrong = await write('wrong.key', `${'w'.repeat(43)}\n`);
    await chmod(wrong, 0o600);
    const answers: [Promise<Ended>, number, string][] = [
      [ask(`http://127.0.0.1:${await closedPort()}`, keyFile ?? '', 'list'), 3, 'GATEWAY_UNREACHABLE'],
      [ask(await startFixture(), keyFile ?? '', 'list'), 3, 'GATEWAY_UNREACHABLE'],
      [ask(url ?? '', wrong, 'list'), 4, 'ADMIN_KEY_REQUIRED'],
      [ask(url ?? '', join(folder, 'absent.key'), 'list'), 4, 'ADMIN_KEY_REQUIRED'],
      [ask(url ?? '', keyFile ?? '', 'show', 'nobody'), 5, 'SERVER_NOT_FOUND'],
      [ask(url ?? '', keyFile ?? '', 'show', '../status'), 5, 'SERVER_NOT_FOUND'],
      [ask('nonsense', keyFile ?? '', 'list'), 2, 'CONFIG_INVALID'],
      [gateward(['server', 'list', '--url', url ?? '', '--json']), 4, 'ADMIN_KEY_REQUIRED'],
    ];
    for (const [ended, code, error] of answers) {
      const { code: exit, json } = await ended;
      expect([exit, json()['error']]).toEqual([code, expect.objectContaining({ code: error })]);
    }
  });
});

describe('gateward doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    await write('gateward.yaml', `${LISTEN}upstreams: { a: { url: "${await startFixture()}" } }\n`);
    const ended = await gateward(['doctor', '--json']);
    expect(ended.code).toBe(0);
    expect(ended.json()).toMatchObject({ ok: true });
    expect(JSON.stringify(ended.json()['findings'])).toContain('speaks modern 2026-07-28');
  });

  it('names what is wrong and how to mend it, and exits with 1', async () => {
    const gone = `http://127.0.0.1:${await closedPort()}/mcp`;
    await write(
      'gateward.yaml',
      `${LISTEN}upstreams:\n  a: { url: "${await startFixture()}" }\n  gone: { url: "${gone}" }\n`,
    );
    const ended = await gateward(['doctor', '--json']);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([
        expect.objectContaining({ level: 'ok', subject: 'upstream a' }),
        expect.objectContaining({
          level: 'problem',
          subject: 'upstream gone',
          code: 'UPSTREAM_UNAVAILABLE',
          cure: expect.any(String),
        }),
      ]),
    });
    expect((await gateward(['doctor'])).stdout).toMatch(/PROBLEM +upstream gone/);
  });

  it('warns of merged names that clients may cut', async () => {
    await write(
      'gateward.yaml',
      `${LISTEN}upstreams: { a-rather-long-name: { url: "${await startFixture()}" } }\n`,
    );
    const ended = await gateward(['doctor', '--json']);
    expect(ended.code).toBe(0);
    expect(ended.json()['findings']).toContainEqual(
      expect.objectContaining({ level: 'warning', subject: 'server all', cure: expect.any(String) }),
    );
  });

  it('reports a bad file, and leaves nothing behind', async () => {
    await write('gateward.yaml', 'nonsense: true\n');
    const ended = await gateward(['doctor', '--json']);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({
      ok: false,
      findings: [{ level: 'problem', code: 'CONFIG_INVALID', data: { problems: [{ line: 1 }] } }],
    });
  });

  it('says that a gateway may be running already', async () => {
    const gateway = await serve(`listen: { port: ${await closedPort()} }\n`);
    const ended = await gateward(['doctor', '--config', gateway.configFile]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('may be running already');
  });
});

describe('docs/cli.md', () => {
  it.each([
    [],
    ['serve'],
    ['connect'],
    ['server', 'list'],
    ['server', 'show'],
    ['server', 'add'],
    ['server', 'remove'],
    ['key', 'create'],
    ['key', 'list'],
    ['key', 'revoke'],
    ['doctor'],
  ])('names what the help of %j does', async (...command) => {
    const page = await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
    const { stdout } = await gateward([...command, '--help']);
    const options = [...stdout.matchAll(/--[a-z-]+/g)].map(([option]) => option);
    expect(options.length).toBeGreaterThan(0);
    expect(options.filter((option) => !page.includes(option) && option !== '--version')).toEqual([]);
    expect(page).toContain(['gateward', ...command].join(' '));
  });
});
