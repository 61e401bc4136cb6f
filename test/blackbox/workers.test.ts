import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import type { Listening } from '../fixtures/servers/shared/listen.ts';
import { LEGACY, LegacySession, postModern } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';

const WORKERS = 3;

let modern: Listening;
let legacy: Listening;
let gateway: RunningGateway;

beforeAll(async () => {
  [modern, legacy] = await Promise.all([startModernHttp(), startLegacyHttp()]);
  gateway = await startGateway({
    args: ['--workers', String(WORKERS)],
    configText: JSON.stringify({
      listen: { port: 0 },
      upstreams: { modern: { url: modern.url }, legacy: { url: legacy.url } },
    }),
  });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([modern.stop(), legacy.stop()]);
});

/** The workers that run: children of the process that was started. */
function workers(): number[] {
  const isChild = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(gateway.pid);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}

/** Each request goes over a connection of its own, so that any worker may get it. */
const APART = { connection: 'close' };

const openSession = (path: string): Promise<LegacySession> =>
  LegacySession.open(`${gateway.url}${path}`, {}, LEGACY, APART);

describe('serve --workers', () => {
  it('says once that it listens and is ready, and runs as many processes', () => {
    expect(gateway.events.filter(({ event }) => event === 'listening')).toHaveLength(1);
    expect(gateway.events.filter(({ event }) => event === 'ready')).toHaveLength(1);
    if (process.platform === 'linux') expect(workers()).toHaveLength(WORKERS);
  });

  it('serves modern calls on every connection', async () => {
    for (let index = 0; index < WORKERS * 3; index++) {
      const response = await postModern(`${gateway.url}/servers/modern/mcp`, 'tools/list', {
        headers: APART,
      });
      expect(response.status).toBe(200);
      await response.text();
    }
  });

  it('knows a legacy session at whichever process, before an upstream of either era, until it ends', async () => {
    for (const path of ['/servers/modern/mcp', '/servers/legacy/mcp']) {
      const session = await openSession(path);
      for (let index = 0; index < WORKERS * 3; index++) {
        const response = await session.post('tools/list');
        expect(await response.text()).toContain('"tools"');
      }
      expect(await session.delete()).toBe(200);
      await sleep(1_000);
      for (let index = 0; index < WORKERS * 2; index++) {
        const response = await session.post('tools/list');
        await response.text();
        expect(response.status).toBe(404);
      }
    }
  });

  it.runIf(process.platform === 'linux')(
    'starts a worker again that was killed, and sessions live on',
    async () => {
      const session = await openSession('/servers/legacy/mcp');
      const [victim = 0] = workers();
      process.kill(victim, 'SIGKILL');
      for (let left = 100; left > 0; left--) {
        if (workers().length === WORKERS && !workers().includes(victim)) break;
        await sleep(100);
      }
      expect(workers()).toHaveLength(WORKERS);
      for (let index = 0; index < WORKERS * 2; index++) {
        const response = await session.post('tools/list').catch(() => undefined);
        // A connection that the killed worker had taken is lost; no other is.
        if (response !== undefined) expect(await response.text()).toContain('"tools"');
      }
    },
  );

  it('refuses a number of workers that is none', async () => {
    await expect(startGateway({ args: ['--workers', 'many'], configText: '{}' })).rejects.toThrow();
  });
});
