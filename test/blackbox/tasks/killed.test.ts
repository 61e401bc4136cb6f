import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { TaskClient } from '../../support/task-client.ts';
import { type HeldUpstream, startHeldUpstream } from './held-upstream.ts';

let folder: string;
let configFile: string;
let upstream: HeldUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startHeldUpstream();
  folder = await mkdtemp(join(tmpdir(), 'gateward-killed-'));
  configFile = join(folder, 'gateward.yaml');
  const tasks = { mode: 'always' };
  const upstreams = {
    safe: { url: upstream.url, repeatable: true, tasks },
    plain: { url: upstream.url, tasks },
  };
  await writeFile(configFile, JSON.stringify({ listen: { port: 0 }, upstreams }));
  gateway = await startGateway({ configFile });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});

const clientOf = (server: string): TaskClient => new TaskClient(`${gateway.url}/servers/${server}/mcp`);

describe('the only gateway, killed and started again', () => {
  it('still has its tasks: repeats what is safe to repeat, and says of the rest that it may have run', async () => {
    upstream.release('ended');
    const ended = await clientOf('plain').create('work', { label: 'ended' });
    await clientOf('plain').until(ended, 'completed');
    const safe = await clientOf('safe').create('work', { label: 'safe' });
    const plain = await clientOf('plain').create('work', { label: 'plain' });
    await Promise.all([upstream.seen('safe'), upstream.seen('plain')]);
    gateway.signal('SIGKILL');
    await gateway.ended;
    await gateway.stop();
    gateway = await startGateway({ configFile });
    expect(await clientOf('plain').textOf(ended)).toBe('worked on ended');
    await upstream.seen('safe', 2);
    upstream.release('safe');
    expect(await clientOf('safe').textOf(safe)).toBe('worked on safe');
    expect(await clientOf('plain').until(plain, 'failed')).toMatchObject({
      error: { message: expect.stringContaining('may have run') },
    });
    expect(upstream.runs('plain')).toHaveLength(1);
    expect(upstream.runs('ended')).toHaveLength(1);
  });
});
