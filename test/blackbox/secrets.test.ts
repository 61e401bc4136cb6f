import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askModern, callTool, type Json, LegacySession, OpenStream } from '../support/front-door.ts';
import { gatewardCommand, type RunningGateway, startGateway } from '../support/gateway.ts';
import { closedPort, startHttpUpstream } from '../support/http-upstream.ts';
import { ANSWERED, Fault, type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';
import { startStdioClient } from '../support/stdio-client.ts';
import { UNGUARDED } from '../support/vouched.ts';

const STEADY = join(import.meta.dirname, '..', 'fixtures', 'stdio', 'steady.js');

/** Each secret once, by where it is used. */
const canaries: Record<string, string> = {};
function canary(where: string, more = ''): string {
  const value = `canary-${where}${more}-${randomUUID()}`;
  canaries[where] = value;
  return value;
}

/** The secrets that stand in a text, as they are or as JSON, a URL or base64 write them. */
function found(said: string): string[] {
  return Object.entries(canaries).flatMap(([where, value]) => {
    const forms = [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString('base64').slice(0, -4),
    ];
    const at = forms.map((form) => said.indexOf(form)).find((index) => index >= 0);
    return at === undefined ? [] : [`${where}: …${said.slice(Math.max(0, at - 200), at + 60)}…`];
  });
}

let folder: string;
let file: string;
let env: Record<string, string>;
let upstream: ScriptedServer;
let refusingUrl: string;
let gateway: RunningGateway;
let config: () => Json;
/** Everything that clients and operators were answered. */
const answers: string[] = [];
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-secrets-'));
  upstream = await startScripted({
    tools: {
      echo: () => text('hello'),
      silent: () => wait(20_000, ANSWERED, { ref: false }),
      fault: () => {
        throw new Fault(-32_050, 'It went wrong');
      },
      cut: ({ response }) => {
        response.destroy();
        return ANSWERED;
      },
    },
  });
  // What an upstream says in an HTTP error is not for clients: many repeat the request in it.
  const repeating = await startHttpUpstream(({ headers, path, res }) => {
    res.writeHead(500, { 'x-seen': String(headers['authorization']), 'content-type': 'text/plain' });
    res.end(`cannot take ${path} with ${JSON.stringify(headers)}`);
  });
  const refusing = await startHttpUpstream(({ headers, res }) => {
    res.writeHead(401, { 'www-authenticate': `Bearer realm="${String(headers['x-api-key'])}"` });
    res.end(JSON.stringify(headers));
  });
  refusingUrl = refusing.url.href;
  ends.push(
    () => upstream.close(),
    () => repeating.close(),
    () => refusing.close(),
  );
  file = join(folder, 'key.txt');
  await writeFile(file, `${canary('file')}\n`);
  env = {
    GATEWARD_SECRET: canary('master', '-of-at-least-32-bytes'),
    GATEWARD_SECRET_PREVIOUS: canary('previous-master', '-of-at-least-32-bytes'),
    GATEWARD_KEY: canary('client-key'),
    IN_STORE: canary('store'),
    IN_BUS: canary('bus'),
    IN_HEADER: canary('header-variable', '-"quoted"\\'),
    IN_ENV: canary('env-variable', '-"quoted"\\ and ünïcode'),
    IN_ARGUMENT: canary('argument'),
    IN_PATH: canary('url-path'),
    IN_QUERY: canary('query'),
    IN_PROXY: canary('proxy'),
    NOT_USED: canary('unused-variable'),
  };
  const headers = {
    Authorization: `Bearer ${canary('header')}`,
    'X-Api-Key': canary('api-key'),
    'X-Plain': '${IN_HEADER}',
    'X-File': `\${file:${file}}`,
  };
  const gone = `http://127.0.0.1:${await closedPort()}`;
  const steady = (...args: string[]): Json => ({
    command: process.execPath,
    args: [STEADY, '--name', 'steady', ...args],
    env: { API_TOKEN: canaries['token'] ?? canary('token'), PLAIN: '${IN_ENV}', FAILURE: '${IN_ENV}' },
  });
  config = () => ({
    listen: { port: 0, legacySse: true },
    log: { level: 'trace', format: 'json' },
    launch: UNGUARDED,
    upstreams: {
      good: { url: upstream.url, headers, timeoutMs: 700 },
      repeating: { url: `${repeating.url.href}?key=\${IN_QUERY}`, headers, era: 'modern' },
      probed: { url: `${repeating.url.origin}/\${IN_PATH}/mcp`, headers },
      refusing: { url: refusing.url.href, headers },
      gone: { url: `${gone}/\${IN_PATH}/mcp?key=\${IN_QUERY}`, headers },
      proxied: {
        url: upstream.url,
        proxy: `http://user:\${IN_PROXY}@127.0.0.1:${new URL(gone).port}`,
        headers,
      },
      steady: steady('--token', '${IN_ARGUMENT}', '--say-environment'),
      dying: {
        command: process.execPath,
        args: ['-e', 'console.error(process.argv, process.env); process.exit(3)', '${IN_ARGUMENT}'],
        env: { PLAIN: '${IN_ENV}' },
      },
      absent: { command: './no-such-program', args: ['${IN_ARGUMENT}'], env: { PLAIN: '${IN_ENV}' } },
    },
    servers: { good: { public: true }, steady: { public: true }, gone: { public: true } },
  });
  gateway = await startGateway({ configText: JSON.stringify(config()), env });
  ends.push(() => gateway.stop());
  canaries['admin'] = gateway.adminKey;
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

async function note(response: Response): Promise<Response> {
  answers.push(JSON.stringify([...response.headers]), await response.clone().text());
  return response;
}

async function admin(path: string, method = 'GET', key = gateway.adminKey): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` };
  return note(await fetch(`${gateway.url}/admin/api/${path}`, { method, headers }));
}

/** Runs a command with the same variables, and notes what it says. */
async function gateward(...args: string[]): Promise<string> {
  const [program, ...first] = gatewardCommand();
  const child = spawn(program, [...first, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
  }
  await once(child, 'close');
  return said;
}

/** All that the running gateway printed. */
const printed = (): string => `${gateway.stderr()}\n${JSON.stringify(gateway.events)}`;

describe('secrets', () => {
  it('reach the upstreams that they are for', async () => {
    await callTool(`${gateway.url}/servers/good/mcp`, 'echo');
    expect(upstream.received.at(-1)?.headers).toMatchObject({
      authorization: `Bearer ${canaries['header']}`,
      'x-api-key': canaries['api-key'],
      'x-plain': env['IN_HEADER'],
      'x-file': canaries['file'],
    });
    const { content } = await callTool(`${gateway.url}/servers/steady/mcp`, 'environment');
    const given: Record<string, string> = JSON.parse(String((content as Json[])[0]?.['text']));
    expect(given).toMatchObject({ API_TOKEN: canaries['token'], PLAIN: env['IN_ENV'] });
  });

  it('reach no process that they are not for', async () => {
    const { content } = await callTool(`${gateway.url}/servers/steady/mcp`, 'environment');
    const given = String((content as Json[])[0]?.['text']);
    expect(given).not.toMatch(/GATEWARD|npm_/);
    for (const where of [
      'master',
      'previous-master',
      'client-key',
      'unused-variable',
      'header-variable',
      'query',
      'proxy',
      'admin',
      'file',
    ]) {
      expect(given).not.toContain(JSON.stringify(canaries[where]).slice(1, -1));
    }
  });

  it('are in no error of a call, whatever goes wrong', async () => {
    const call = async (server: string, name: string): Promise<void> => {
      const { message, headers } = await askModern(`${gateway.url}/servers/${server}/mcp`, 'tools/call', {
        params: { name, arguments: {} },
      });
      answers.push(JSON.stringify(message), JSON.stringify([...headers]));
    };
    await Promise.all([
      call('good', 'silent'),
      call('good', 'fault'),
      call('good', 'cut'),
      call('good', 'nobody'),
      ...['repeating', 'probed', 'refusing', 'gone', 'proxied', 'dying', 'absent'].map((server) =>
        call(server, 'x'),
      ),
      call('steady', 'exit'),
    ]);
    for (const path of ['/mcp', '/servers/gone/mcp', '/servers/repeating/mcp']) {
      for (const method of ['server/discover', 'tools/list', 'resources/read', 'no/such']) {
        const { message } = await askModern(`${gateway.url}${path}`, method, { params: { uri: 'x:y' } });
        answers.push(JSON.stringify(message));
      }
    }
    expect(answers.join('\n')).toContain('-32603');
    expect(found(answers.join('\n'))).toEqual([]);
  });

  it('are in no answer of the admin API, of health, of cards', async () => {
    for (const path of [
      'status',
      'upstreams',
      'upstreams/gone',
      'upstreams/steady',
      'servers',
      'servers/all',
      'servers/gone',
      'none',
    ]) {
      await admin(path);
    }
    await admin('status', 'GET', 'wrong-key');
    for (const path of [
      '/readyz',
      '/healthz',
      '/.well-known/ai-catalog.json',
      '/none',
      ...['good', 'steady', 'gone'].map((name) => `/servers/${name}/mcp/server-card`),
    ]) {
      await note(await fetch(`${gateway.url}${path}`));
    }
    expect(found(answers.join('\n'))).toEqual([]);
  });

  it('leave in what is shown of an upstream the rest of what it is', async () => {
    const { upstreams } = (await (await admin('status')).json()) as { upstreams: Json[] };
    const target = (name: string): unknown => upstreams.find((one) => one['name'] === name)?.['target'];
    expect(target('steady')).toMatch(/steady\.js --name steady --token \[hidden\] --say-environment$/);
    expect(target('gone')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\[hidden\]\/mcp$/);
  });

  it('are in nothing that the gateway printed, not even at the level of tracing', () => {
    expect(gateway.stderr()).toContain('"level":"debug"');
    expect(gateway.stderr()).toContain('upstream stderr');
    expect(found(printed())).toEqual([]);
  });

  it('are not told by the reload of a bad file, nor are those before it', async () => {
    const bad = config();
    const problems: Json = {
      ...bad,
      upstreams: {
        ...Object(bad['upstreams']),
        late: {
          url: 'nonsense-${IN_QUERY}',
          headers: { 'X-Bad': 'line\n${IN_HEADER}' },
          timeoutMs: '${IN_ENV}',
        },
        twice: { url: '${IN_PATH}', command: '${IN_ARGUMENT}' },
        proxied: { url: 'http://user:${IN_PROXY}@127.0.0.1/mcp' },
      },
    };
    await writeFile(gateway.configFile, JSON.stringify(problems));
    expect((await admin('reload', 'POST')).status).toBe(422);
    gateway.signal('SIGHUP');
    await gateway.event(({ event }) => event === 'reload-refused');
    // A secret that is renewed: the old one is one still, as calls may be under way with it.
    await writeFile(file, `${canary('file-renewed')}\n`);
    await writeFile(gateway.configFile, JSON.stringify(config()));
    expect((await admin('reload', 'POST')).status).toBe(200);
    await callTool(`${gateway.url}/servers/good/mcp`, 'echo');
    expect(upstream.received.at(-1)?.headers['x-file']).toBe(canaries['file-renewed']);
    expect(found(answers.join('\n'))).toEqual([]);
    expect(found(printed())).toEqual([]);
  });

  it('of sessions are in nothing that is printed or shown', async () => {
    const session = await LegacySession.open(`${gateway.url}/servers/good/mcp`);
    canaries['session'] = session.id;
    await session.ask('tools/call', { name: 'silent' });
    const stream = await session.listen();
    const elsewhere = await fetch(`${gateway.url}/servers/steady/mcp`, {
      headers: { 'mcp-session-id': session.id, accept: 'text/event-stream' },
    });
    answers.push(await elsewhere.text());
    const sse = new OpenStream(
      await fetch(`${gateway.url}/servers/good/sse`, { headers: { accept: 'text/event-stream' } }),
    );
    await sse.close();
    const opened = await fetch(`${gateway.url}/servers/good/sse`, {
      headers: { accept: 'text/event-stream' },
    });
    const reader = opened.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    const endpoint = /data: (\S+)/.exec(first)?.[1] ?? '';
    const id = new URL(endpoint, gateway.url).searchParams.get('sessionId') ?? '';
    expect(id).not.toBe('');
    canaries['sse-session'] = id;
    // Refused by its Host, by its Origin, by its body, and by its server.
    const post = (path: string, headers: Record<string, string>, body: string): Promise<void> =>
      new Promise((resolve, reject) => {
        request(
          `${gateway.url}${path}`,
          { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
          (response) => {
            response.setEncoding('utf8').on('data', (piece: string) => answers.push(piece));
            response.on('end', resolve);
          },
        )
          .on('error', reject)
          .end(body);
      });
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    await post(endpoint, { host: 'attacker.example' }, ping);
    await post(endpoint, { origin: 'https://evil.example' }, ping);
    await post(endpoint, {}, '{');
    await post(endpoint.replace('good', 'steady'), {}, ping);
    await post(`/servers/none${endpoint}`, {}, ping);
    await session.delete();
    await stream.ended;
    await admin('status');
    await reader?.cancel();
    expect(found(answers.join('\n'))).toEqual([]);
    expect(found(printed())).toEqual([]);
  });

  it('are not told by the commands: doctor, server list and show, and a start for people', async () => {
    const commands: Promise<string>[] = [];
    const key = ['--url', gateway.url, '--key-file', join(gateway.dataDir, 'admin.key')];
    for (const json of [[], ['--json']]) {
      commands.push(gateward('doctor', '--config', gateway.configFile, ...json));
      commands.push(gateward('server', 'list', ...key, ...json));
      commands.push(gateward('server', 'show', 'steady', ...key, ...json));
      commands.push(gateward('server', 'show', 'gone', ...key, ...json));
    }
    const said = (await Promise.all(commands)).join('\n');
    expect(said).toContain('PROBLEM');
    expect(found(said)).toEqual([]);
  }, 30_000);

  it('are not told where the store and the bus cannot be reached, which their URLs hold', async () => {
    const port = await closedPort();
    const file = join(folder, 'fleet.yaml');
    await writeFile(
      file,
      JSON.stringify({
        ...config(),
        store: `postgres://user:\${IN_STORE}@127.0.0.1:${port}/gateward`,
        bus: `nats://user:\${IN_BUS}@127.0.0.1:${port}`,
      }),
    );
    const all = ['serve', 'doctor', 'key list', 'key create --name x'].flatMap((line) => [
      gateward(...line.split(' '), '--config', file),
      gateward(...line.split(' '), '--config', file, '--json'),
    ]);
    const said = (await Promise.all(all)).join('\n');
    expect(said).toContain('STORE_UNAVAILABLE');
    expect(found(said)).toEqual([]);
  }, 60_000);

  it('of callers are in nothing that is printed or answered, whether their keys are good or bad', async () => {
    const own = { ...config(), auth: { keys: true }, pins: { mode: 'warn' }, dataDir: './keys' };
    const file = join(folder, 'keys.yaml');
    await writeFile(file, JSON.stringify(own));
    const create = async (name: string): Promise<string> => {
      const said = await gateward('key', 'create', '--name', name, '--config', file, '--json');
      return String(JSON.parse(said)['key']);
    };
    const [good, other] = [await create('good'), await create('other')];
    const bad = `${good.slice(0, -49)}${other.slice(-49)}`;
    for (const [where, text] of Object.entries({ good, other })) {
      canaries[`key-${where}`] = text.slice(-49);
      canaries[`hash-${where}`] = createHash('sha256').update(text.slice(-49, -6)).digest('hex');
    }
    const guarded = await startGateway({ configFile: file, env });
    try {
      const url = `${guarded.url}/servers/good/mcp`;
      for (const key of [good, bad, 'gwk_short', good.slice(0, -1)]) {
        const headers = { authorization: `Bearer ${key}` };
        for (const name of ['echo', 'fault', 'cut', 'none']) {
          const { message } = await askModern(url, 'tools/call', { params: { name }, headers });
          answers.push(JSON.stringify(message));
        }
        for (const path of ['/mcp', '/none', '/servers/good/sse', `/mcp?key=${key}`, '/admin/api/status']) {
          const response = await fetch(`${guarded.url}${path}`, { headers });
          answers.push(JSON.stringify([...response.headers]));
          if (response.status === 200) await response.body?.cancel();
          else answers.push(await response.text());
        }
      }
      const admin = { authorization: `Bearer ${guarded.adminKey}` };
      for (const path of ['status', 'servers', 'servers/good', 'upstreams']) {
        answers.push(await (await fetch(`${guarded.url}/admin/api/${path}`, { headers: admin })).text());
      }
      for (const json of [[], ['--json']]) {
        answers.push(await gateward('key', 'list', '--config', file, ...json));
        answers.push(await gateward('doctor', '--config', file, ...json));
      }
    } finally {
      await guarded.stop();
    }
    answers.push(await gateward('key', 'revoke', 'other', '--config', file, '--json'));
    expect(upstream.received.map(({ headers }) => JSON.stringify(headers)).join('')).not.toContain('gwk_');
    expect(answers.join('\n')).toContain('The key is not valid');
    expect(found(`${answers.join('\n')}\n${guarded.stderr()}\n${JSON.stringify(guarded.events)}`)).toEqual(
      [],
    );
  }, 60_000);

  it('are not told by a relay, whose headers they are in', async () => {
    for (const url of [`${gateway.url}/servers/good/mcp`, refusingUrl]) {
      const relay = startStdioClient(
        [...gatewardCommand(), 'connect', url, '--verbose', '-H', 'Authorization: Bearer ${IN_HEADER}'],
        env,
      );
      const params = {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 't', version: '1' },
      };
      relay.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
      await Promise.race([relay.next(({ id }) => id === 1), relay.ended]);
      relay.end();
      await relay.ended;
      expect(relay.received).not.toEqual([]);
      expect(found(relay.lines().join('\n') + relay.stderr())).toEqual([]);
    }
  });

  it('are not told by a start for people, nor by its end', async () => {
    const people = join(folder, 'people.yaml');
    await writeFile(
      people,
      JSON.stringify({ ...config(), log: { level: 'trace', format: 'pretty' }, dataDir: './people' }),
    );
    const [program, ...first] = gatewardCommand();
    const child = spawn(program, [...first, 'serve', '--config', people], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
      });
    }
    await vi.waitFor(() => expect(said).toContain('Ctrl-C'), { timeout: 20_000 });
    child.kill('SIGTERM');
    await once(child, 'close');
    canaries['people-admin'] = (await readFile(join(folder, 'people', 'admin.key'), 'utf8')).trim();
    expect(found(said)).toEqual([]);
  });
});
