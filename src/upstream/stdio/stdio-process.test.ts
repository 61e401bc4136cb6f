import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fixtureFolder, isAlive } from '../../../test/support/stdio-upstream.ts';
import { systemClock } from '../../lib/clock.ts';
import { createProcessGroups, type ProcessGroups, StdioProcess } from './stdio-process.ts';

interface Running {
  readonly program: StdioProcess;
  readonly exits: string[];
  readonly output: () => string;
  readonly groups: ProcessGroups;
}

async function start(flags: readonly string[] = [], stopMs = 2_000): Promise<Running> {
  const exits: string[] = [];
  const chunks: Buffer[] = [];
  const groups = createProcessGroups();
  const program = await StdioProcess.start(
    {
      command: process.execPath,
      args: [`${fixtureFolder}legacy.js`, ...flags.map((flag) => `--${flag}`)],
      cwd: fixtureFolder,
      env: {},
      stopMs,
    },
    {
      onStdout: (chunk) => {
        chunks.push(chunk);
        return undefined;
      },
      onStderr: () => undefined,
      onExit: (how) => exits.push(how),
    },
    { clock: systemClock, groups },
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
    const running = await start(['stubborn'], 300);
    await running.program.stop();
    expect(running.exits).toEqual(['SIGTERM']);
  });

  it('sends SIGKILL to one that does not end on SIGTERM either', async () => {
    const running = await start(['stubborn', 'deaf'], 300);
    await running.program.write(call('pid'));
    await expect.poll(running.output).toContain('pid');
    await running.program.stop();
    expect(running.exits).toEqual(['SIGKILL']);
  });

  it('ends what the program started too', async () => {
    const running = await start([], 300);
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

describe('a program that ends by itself', () => {
  it('leaves nothing that it started', async () => {
    const running = await start([], 300);
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
