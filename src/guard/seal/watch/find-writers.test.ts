import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAutostarts } from './find-autostarts.ts';
import { findProcesses } from './find-processes.ts';
import type { Trail } from './suspect.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'gateward-writers-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const trail = (more: Partial<Trail> = {}): Trail => ({
  paths: [join(home, '.client-under-test.json')],
  home,
  traces: [],
  programs: [],
  changedAtMs: Date.now(),
  ...more,
});

describe.runIf(process.platform === 'linux')('findProcesses', () => {
  it.each([
    ['has the file open for writing', 'require("fs").openSync(process.argv[2], "a")', 'open'],
    ['names the file in its script', '// .client-under-test.json', 'mentions'],
  ])('finds a process that %s', async (_, code, evidence) => {
    const script = join(home, 'writer.cjs');
    await writeFile(script, `${code}\nprocess.stdout.write("up");setInterval(() => {}, 1000)`);
    const args = evidence === 'open' ? [script, join(home, '.client-under-test.json')] : [script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      expect(await findProcesses(trail())).toContainEqual(
        expect.objectContaining({ kind: 'process', pid: child.pid, evidence }),
      );
    } finally {
      child.kill();
    }
  });

  it('finds nothing where there is no /proc', async () => {
    expect(await findProcesses(trail(), join(home, 'proc'))).toEqual([]);
  });
});

describe('findAutostarts', () => {
  it('finds a profile that names the file and a timer that names the value', async () => {
    await mkdir(join(home, '.config/systemd/user'), { recursive: true });
    await writeFile(join(home, '.bashrc'), 'node x.js ~/.client-under-test.json\n');
    await writeFile(join(home, '.profile'), 'export A=1\n');
    await writeFile(
      join(home, '.config/systemd/user/sync.service'),
      'ExecStart=relay http://127.0.0.1:45678/r\n',
    );
    const found = await findAutostarts(trail({ traces: ['http://127.0.0.1:45678/r'] }));
    expect(found.map(({ what }) => what)).toEqual([
      join(home, '.bashrc'),
      join(home, '.config/systemd/user/sync.service'),
    ]);
  });
});
