import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import {
  askModern,
  callTool,
  errorOf,
  type Json,
  LegacySession,
  listen,
  modernMeta,
  postModern,
  resultOf,
  toolNames,
} from '../support/front-door.ts';
import { askAdmin, isRunning, type RunningGateway, startGateway } from '../support/gateway.ts';
import { closedPort, portOf, startHttpUpstream } from '../support/http-upstream.ts';
import { RawConnection } from '../support/raw-http.ts';
import { ANSWERED, type ScriptedServer, startScripted, type Turn, text } from '../support/scripted-server.ts';
import { UNGUARDED, VOUCHED } from '../support/vouched.ts';

const STEADY = join(import.meta.dirname, '..', 'fixtures', 'stdio', 'steady.js');

const ends: (() => Promise<unknown>)[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-trouble-'));
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

async function good(): Promise<ScriptedServer> {
  const server = await startScripted({ tools: { echo: () => text('hello') } });
  return keep(server, (one) => one.close());
}

const steady = (...args: string[]): Json => ({ command: process.execPath, args: [STEADY, ...args] });

async function status(gateway: RunningGateway): Promise<{ upstreams: Json[] }> {
  return (await (await askAdmin(gateway, 'status')).json()) as { upstreams: Json[] };
}

const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];

/** Upstreams that are in trouble, each in its way. */
const TROUBLES: readonly (readonly [string, () => Promise<string>])[] = [
  ['is not there', async () => `http://127.0.0.1:${await closedPort()}/mcp`],
  ['takes connections and says nothing', startSilent],
  ['answers 500', () => startAnswering((res) => void res.writeHead(500).end('oops'))],
  ['answers 503', () => startAnswering((res) => void res.writeHead(503, { 'retry-after': '30' }).end())],
  ['answers 401', () => startAnswering((res) => void res.writeHead(401).end())],
  [
    'answers a page',
    () => startAnswering((res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
  ],
  [
    'answers garbage',
    () =>
      startAnswering(
        (res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":'),
      ),
  ],
  ['answers bytes that are no HTTP', startNoise],
  [
    'redirects',
    () => startAnswering((res) => void res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
  ],
];

async function startSilent(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep(server, async (one) => void one.close());
  return `http://127.0.0.1:${portOf(server)}/mcp`;
}

async function startNoise(): Promise<string> {
  const server = createServer(
    (socket) => void socket.on('error', () => undefined).end('\0\0 noise \r\n\r\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep(server, async (one) => void one.close());
  return `http://127.0.0.1:${portOf(server)}/mcp`;
}

async function startAnswering(answer: (res: ServerResponse) => void): Promise<string> {
  const server = await startHttpUpstream(({ res }) => answer(res));
  keep(server, (one) => one.close());
  return server.url.href;
}

describe('upstreams in trouble', () => {
  it('leave lists and calls of the others alone, and their absence is shown', async () => {
    const urls = await Promise.all(TROUBLES.map(([, start]) => start()));
    const one = await good();
    const bad = Object.fromEntries(
      urls.map((url, index) => [`bad-${index}`, { url, connectTimeoutMs: 700, timeoutMs: 700 }]),
    );
    const log = join(folder, 'starts');
    const script = `require('node:fs').appendFileSync(${JSON.stringify(log)}, 'x'); process.exit(7)`;
    const broken = { command: process.execPath, args: ['-e', script], era: 'legacy', connectTimeoutMs: 2000 };
    const absent = { command: './no-such-program' };
    const started = Date.now();
    const gateway = await serve({
      launch: UNGUARDED,
      upstreams: { good: { url: one.url }, ...bad, broken, absent },
    });

    const began = Date.now();
    expect(await toolNames(`${gateway.url}/mcp`)).toEqual(['good__echo']);
    expect(textOf(await callTool(`${gateway.url}/mcp`, 'good__echo'))).toBe('hello');
    const session = await LegacySession.open(`${gateway.url}/mcp`);
    expect(resultOf((await session.ask('tools/list')).message)['tools']).toHaveLength(1);
    expect(Date.now() - began).toBeLessThan(5000);

    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(200);
    const { upstreams } = (await ready.json()) as { upstreams: Json[] };
    const down = Object.keys({ ...bad, broken, absent }).map((name) => ({ name, state: 'down' }));
    expect(upstreams).toEqual([{ name: 'good', state: 'up' }, ...down]);
    for (const shown of (await status(gateway)).upstreams) {
      if (shown['name'] === 'good') continue;
      expect(shown).toMatchObject({
        state: 'down',
        lastError: expect.stringMatching(/\w/),
        lastErrorCode: expect.stringMatching(/^[A-Z_]+$/),
        nextTryAt: expect.stringMatching(/^\d{4}-/),
      });
      expect(gateway.stderr()).toContain(`"upstream":"${String(shown['name'])}"`);
    }
    expect(gateway.stderr()).toContain('upstream is down');
    const { upstreams: seen } = await status(gateway);
    expect(seen.find(({ name }) => name === 'broken')?.['lastError']).toContain('Its process ended with 7.');

    const call = await askModern(`${gateway.url}/servers/bad-0/mcp`, 'tools/call', { params: { name: 'x' } });
    expect(call.status).toBe(200);
    expect(errorOf(call.message)).toMatchObject({ code: -32_603, message: expect.stringContaining('bad-0') });
    expect(JSON.stringify(call.message)).not.toMatch(/ {4}at |undici|node:/);

    // A process that dies at once is started again with growing waits: 1 s, 2 s, 4 s.
    await vi.waitFor(() => expect(readFileSync(log, 'utf8').length).toBeGreaterThanOrEqual(2), 5000);
    expect(readFileSync(log, 'utf8').length).toBeLessThanOrEqual(2 + Math.log2(Date.now() - started));
  });

  it('come back without a restart, and clients that listen hear of it', async () => {
    const port = await closedPort();
    const one = await good();
    const gateway = await serve({
      upstreams: { good: { url: one.url }, late: { url: `http://127.0.0.1:${port}/mcp` } },
    });
    const stream = keep(await listen(`${gateway.url}/mcp`), (open) => open.close());
    expect(await toolNames(`${gateway.url}/mcp`)).toEqual(['good__echo']);
    const late = await startModernHttp({ port });
    keep(late, (server) => server.stop());
    await vi.waitFor(
      async () => {
        expect(await toolNames(`${gateway.url}/mcp`)).toContain('late__echo');
        expect(stream.of('notifications/tools/list_changed')).not.toEqual([]);
      },
      { timeout: 20_000, interval: 200 },
    );
  });
});

describe('an upstream that falls silent', () => {
  it('holds up no list for long, and nobody else’s calls at all', async () => {
    let silent = false;
    const moody = await startScripted({
      tools: { echo: () => text('hello') },
      methods: {
        'tools/list': () =>
          silent
            ? ANSWERED
            : { tools: [{ name: 'echo', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
      },
    });
    keep(moody, (server) => server.close());
    const one = await good();
    const gateway = await serve({ upstreams: { moody: { url: moody.url }, good: { url: one.url } } });
    const url = `${gateway.url}/mcp`;
    expect(await toolNames(url)).toEqual(['moody__echo', 'good__echo']);
    await vi.waitFor(() => expect(moody.listens()).toBe(1));
    silent = true;
    moody.announce('tools');
    await wait(100);
    const began = performance.now();
    const list = toolNames(url);
    expect(textOf(await callTool(url, 'good__echo'))).toBe('hello');
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await list).toContain('good__echo');
    expect(performance.now() - began).toBeLessThan(6000);
    expect(textOf(await callTool(url, 'moody__echo'))).toBe('hello');
  });
});

describe('time', () => {
  it('of a call is that of its upstream, and progress extends it up to a limit', async () => {
    const cancelled: string[] = [];
    const step = (everyMs: number, times: number, name: string) => async (turn: Turn) => {
      turn.gone.addEventListener('abort', () => cancelled.push(name));
      const { progressToken } = turn.params['_meta'] as Json;
      for (let progress = 1; progress <= times && !turn.gone.aborted; progress += 1) {
        await wait(everyMs);
        if (progressToken !== undefined) turn.notify('notifications/progress', { progressToken, progress });
      }
      return text('done');
    };
    const server = await startScripted({
      tools: {
        short: step(300, 4, 'short'),
        endless: step(300, 100, 'endless'),
        silent: step(20_000, 1, 'silent'),
      },
    });
    keep(server, (one) => one.close());
    const gateway = await serve({
      upstreams: {
        quick: { url: server.url, timeoutMs: 800, maxTimeoutMs: 2500 },
        patient: { url: server.url, timeoutMs: 20_000 },
      },
    });
    const call = async (upstream: string, name: string, meta: Json = {}) => {
      const began = performance.now();
      const answered = await askModern(`${gateway.url}/servers/${upstream}/mcp`, 'tools/call', {
        params: { name, arguments: {} },
        meta,
      });
      return { ...answered, ms: performance.now() - began };
    };
    const meta = { progressToken: 'token' };
    const [short, endless, silent, patient] = await Promise.all([
      call('quick', 'short', meta),
      call('quick', 'endless', meta),
      call('quick', 'silent', meta),
      call('patient', 'short'),
    ]);
    expect(textOf(resultOf(short.message))).toBe('done');
    expect(short.notifications).toHaveLength(4);
    expect(textOf(resultOf(patient.message))).toBe('done');
    expect(errorOf(endless.message)).toMatchObject({
      code: -32_603,
      message: expect.stringMatching(/in time/),
    });
    expect(endless.ms).toBeGreaterThan(2300);
    expect(endless.ms).toBeLessThan(6000);
    expect(errorOf(silent.message)).toMatchObject({
      code: -32_603,
      message: expect.stringMatching(/in time/),
    });
    expect(silent.ms).toBeGreaterThan(700);
    expect(silent.ms).toBeLessThan(2400);
    await vi.waitFor(() => expect(cancelled.toSorted()).toEqual(['endless', 'silent']));
  });
});

describe('a client that hangs up', () => {
  it('cancels its modern call at either kind of upstream, and no legacy call', async () => {
    const modern = keep(await startModernHttp(), (server) => server.stop());
    const legacy = keep(await startLegacyHttp(), (server) => server.stop());
    const gateway = await serve({ upstreams: { modern: { url: modern.url }, legacy: { url: legacy.url } } });
    const slow = { name: 'slow', arguments: { ms: 2500, steps: 5 } };

    for (const [name, { state }] of Object.entries({ modern, legacy })) {
      const url = `${gateway.url}/servers/${name}/mcp`;
      const hangUp = new AbortController();
      const call = postModern(url, 'tools/call', { params: slow, signal: hangUp.signal });
      call.catch(() => undefined);
      await vi.waitFor(() => expect(state.calls.count('slow')).toBe(1), { timeout: 5000 });
      hangUp.abort();
      await vi.waitFor(() => expect(state.calls.count('cancelled:slow')).toBe(1), { timeout: 5000 });

      const session = await LegacySession.open(url);
      const leave = new AbortController();
      session.post('tools/call', slow, leave.signal).catch(() => undefined);
      await vi.waitFor(() => expect(state.calls.count('slow')).toBe(2), { timeout: 5000 });
      leave.abort();
    }
    await wait(800);
    for (const { state } of [modern, legacy]) expect(state.calls.count('cancelled:slow')).toBe(1);
  });

  it('reads slowly, and costs bounded memory', async () => {
    const line = 'x'.repeat(64 * 1024);
    let sent = 0;
    let paused = false;
    const flood = async (turn: Turn) => {
      const { progressToken } = turn.params['_meta'] as Json;
      // 200 MB, as fast as they are taken.
      for (let progress = 1; progress <= 3200 && !turn.gone.aborted; progress += 1) {
        sent = progress;
        const goesOn = turn.notify('notifications/progress', { progressToken, progress, message: line });
        if (goesOn) continue;
        paused = true;
        await turn.drained();
        paused = false;
      }
      return turn.gone.aborted ? ANSWERED : text('flooded');
    };
    const server = await startScripted({ tools: { flood, echo: () => text('hello') } });
    keep(server, (one) => one.close());
    const gateway = await serve({ upstreams: { a: { url: server.url } } });
    const url = `${gateway.url}/servers/a/mcp`;
    await callTool(url, 'echo');
    const rss = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]);
    const before = rss();

    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'flood',
        arguments: {},
        _meta: modernMeta({ progressToken: 1 }),
      },
    });
    const connections = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const connection = await RawConnection.open(gateway.port);
        connection.socket.pause();
        connection.send(
          `POST /servers/a/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: flood\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        return keep(connection, async (one) => one.close());
      }),
    );
    let last = -1;
    await vi.waitFor(
      () => {
        const now = sent;
        const still = now > 10 && now === last;
        last = now;
        expect(still).toBe(true);
      },
      { timeout: 10_000, interval: 1000 },
    );
    expect(sent).toBeLessThan(3200);
    expect(paused).toBe(true);
    expect(rss() - before).toBeLessThan(80 * 1024);
    expect(textOf(await callTool(url, 'echo'))).toBe('hello');
    for (const connection of connections) connection.close();
  });
});

describe('a listener that does not read', () => {
  it('is cut off at the bound, and the others hear everything', async () => {
    const uri = `doc://${'x'.repeat(10_000)}`;
    const server = await startScripted({
      methods: {
        'resources/list': () => ({ resources: [{ uri, name: 'long' }], ttlMs: 0, cacheScope: 'private' }),
      },
    });
    keep(server, (one) => one.close());
    const gateway = await serve({
      upstreams: { a: { url: server.url } },
      limits: { maxQueuedBytesPerStream: 65_536 },
    });
    const url = `${gateway.url}/servers/a/mcp`;
    const filter = { resourceSubscriptions: [uri] };
    const reader = await listen(url, filter, 'reader');
    const slow = keep(await RawConnection.open(gateway.port), async (one) => one.close());
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 'slow',
      method: 'subscriptions/listen',
      params: { notifications: filter, _meta: modernMeta() },
    });
    slow.send(
      `POST /servers/a/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await slow.until((bytes) => bytes.includes('acknowledged'));
    slow.socket.pause();
    const total = 3000;
    for (let sent = 0; sent < total; sent += 1) {
      server.announce({ uri });
      // As fast as the reader takes them.
      if (sent % 20 === 0) {
        await vi.waitFor(
          () => expect(reader.of('notifications/resources/updated').length).toBeGreaterThan(sent - 20),
          { timeout: 10_000, interval: 5 },
        );
      }
    }
    await vi.waitFor(() => expect(reader.of('notifications/resources/updated')).toHaveLength(total));
    slow.socket.resume();
    await slow.closed();
    await reader.close();
  });
});

describe('a process that dies', () => {
  it('fails the calls in flight, is started again, and serves the next call', async () => {
    const log = join(folder, 'starts');
    const gateway = await serve({ upstreams: { files: steady('--log', log) } });
    const url = `${gateway.url}/servers/files/mcp`;
    const session = await LegacySession.open(url);
    const first = Number(textOf(await callTool(url, 'pid')));
    expect(textOf(await callTool(url, 'garbage'))).toBe('after garbage');
    const calls = [
      askModern(url, 'tools/call', { params: { name: 'hang' } }),
      session.ask('tools/call', { name: 'hang' }),
    ];
    await wait(400);
    for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
      const pid = Number(line);
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    }
    for (const call of calls) {
      const { message } = await call;
      expect(errorOf(message)).toMatchObject({
        code: -32_603,
        message: expect.stringMatching(/lost.*may have run/),
      });
    }
    const second = await vi.waitFor(async () => Number(textOf(await callTool(url, 'pid'))), {
      timeout: 8000,
      interval: 200,
    });
    expect(second).not.toBe(first);
    expect(textOf(resultOf((await session.ask('tools/call', { name: 'pid' })).message))).toMatch(/^\d+$/);
    expect(gateway.stderr()).toMatch(/"upstream":"files"/);
  });
});
