import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorizeAnything } from '../../../test/support/launches.ts';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { fixtureFolder, isAlive } from '../../../test/support/stdio-upstream.ts';
import type { LaunchLimits, LaunchRequest } from '../../launch-permit.ts';
import { systemClock } from '../../lib/clock.ts';
import { createProcessGroups, type ProcessGroups, StdioProcess } from './stdio-process.ts';

interface Running {
  readonly program: StdioProcess;
  readonly exits: string[];
  readonly output: () => string;
  readonly groups: ProcessGroups;
}

interface Changes {
  readonly stopMs?: number;
  readonly asked?: Partial<LaunchRequest>;
  readonly limits?: Partial<LaunchLimits>;
}

async function start(flags: readonly string[] = [], changes: Changes = {}): Promise<Running> {
  const { stopMs = 2_000, asked, limits } = changes;
  const exits: string[] = [];
  const chunks: Buffer[] = [];
  const groups = createProcessGroups();
  const permit = await authorizeAnything()({
    upstream: 'it',
    command: process.execPath,
    args: [`${fixtureFolder}legacy.js`, ...flags.map((flag) => `--${flag}`)],
    env: {},
    cwd: fixtureFolder,
    references: { env: {}, args: {} },
    sandbox: undefined,
    ...asked,
  });
  const program = await StdioProcess.start(
    { ...permit, limits: { ...permit.limits, ...limits } },
    {
      onStdout: (chunk) => {
        chunks.push(chunk);
        return undefined;
      },
      onStderr: () => undefined,
      onExit: (how) => exits.push(how),
    },
    { clock: systemClock, groups, log: silentLog, stopMs },
  );
  return { program, exits, groups, output: () => Buffer.concat(chunks).toString() };
}

const call = (name: string) =>
  Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } })}\n`);

async function startGrandchild(running: Running): Promise<number> {
  await running.program.write(call('child'));
  await expect.poll(running.output).toContain('child');
  return Number(/"child":(\d+)/.exec(running.output())?.[1]);
}

describe('stopping a program', () => {
  it('closes its stdin, which is enough for most', async () => {
    const running = await start();
    await running.program.stop();
    expect(running.exits).toEqual(['0']);
    expect(isAlive(running.program.pid)).toBe(false);
  });

  it('sends SIGTERM to one that goes on', async () => {
    const running = await start(['stubborn'], { stopMs: 300 });
    await running.program.stop();
    expect(running.exits).toEqual(['SIGTERM']);
  });

  it('sends SIGKILL to one that does not end on SIGTERM either', async () => {
    const running = await start(['stubborn', 'deaf'], { stopMs: 300 });
    await running.program.write(call('pid'));
    await expect.poll(running.output).toContain('pid');
    await running.program.stop();
    expect(running.exits).toEqual(['SIGKILL']);
  });

  it('ends what the program started too', async () => {
    const running = await start([], { stopMs: 300 });
    const grandchild = await startGrandchild(running);
    expect(isAlive(grandchild)).toBe(true);
    await running.program.stop();
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });

  it('is one stop, however often it is asked for', async () => {
    const running = await start();
    await Promise.all([running.program.stop(), running.program.stop()]);
    expect(running.exits).toHaveLength(1);
    await expect(running.program.write(call('pid'))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('ending a program that must not run any more', () => {
  it('does not wait for it to end by itself, whether or not it is being stopped', async () => {
    for (const before of [() => undefined, (it: Running) => void it.program.stop()]) {
      const running = await start(['stubborn'], { stopMs: 60_000 });
      before(running);
      await running.program.end();
      expect(running.exits).toEqual(['SIGTERM']);
    }
  });

  it('leaves little time to one that does not end on SIGTERM, or to what it started', async () => {
    const running = await start(['stubborn', 'deaf'], { stopMs: 60_000 });
    const grandchild = await startGrandchild(running);
    await running.program.end();
    expect(running.exits).toEqual(['SIGKILL']);
    await expect.poll(() => [running.program.pid, grandchild].filter(isAlive)).toEqual([]);
  });
});

describe('a program that ends by itself', () => {
  it('leaves nothing that it started', async () => {
    const running = await start([], { stopMs: 300 });
    const grandchild = await startGrandchild(running);
    await running.program.write(call('crash'));
    await expect.poll(() => running.exits).toEqual(['1']);
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });

  it('is reported after everything that it said', async () => {
    const running = await start();
    await running.program.write(Buffer.concat([call('pid'), call('pid'), call('crash')]));
    await expect.poll(() => running.exits).toEqual(['1']);
    expect(running.output().match(/"pid"/g)).toHaveLength(2);
  });
});

describe('the end of the gateway', () => {
  it('kills every group, those that do not listen too', async () => {
    const running = await start(['stubborn', 'deaf']);
    const grandchild = await startGrandchild(running);
    running.groups.killAll();
    await expect.poll(() => [running.program.pid, grandchild].filter(isAlive)).toEqual([]);
    await expect.poll(() => running.exits).toEqual(['SIGKILL']);
  });

  it('finds no group of a program that was stopped', async () => {
    const running = await start();
    await running.program.stop();
    const another = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20_000)'], { detached: true });
    running.groups.killAll();
    expect(isAlive(another.pid ?? 0)).toBe(true);
    another.kill('SIGKILL');
  });
});

describe.runIf(process.platform === 'linux')('the limits of a program', () => {
  const openFilesOf = ({ program }: Running): string | undefined =>
    /^Max open files +(\S+ +\S+)/m.exec(readFileSync(`/proc/${program.pid}/limits`, 'latin1'))?.[1];

  it('hold for the files that it may open, from the start', async () => {
    const running = await start([], { limits: { maxOpenFiles: 100 } });
    await running.program.write(call('pid'));
    await expect.poll(running.output).toContain(`"pid":${running.program.pid}`);
    expect(openFilesOf(running)?.split(/ +/)).toEqual(['100', '100']);
    await running.program.stop();
  });

  it('hold for one that goes by another name than its path, soon after the start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateward-named-'));
    const link = join(folder, 'other-name');
    await symlink(process.execPath, link);
    const running = await start([], { asked: { command: link }, limits: { maxOpenFiles: 100 } });
    await expect.poll(() => openFilesOf(running)?.split(/ +/)).toEqual(['100', '100']);
    const [argv0] = readFileSync(`/proc/${running.program.pid}/cmdline`, 'utf8').split('\0');
    expect(argv0).toBe(link);
    await running.program.stop();
    await rm(folder, { recursive: true });
  });

  it('are never above those of the gateway, which nobody but an administrator may raise', async () => {
    const running = await start([], { limits: { maxOpenFiles: 1_048_576 } });
    await running.program.write(call('pid'));
    await expect.poll(running.output).toContain('pid');
    await running.program.stop();
  });

  it('hold for the memory of all that it started: more ends it', async () => {
    const running = await start(['stubborn', 'deaf'], { limits: { maxMemoryBytes: 1_000_000 } });
    await expect.poll(() => running.exits, { timeout: 10_000 }).toEqual(['SIGKILL']);
  });
});

it('programs come and go without a trace in this process', async () => {
  const count = () => process.getActiveResourcesInfo().length;
  await (await start()).program.stop();
  const before = count();
  for (let round = 0; round < 5; round++) {
    const running = await Promise.all([start(), start()]);
    await Promise.all(running.map(({ program }) => program.stop()));
  }
  await expect.poll(count).toBeLessThanOrEqual(before);
});
