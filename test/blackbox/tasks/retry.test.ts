import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, startHeldUpstream } from './held-upstream.ts';

let upstream: HeldUpstream;
let gateway: RunningGateway;

const retry = { attempts: 3, delayMs: 10, maxDelayMs: 50 };
const tasks = { promoteAfterMs: 50, retry, tools: { refuse: { mode: 'always' } } };

beforeAll(async () => {
  upstream = await startHeldUpstream();
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      upstreams: {
        plain: { url: upstream.url, tasks },
        safe: {
          url: upstream.url,
          repeatable: true,
          tasks: { ...tasks, retry: { ...retry, on: ['lost', -32_050] } },
        },
        timed: {
          url: upstream.url,
          repeatable: true,
          timeoutMs: 300,
          tasks: { ...tasks, retry: { ...retry, attempts: 2 } },
        },
        steady: { url: upstream.url, repeatable: true, tasks: { ...tasks, mode: 'always' } },
        once: { url: upstream.url, tasks: { ...tasks, mode: 'always' } },
        away: { url: 'http://127.0.0.1:9/mcp', repeatable: true, tasks: { ...tasks, mode: 'always' } },
      },
    }),
  });
});
afterAll(async () => {
  await Promise.all([gateway?.stop(), upstream?.close()]);
});

const clientOf = (server: string): TaskClient => new TaskClient(`${gateway.url}/servers/${server}/mcp`);

describe('a task whose connection is lost', () => {
  it('is tried again where its call is safe to repeat', async () => {
    const client = clientOf('safe');
    const taskId = await client.create('drop', { label: 'safe' });
    upstream.release('safe');
    expect(await client.textOf(taskId)).toBe('worked on safe');
    expect(upstream.runs('safe')).toHaveLength(2);
  });

  it('fails and says that it may have run where it is not', async () => {
    const client = clientOf('plain');
    const taskId = await client.create('drop', { label: 'plain' });
    upstream.release('plain');
    const { error } = await client.until(taskId, 'failed');
    expect(error).toMatchObject({ message: expect.stringContaining('may have run') });
    expect(upstream.runs('plain')).toHaveLength(1);
  });

  it('is tried so often and no more', async () => {
    const client = clientOf('safe');
    upstream.release('hopeless');
    const taskId = await client.create('refuse', { label: 'hopeless', times: 100, code: -32_050 });
    expect(await client.until(taskId, 'failed')).toMatchObject({
      error: { code: -32_050, message: 'Not now' },
    });
    expect(upstream.runs('hopeless')).toHaveLength(3);
  });
});

describe('a task whose call ends in an error', () => {
  it('is tried again only for the codes that the rules name', async () => {
    const client = clientOf('safe');
    upstream.release('named');
    const named = await client.create('refuse', { label: 'named', times: 2, code: -32_050 });
    expect(await client.textOf(named)).toBe('worked on named');
    expect(upstream.runs('named')).toHaveLength(3);
    upstream.release('other');
    const other = await client.create('refuse', { label: 'other', times: 2, code: -32_051 });
    expect(await client.until(other, 'failed')).toMatchObject({ error: { code: -32_051 } });
    expect(upstream.runs('other')).toHaveLength(1);
  });

  it('is never tried again for the error of a tool', async () => {
    const client = clientOf('safe');
    const taskId = await client.create('fail', { label: 'tool-error' });
    upstream.release('tool-error');
    expect(await client.until(taskId, 'completed')).toMatchObject({ result: { isError: true } });
    expect(upstream.runs('tool-error')).toHaveLength(1);
  });
});

describe('a task whose upstream answers with 5xx', () => {
  it('is tried again where its call is safe to repeat, and only there', async () => {
    const client = clientOf('steady');
    const taskId = await client.create('overloaded', { label: 'steady', times: 2 });
    expect(await client.textOf(taskId)).toBe('worked on steady');
    expect(upstream.runs('steady')).toHaveLength(3);
    const once = clientOf('once');
    const failed = await once.create('overloaded', { label: 'once' });
    expect(await once.until(failed, 'failed')).toHaveProperty('error');
    expect(upstream.runs('once')).toHaveLength(1);
  });
});

describe('a task that takes too long for its upstream', () => {
  it('is tried again where its call is safe to repeat, then fails', async () => {
    const client = clientOf('timed');
    const taskId = await client.create('work', { label: 'timed' });
    expect(await client.until(taskId, 'failed')).toHaveProperty('error');
    expect(upstream.runs('timed')).toHaveLength(2);
  });
});

describe('a task whose upstream is away', () => {
  it('is tried as often as the rules say, and fails with the reason', async () => {
    const taskId = await clientOf('away').create('work', { label: 'away' });
    const { error } = await clientOf('away').until(taskId, 'failed');
    expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
  });
});
