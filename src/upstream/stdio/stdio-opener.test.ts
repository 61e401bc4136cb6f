import { afterEach, describe, expect, it, vi } from 'vitest';
import { authorizeAnything } from '../../../test/support/launches.ts';
import {
  ASKABLE,
  bodyOf,
  type Sketch,
  sketchCall,
  sketchSession,
} from '../../../test/support/legacy-upstream.ts';
import {
  fixtureFolder,
  isAlive,
  MemoryLog,
  stdioConfig,
  stdioDeps,
} from '../../../test/support/stdio-upstream.ts';
import type { StdioUpstreamConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import type { AuthorizeLaunch } from '../../launch-permit.ts';
import type { Opened, Opener } from '../opened.ts';
import { createStdioOpener, type StdioOpenerDeps } from './stdio-opener.ts';

interface Started {
  readonly opener: Opener;
  readonly opened: Opened;
  readonly log: MemoryLog;
}

const toClose: Opened[] = [];
const pids: number[] = [];
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(({ connector }) => connector.close()));
  expect(pids.splice(0).filter(isAlive)).toEqual([]);
});

async function open(config: StdioUpstreamConfig, deps: Partial<StdioOpenerDeps> = {}): Promise<Started> {
  const log = new MemoryLog();
  const opener = createStdioOpener(config, { ...stdioDeps(log), ...deps });
  const opened = await opener.open(new AbortController().signal);
  toClose.push(opened);
  return { opener, opened, log };
}

async function call({ opened }: Pick<Started, 'opened'>, name: string, sketch: Sketch = {}) {
  const sent = sketchCall({ ...sketch, params: { name, ...sketch.params } });
  const outcome = await opened.connector.call(sent.call, 'context');
  const body = bodyOf(outcome);
  if (typeof body['pid'] === 'number') pids.push(body['pid']);
  return { ...sent, outcome, body };
}

describe('a legacy program', () => {
  it.each(['', 'silent-on-unknown', 'exit-on-unknown', 'null-ids'])(
    'is known by its answer to the probe: %s',
    async (flag) => {
      const config = stdioConfig('legacy.js', {
        flags: [flag],
        connectTimeoutMs: flag.startsWith('silent') ? 600 : 10_000,
      });
      const { opened } = await open(config);
      expect(opened).toMatchObject({ era: 'legacy', transport: 'stdio', protocolVersion: '2025-06-18' });
      expect(opened.serverInfo?.value()).toEqual({ name: 'l', version: '1' });
      expect((await call({ opened }, 'echo', { params: { arguments: { a: 1 } } })).body).toMatchObject({
        given: { a: 1 },
      });
    },
  );

  it('is one process for everybody, in which nobody can be asked', async () => {
    const it = await open(stdioConfig('legacy.js'));
    const seen = await Promise.all([
      call(it, 'pid', { capabilities: ASKABLE }),
      call(it, 'pid'),
      call(it, 'pid', { session: sketchSession() }),
    ]);
    expect(new Set(seen.map(({ body }) => body['pid'])).size).toBe(1);
    const asked = await call(it, 'ask', { capabilities: {} });
    expect(asked.body).toMatchObject({ answer: { error: { code: -32601 } } });
  });

  it('is a process for each session where that is configured, and ends with it', async () => {
    const it = await open(stdioConfig('legacy.js', { process: 'session' }));
    const [one, two] = [sketchSession(), sketchSession()];
    const seen = await Promise.all([one, two, one].map((session) => call(it, 'pid', { session })));
    const [first = 0, second = 0, third = 0] = seen.map(({ body }) => Number(body['pid']));
    expect([first === third, first === second]).toEqual([true, false]);
    one.end();
    await expect.poll(() => isAlive(first)).toBe(false);
    expect(isAlive(second)).toBe(true);
  });

  it('can ask a modern caller back in a process of its own', async () => {
    const it = await open(stdioConfig('legacy.js', { process: 'session' }));
    const first = await call(it, 'ask', { capabilities: ASKABLE });
    expect(first.outcome.kind).toBe('input_required');
    const params = {
      requestState: first.body['requestState'],
      inputResponses: { 'input-1': { action: 'decline' } },
    };
    const second = await call(it, 'ask', { capabilities: ASKABLE, params });
    expect(second.body['answer']).toEqual({ result: { action: 'decline' } });
  });

  it('gets a safe environment, its own variables and its folder', async () => {
    const variables = {
      PATH: process.env['PATH'] ?? '',
      LC_ALL: 'C',
      npm_config_x: '1',
      SECRET: 's',
      HOME: '/h',
    };
    const config = stdioConfig('legacy.js', { env: { HOME: '/own', EXTRA: '2' } });
    const it = await open(config, { authorizeLaunch: authorizeAnything(undefined, variables) });
    const { body } = await call(it, 'env');
    expect(body['env']).toEqual({ PATH: expect.any(String), LC_ALL: 'C', HOME: '/own', EXTRA: '2' });
    expect(`${String(body['cwd'])}/`).toBe(fixtureFolder);
  });

  it('is asked for before each start: of the probe, of each process, of one that ended', async () => {
    const asked: string[] = [];
    const authorize = authorizeAnything();
    const authorizeLaunch: AuthorizeLaunch = (request) => {
      asked.push(request.upstream);
      return authorize(request);
    };
    const it = await open(stdioConfig('legacy.js'), { authorizeLaunch });
    const started = asked.length;
    expect(started).toBe(2);
    await expect(call(it, 'crash')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await vi.waitFor(() => call(it, 'env'), { timeout: 10_000 });
    expect(asked.length).toBe(started + 1);
  });

  it.each(['auto', 'legacy', 'modern'] as const)(
    'that may not start says so each time, and is no program that keeps ending: %s',
    async (era) => {
      const authorizeLaunch: AuthorizeLaunch = async () => {
        throw new GatewardError('LAUNCH_NOT_APPROVED');
      };
      const opener = createStdioOpener(stdioConfig('legacy.js', { era }), {
        ...stdioDeps(),
        authorizeLaunch,
      });
      for (let attempt = 0; attempt < 3; attempt++) {
        const opened = opener.open(new AbortController().signal);
        await expect(opened).rejects.toMatchObject({ code: 'LAUNCH_NOT_APPROVED' });
      }
    },
  );

  it('passes progress under the token of each caller', async () => {
    const it = await open(stdioConfig('legacy.js'));
    const { told } = await call(it, 'progress', { progressToken: '"t"' });
    expect(told.map(({ params }) => params)).toEqual([
      { progressToken: 't', progress: 1 },
      { progressToken: 't', progress: 2 },
    ]);
  });

  it('may print to stdout and stderr: both are kept as log lines', async () => {
    const { log } = await open(stdioConfig('legacy.js', { flags: ['chatty'], era: 'legacy' }));
    // The two pipes are read apart, so the answer on one may come before the lines on the other.
    await vi.waitFor(() => {
      expect(log.all('upstream stderr', 'line')).toEqual(['ready', 'with ünïcode']);
    });
    expect(log.all('upstream wrote something to stdout that is no message', 'text')).toEqual([
      'Listening...',
    ]);
  });

  it('that answers too much fails that call alone', async () => {
    const it = await open(stdioConfig('legacy.js', { maxResponseBytes: 10_000 }));
    await expect(call(it, 'big', { params: { arguments: { bytes: 20_000 } } })).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
    expect((await call(it, 'big', { params: { arguments: { bytes: 5_000 } } })).outcome.kind).toBe(
      'complete',
    );
  });

  it('that ends loses what is in flight, and is started again for the next call', async () => {
    const it = await open(stdioConfig('legacy.js'));
    const before = await call(it, 'pid');
    await expect(call(it, 'crash')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    const after = await call(it, 'pid');
    expect(after.body['pid']).not.toBe(before.body['pid']);
  });

  it('that keeps ending is not started again at once', async () => {
    const it = await open(stdioConfig('legacy.js'));
    for (let times = 0; times < 2; times++)
      await expect(call(it, 'crash')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect(call(it, 'crash')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect(call(it, 'pid')).resolves.toBeDefined();
  });

  it('that does not answer initialize is given up, and its era is found out anew', async () => {
    const config = stdioConfig('legacy.js', { flags: ['never-ready'], connectTimeoutMs: 500 });
    await expect(open(config)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('that is not there says so', async () => {
    await expect(open(stdioConfig('legacy.js', { command: '/no/such/program' }))).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    await expect(open(stdioConfig('legacy.js', { command: 'a\0b', era: 'legacy' }))).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
  });
});

describe('a modern program', () => {
  it('is known by its DiscoverResult, or configured', async () => {
    for (const era of ['auto', 'modern'] as const) {
      const { opened } = await open(stdioConfig('modern.js', { era }));
      expect(opened).toMatchObject({ era: 'modern', transport: 'stdio', protocolVersion: '2026-07-28' });
      expect(opened.serverInfo?.value()).toEqual({ name: 'm', version: '1' });
    }
  });

  it('of a later revision only is refused, not taken for legacy', async () => {
    await expect(open(stdioConfig('modern.js', { flags: ['future'] }))).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
  });

  it('sees the call as it is, under an id and a progress token of the gateway', async () => {
    const it = await open(stdioConfig('modern.js'));
    const { body } = await call(it, 'echo', { id: '"a"', progressToken: '"p"', params: { x: 1 } });
    const { id, params } = body as { id: number; params: Record<string, unknown> };
    expect(Number.isInteger(id)).toBe(true);
    expect(params).toMatchObject({ name: 'echo', x: 1, _meta: { progressToken: id } });
    expect(params['_meta']).toHaveProperty(['io.modelcontextprotocol/protocolVersion'], '2026-07-28');
  });

  it('keeps calls with the same id and token apart', async () => {
    const it = await open(stdioConfig('modern.js'));
    const all = await Promise.all(
      ['1', '"1"', '1'].map((progressToken) => call(it, 'talk', { id: '1', progressToken })),
    );
    const tokens = all.map(({ told }) =>
      told.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params),
    );
    expect(tokens).toEqual(
      [1, '1', 1].map((progressToken) => [
        { progressToken, progress: 1 },
        { progressToken, progress: 2 },
      ]),
    );
    const alone = await call(it, 'talk', { progressToken: '1' });
    expect(alone.told.map(({ method }) => method).at(-1)).toBe('notifications/message');
  });

  it('gives outcomes by their resultType', async () => {
    const it = await open(stdioConfig('modern.js'));
    expect((await call(it, 'bare')).body).toEqual({ content: [], resultType: 'complete' });
    expect((await call(it, 'input')).outcome.kind).toBe('input_required');
    for (const name of ['odd', 'version'])
      await expect(call(it, name)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it('is told of cancellations', async () => {
    const it = await open(stdioConfig('modern.js'));
    const sent = sketchCall({ params: { name: 'hang' } });
    const hanging = it.opened.connector.call(sent.call, 'context');
    hanging.catch(() => undefined);
    await call(it, 'pid');
    sent.abort.abort('enough');
    await expect(hanging).rejects.toBe('enough');
    const { body } = await call(it, 'end', { params: { arguments: { how: 'result' } } });
    expect(body['cancelled']).toHaveLength(1);
  });

  const notifications = { toolsListChanged: true, resourceSubscriptions: ['a:b'] };
  const _meta = { 'io.modelcontextprotocol/subscriptionId': 'L' };

  async function listen(it: Started) {
    const sent = sketchCall({ method: 'subscriptions/listen', params: { notifications }, id: '"L"' });
    const ending = it.opened.connector.call(sent.call, 'context');
    ending.catch(() => undefined);
    await expect.poll(() => sent.told.length).toBe(1);
    return { ...sent, ending };
  }

  it.each(['result', 'cancelled'])(
    'listens under the id of the caller until the server ends it: %s',
    async (how) => {
      const it = await open(stdioConfig('modern.js'));
      const { told, ending } = await listen(it);
      await call(it, 'change');
      expect(told).toEqual([
        {
          jsonrpc: '2.0',
          method: 'notifications/subscriptions/acknowledged',
          params: { _meta, notifications },
        },
        { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } },
      ]);
      await call(it, 'end', { params: { arguments: { how } } });
      expect(bodyOf(await ending)).toEqual({ resultType: 'complete', _meta });
    },
  );

  it('is started again when it ends, listens are sent again and changes made up', async () => {
    const it = await open(stdioConfig('modern.js'));
    const { told, ending, abort } = await listen(it);
    await expect(call(it, 'crash')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect.poll(() => told.length, { timeout: 5_000 }).toBe(3);
    expect(told.slice(1).map(({ method, params }) => [method, params])).toEqual([
      ['notifications/tools/list_changed', { _meta }],
      ['notifications/resources/updated', { uri: 'a:b', _meta }],
    ]);
    await call(it, 'change');
    expect(told).toHaveLength(4);
    abort.abort('done');
    await expect(ending).rejects.toBe('done');
  });

  it('is one process, or one for each session', async () => {
    const shared = await open(stdioConfig('modern.js'));
    const own = await open(stdioConfig('modern.js', { process: 'session' }));
    const session = sketchSession();
    for (const [it, expected] of [
      [shared, 1],
      [own, 2],
    ] as const) {
      const seen = [
        await call(it, 'pid'),
        await call(it, 'pid', { session }),
        await call(it, 'pid', { session }),
      ];
      expect(new Set(seen.map(({ body }) => body['pid'])).size).toBe(expected);
    }
  });

  it('ends what is in flight when it is closed', async () => {
    const it = await open(stdioConfig('modern.js'));
    const { ending } = await listen(it);
    const hanging = call(it, 'hang');
    hanging.catch(() => undefined);
    await call(it, 'pid');
    await it.opened.connector.close();
    await expect(hanging).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect(ending).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    await expect(call(it, 'pid')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('a look at an opened program', () => {
  it('gives it back while it serves, and a new one once it was in doubt', async () => {
    const { opener, opened } = await open(stdioConfig('legacy.js'));
    const { signal } = new AbortController();
    expect(await opener.check(opened, signal)).toBe(opened);
    await opened.connector.close();
    await expect(opener.check(opened, signal)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    const again = await opener.check(opened, signal);
    toClose.push(again);
    expect(again.connector).not.toBe(opened.connector);
  });
});
