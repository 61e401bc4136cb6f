import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { EventReader } from '../support/event-reader.ts';
import {
  type Answered,
  askModern,
  errorOf,
  type Json,
  LEGACY,
  LegacySession,
  listen,
  postModern,
  resultOf,
} from '../support/front-door.ts';
import { gatewardCommand, type RunningGateway, startGateway } from '../support/gateway.ts';
import { createKey, runGateward, type TestKey } from '../support/keys.ts';
import { type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';
import { startStdioClient } from '../support/stdio-client.ts';

const WITHIN = { timeout: 10_000, interval: 20 };
const CLIENT = { name: 'raw-test', version: '1.0.0' };
const ACCEPT = 'application/json, text/event-stream';

let upstream: ScriptedServer;
let legacy: LegacyHttp;
let gateway: RunningGateway;
/** May use every server. */
let ann: TestKey;
let bob: TestKey;
/** May use `good` alone. */
let narrow: TestKey;

beforeAll(async () => {
  [upstream, legacy] = await Promise.all([
    startScripted({
      name: 'good',
      tools: { echo: ({ params }) => text(JSON.stringify(params['arguments'])) },
    }),
    startLegacyHttp(),
  ]);
  const configText = JSON.stringify({
    listen: { port: 0, legacySse: true },
    auth: { keys: true },
    pins: { mode: 'warn' },
    upstreams: { good: { url: upstream.url }, asking: { url: legacy.url } },
    servers: { good: { public: true } },
  });
  gateway = await startGateway({ configText });
  [ann, bob, narrow] = await Promise.all([
    createKey(gateway.configFile, 'ann'),
    createKey(gateway.configFile, 'bob'),
    createKey(gateway.configFile, 'narrow', '--server', 'good'),
  ]);
});
afterAll(async () => {
  await Promise.all([gateway?.stop(), upstream?.close(), legacy?.stop()]);
});

const at = (server: string): string =>
  server === 'all' ? `${gateway.url}/mcp` : `${gateway.url}/servers/${server}/mcp`;
const echo = (headers: Record<string, string>, server = 'good'): Promise<Answered> =>
  askModern(at(server), 'tools/call', { params: { name: 'echo', arguments: { a: 1 } }, headers });

/** The ways in, each as one request without its key. */
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT },
};
function post(url: string, message: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, ...headers },
    body: JSON.stringify(message),
  });
}
type Way = readonly [name: string, ask: (headers: Record<string, string>) => Promise<Response>];
const WAYS: readonly Way[] = [
  ['a modern call', (headers) => postModern(at('good'), 'tools/list', { headers })],
  ['a modern call of the merged server', (headers) => postModern(at('all'), 'server/discover', { headers })],
  ['a modern listen', (headers) => postModern(at('good'), 'subscriptions/listen', { headers })],
  [
    'a modern notification',
    (headers) =>
      post(
        at('good'),
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
        { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'notifications/cancelled', ...headers },
      ),
  ],
  ['a legacy initialize', (headers) => post(at('good'), initialize, headers)],
  [
    'the stream of HTTP+SSE',
    (headers) => fetch(`${gateway.url}/servers/good/sse`, { headers: { accept: ACCEPT, ...headers } }),
  ],
  ['a server that is not there', (headers) => postModern(at('nowhere'), 'tools/list', { headers })],
];

describe('without a key that is valid', () => {
  it.each(WAYS)('%s is refused, and told how to be let in', async (_, ask) => {
    const response = await ask({});
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="gateward"');
    expect(errorOf(JSON.parse(await response.text()))).toMatchObject({
      code: 1020,
      message: expect.stringContaining('Authorization: Bearer gwk_'),
    });
  });

  it.each(WAYS)('%s is refused with a key that nobody made', async (_, ask) => {
    const unknown = `${ann.text.slice(0, -49)}${bob.text.slice(-49)}`;
    const response = await ask({ authorization: `Bearer ${unknown}` });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(errorOf(JSON.parse(await response.text())).code).toBe(1021);
  });

  it('nothing reaches an upstream', async () => {
    const before = upstream.requests('tools/call').length;
    await echo({});
    await echo({ authorization: 'Bearer gwk_x' });
    expect(upstream.requests('tools/call')).toHaveLength(before);
  });

  it('every way of not being valid is told the same', async () => {
    const [expired, revoked] = await Promise.all([
      createKey(gateway.configFile, 'expired', '--expires', '30m'),
      createKey(gateway.configFile, 'revoked'),
    ]);
    await runGateward(['key', 'revoke', 'revoked', '--config', gateway.configFile]);
    const texts = [
      revoked.text,
      `${ann.text.slice(0, -49)}${bob.text.slice(-49)}`,
      `gwk_${'a'.repeat(16)}_${'b'.repeat(49)}`,
      'eyJhbGciOiJub25lIn0.e30.',
    ];
    const said = await Promise.all(texts.map((key) => echo({ authorization: `Bearer ${key}` })));
    expect(new Set(said.map(({ message }) => JSON.stringify(message))).size).toBe(1);
    expect((await echo({ ...expired.headers })).status).toBe(200);
  });

  it('health, public cards and the admin API with its own key still answer', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({ status: 'ready' });
    expect((await fetch(`${gateway.url}/servers/good/mcp/server-card`)).status).toBe(200);
    const authorization = `Bearer ${gateway.adminKey}`;
    const servers = await fetch(`${gateway.url}/admin/api/servers/good`, { headers: { authorization } });
    expect(JSON.stringify(await servers.json())).toContain('echo');
    expect((await echo({ authorization })).status).toBe(401);
    const other = await fetch(`${gateway.url}/admin/api/status`, { headers: ann.headers });
    expect(other.status).toBe(401);
  });
});

describe('with a key', () => {
  it('both eras are served', async () => {
    expect(resultOf((await echo(ann.headers)).message)['content']).toEqual([
      { type: 'text', text: '{"a":1}' },
    ]);
    const session = await LegacySession.open(at('good'), {}, LEGACY, ann.headers);
    const answered = await session.ask('tools/call', { name: 'echo', arguments: { b: 2 } });
    expect(resultOf(answered.message)['content']).toEqual([{ type: 'text', text: '{"b":2}' }]);
    expect(await session.delete()).toBe(200);
  });

  it('the key is kept from upstreams', () => {
    const seen = JSON.stringify([...upstream.received]);
    expect(seen).toContain('tools/call');
    expect(seen).not.toContain('gwk_');
  });

  it('HTTP+SSE is served', async () => {
    const headers = { accept: 'text/event-stream', ...ann.headers };
    const reader = new EventReader(await fetch(`${gateway.url}/servers/good/sse`, { headers }));
    const endpoint = new URL((await reader.next())?.data ?? '', gateway.url).href;
    expect((await post(endpoint, initialize, ann.headers)).status).toBe(202);
    expect((await reader.message())?.message).toMatchObject({ id: 1, result: { protocolVersion: LEGACY } });
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
    expect((await post(endpoint, ping, {})).status).toBe(401);
    expect((await post(endpoint, ping, bob.headers)).status).toBe(404);
    expect((await post(endpoint, ping, ann.headers)).status).toBe(202);
    expect((await reader.message())?.message).toMatchObject({ id: 2, result: {} });
    await reader.close();
  });

  it('a server outside of its scope does not exist', async () => {
    expect((await echo(narrow.headers)).status).toBe(200);
    const [hidden, absent] = await Promise.all([
      postModern(at('asking'), 'tools/list', { headers: narrow.headers }),
      postModern(at('nowhere'), 'tools/list', { headers: narrow.headers }),
    ]);
    expect([hidden.status, absent.status]).toEqual([404, 404]);
    const said = [await hidden.json(), await absent.json()].map((body) => errorOf(body as Json));
    expect(said[0]).toEqual(said[1]);
    expect((await postModern(at('all'), 'tools/list', { headers: narrow.headers })).status).toBe(404);
    expect((await post(at('asking'), initialize, narrow.headers)).status).toBe(404);
  });

  it('a relay on stdio shows the key of its environment', async () => {
    const start = (env: Record<string, string>) =>
      startStdioClient([...gatewardCommand(), 'connect', at('good')], env);
    const relays = [start({ GATEWARD_KEY: ann.text }), start({ GATEWARD_KEY: '' })];
    const answers = relays.map(async (relay) => {
      relay.send(initialize);
      const answer = await relay.next(({ id }) => id === 1);
      relay.end();
      await relay.ended;
      return answer;
    });
    const [known, unknown] = await Promise.all(answers);
    expect(known).toMatchObject({ result: { protocolVersion: LEGACY } });
    expect(JSON.stringify(unknown)).toContain('GATEWARD_KEY');
  });
});

describe('what belongs to one key', () => {
  it('its session does not exist for another', async () => {
    const session = await LegacySession.open(at('good'), {}, LEGACY, ann.headers);
    const as = (key: TestKey | undefined): Record<string, string> => ({
      'mcp-session-id': session.id,
      'mcp-protocol-version': LEGACY,
      ...key?.headers,
    });
    const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' };
    const ping = { jsonrpc: '2.0', id: 8, method: 'ping' };
    const note = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    const answer = { jsonrpc: '2.0', id: 'x', result: {} };
    const get = { accept: 'text/event-stream' };
    for (const [key, status] of [
      [bob, 404],
      [undefined, 401],
    ] as const) {
      for (const message of [list, ping, note, answer]) {
        expect([message, (await post(at('good'), message, as(key))).status]).toEqual([message, status]);
      }
      expect((await fetch(at('good'), { headers: { ...as(key), ...get } })).status).toBe(status);
      expect((await fetch(at('good'), { method: 'DELETE', headers: as(key) })).status).toBe(status);
    }
    expect((await session.ask('tools/list')).status).toBe(200);
    expect(await session.delete()).toBe(200);
  });

  it('its requestState is refused to another', async () => {
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const params = { name: 'test_elicitation', arguments: { message: 'Who are you?' } };
    const call = (key: TestKey, more: Json = {}): Promise<Answered> =>
      askModern(at('asking'), 'tools/call', { params: { ...params, ...more }, meta, headers: key.headers });
    const asked = resultOf((await call(ann)).message);
    expect(asked['resultType']).toBe('input_required');
    const [name = ''] = Object.keys(asked['inputRequests'] as Json);
    const inputResponses = { [name]: { action: 'accept', content: { username: 'ann', email: 'a@x.y' } } };
    const retry = { requestState: asked['requestState'], inputResponses };
    const foreign = await call(bob, retry);
    expect(errorOf(foreign.message).message).toContain('requestState is not valid');
    const own = resultOf((await call(ann, retry)).message);
    expect(JSON.stringify(own)).toContain('action=accept');
  });
});

describe('a key that is revoked', () => {
  it('is refused within a second, while it is in use', async () => {
    const key = await createKey(gateway.configFile, 'in use');
    const session = await LegacySession.open(at('good'), {}, LEGACY, key.headers);
    expect((await echo(key.headers)).status).toBe(200);
    const [modern, get] = await Promise.all([
      listen(at('good'), { toolsListChanged: true }, 'listen', key.headers),
      session.listen(),
    ]);
    await vi.waitFor(() => expect(modern.messages).not.toEqual([]), WITHIN);
    const { code } = await runGateward(['key', 'revoke', key.id, '--config', gateway.configFile]);
    expect(code).toBe(0);
    await wait(1_000);
    expect((await echo(key.headers)).status).toBe(401);
    expect((await session.ask('tools/list')).status).toBe(401);
    // Its streams end too.
    await Promise.all([modern.ended, get.ended]);
    expect(modern.messages.at(-1)).toMatchObject({ id: 'listen', error: { code: 1021 } });
    expect((await echo(ann.headers)).status).toBe(200);
  });
});

describe('the commands', () => {
  const config = (): string[] => ['--config', gateway.configFile];

  it('create prints the key alone, and list never does', async () => {
    const made = await runGateward(['key', 'create', '--name', 'printed', '-e', '90d', ...config()]);
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^gwk_[a-z2-7]{16}_[\w-]{49}\n$/);
    expect(made.stderr).toContain('shown only now');
    expect((await echo({ authorization: `Bearer ${made.stdout.trim()}` })).status).toBe(200);
    for (const json of [[], ['--json']]) {
      const { stdout } = await runGateward(['key', 'list', ...json, ...config()]);
      expect(stdout).toContain('printed');
      expect(stdout).not.toContain(made.stdout.trim().slice(25, 60));
      expect(stdout).not.toMatch(/hash/i);
    }
  });

  it.each([
    ['a name that is taken', ['create', '--name', 'ann'], 1, 'A key that is not revoked has this name'],
    ['no name', ['create'], 2, '--name'],
    ['a server that is not there', ['create', '--name', 'x', '--server', 'nope'], 2, 'nope'],
    ['a time that is none', ['create', '--name', 'x', '--expires', 'soon'], 2, '90d'],
    ['an unknown key', ['revoke', 'nobody'], 5, 'gateward key list'],
  ])('%s is refused', async (_, args, code, said) => {
    const ended = await runGateward(['key', ...args, ...config()]);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(said);
  });

  it('work without a running gateway, and warn where keys are not asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateward-keys-'));
    try {
      const file = join(folder, 'gateward.yaml');
      await writeFile(file, 'upstreams: {}\n');
      const made = await runGateward(['key', 'create', '--name', 'early', '--config', file]);
      expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('auth.keys') });
      const revoked = await runGateward(['key', 'revoke', 'early', '--config', file, '--json']);
      expect(JSON.parse(revoked.stdout)).toMatchObject({ name: 'early', state: 'revoked' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a gateway without keys', () => {
  it('says how to listen beyond loopback', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateward-open-'));
    const file = join(folder, 'gateward.yaml');
    await writeFile(file, 'listen: { host: 0.0.0.0, port: 0 }\n');
    const ended = await runGateward(['serve', '--config', file]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('auth.keys');
    await rm(folder, { recursive: true, force: true });
  });
});

it('no key is in anything that the gateway printed', () => {
  expect(`${gateway.stderr()}${JSON.stringify(gateway.events)}`).not.toMatch(/gwk_[a-z2-7]{16}_/);
});
