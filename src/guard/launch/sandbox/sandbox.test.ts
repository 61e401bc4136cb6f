import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizeAnything } from '../../../../test/support/launches.ts';
import { recordLog } from '../../../../test/support/record-log.ts';
import type { SandboxConfig } from '../../../config/types.ts';
import type { LaunchPermit } from '../../../launch-permit.ts';
import { makePrivateFolder } from '../private-folder.ts';
import { unpackOrder } from './order.ts';
import { createSandbox, type Sandbox, type SandboxDeps } from './sandbox.ts';
import type { TrialResult } from './trial.ts';

const PROFILE: SandboxConfig = { write: [], hide: [], hosts: [], ifMissing: 'refuse' };
const ends: (() => Promise<unknown>)[] = [];
let folder: string;
let tools: string;
let permit: LaunchPermit;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-test-')));
  ends.push(() => rm(folder, { recursive: true }));
  tools = join(folder, 'tools');
  await mkdir(tools);
  for (const name of ['bwrap', 'socat', 'rg', 'bash', 'which']) {
    await writeFile(join(tools, name), '');
    await chmod(join(tools, name), 0o755);
  }
  permit = await authorizeAnything()({
    upstream: 'files',
    command: process.execPath,
    args: ['-p', '`id`; $(id) "'],
    env: { TOKEN: 's3cret', NODE_OPTIONS: '--require /evil.js' },
    cwd: folder,
    references: { env: {}, args: {} },
    sandbox: undefined,
  });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function open(changes: Partial<SandboxDeps> & { readonly results?: TrialResult[] } = {}) {
  const ran: LaunchPermit[] = [];
  const { log, lines } = recordLog();
  const results = changes.results ?? [];
  const sandbox: Sandbox = createSandbox({
    own: () => ({ dataDir: join(folder, 'data'), hidden: [join(folder, 'gateward.yaml')] }),
    path: tools,
    entry: '/opt/enter.js',
    run: async (one) => {
      ran.push(one);
      return results.shift() ?? { how: '0', stderr: '' };
    },
    log,
    now: () => 0,
    system: 'linux-x64',
    ...changes,
  });
  ends.push(() => sandbox.close());
  return { sandbox, ran, lines };
}

describe('a program in a sandbox', () => {
  it('is started by the Node of the gateway, with nothing of it on the command line', async () => {
    const { sandbox } = open();
    const boxed = await sandbox.wrap(permit, PROFILE);
    expect(boxed.file).toBe(await realpath(process.execPath));
    expect(boxed.args).toEqual([
      expect.stringMatching(/sandbox-runtime\/dist\/cli\.js$/),
      '--settings',
      expect.stringMatching(/settings\.json$/),
      '--',
      boxed.file,
      '/opt/enter.js',
    ]);
    expect(boxed.limits).toEqual(permit.limits);
  });

  it('finds itself unpacked inside, and its variables act on nothing outside', async () => {
    const { sandbox } = open();
    const { env } = await sandbox.wrap(permit, { ...PROFILE, hosts: ['example.com'] });
    expect(Object.keys(env).sort()).toEqual(['GATEWARD_ORDER_0', 'HOME', 'PATH', 'TMPDIR']);
    const cache = join(await makePrivateFolder(join(folder, 'data'), permit), '.cache');
    expect(unpackOrder(env)).toEqual({
      file: permit.file,
      argv0: permit.argv0,
      args: permit.args,
      cwd: permit.cwd,
      env: {
        XDG_CACHE_HOME: cache,
        UV_CACHE_DIR: join(cache, 'uv'),
        npm_config_cache: join(cache, 'npm'),
        ...permit.env,
        TMPDIR: '/tmp',
      },
      online: true,
    });
  });

  it('cannot read what the gateway keeps, whatever the profile says', async () => {
    const { sandbox } = open();
    const { args } = await sandbox.wrap(permit, PROFILE);
    const { filesystem } = JSON.parse(await readFile(args[2] ?? '', 'utf8'));
    const denied = filesystem.denyRead.map(({ path }: { path: string }) => path);
    expect(denied).toEqual(expect.arrayContaining([join(folder, 'data'), join(folder, 'gateward.yaml')]));
    expect(filesystem.allowWrite).toEqual([
      { path: await makePrivateFolder(join(folder, 'data'), permit), literal: true },
    ]);
  });

  it('has no settings left when the sandboxes are closed', async () => {
    const { sandbox } = open();
    const { args } = await sandbox.wrap(permit, PROFILE);
    await sandbox.close();
    await expect(readFile(args[2] ?? '')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['a folder that is not there', () => ({ write: [join(folder, 'nowhere')] }), /which is not there/],
    ['the data folder', () => ({ write: [join(folder, 'data')] }), /is the gateway.+s own/],
    ['this machine', () => ({ hosts: ['127.0.0.1'] }), /: this machine/],
  ])('does not start with a profile that names %s', async (_, change, why) => {
    const { sandbox, lines } = open();
    await mkdir(join(folder, 'data'), { recursive: true });
    const profile = { ...PROFILE, ...change(), ifMissing: 'start-without-sandbox' as const };
    await expect(sandbox.wrap(permit, profile)).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    expect(lines.join('\n')).toMatch(why);
  });

  it('is not told of programs in folders to which it may write', async () => {
    const { sandbox } = open({ path: `${folder}/out/bin:${tools}` });
    await mkdir(join(folder, 'out'));
    const { env } = await sandbox.wrap(permit, { ...PROFILE, write: [join(folder, 'out')] });
    expect(env['PATH']).toBe(tools);
  });
});

describe('where no sandbox can run', () => {
  const cannot: [string, () => Parameters<typeof open>[0], RegExp][] = [
    ['the system has none', () => ({ system: 'win32-x64' }), /no sandbox for win32-x64/],
    ['programs are missing', () => ({ path: folder }), /bwrap, socat, rg, bash, which/],
    [
      'the kernel refuses',
      () => ({ results: [{ how: '1', stderr: 'No permissions' }] }),
      /1: No permissions/,
    ],
  ];

  it.each(cannot)('because %s, it says why', async (_, changes, why) => {
    const { sandbox } = open(changes());
    expect(await sandbox.probe()).toMatchObject({ can: false, reason: expect.stringMatching(why) });
  });

  it.each(cannot)('because %s, a program that has to be in one does not start', async (_, changes, why) => {
    const { sandbox, lines } = open(changes());
    const refused = { code: 'SANDBOX_UNAVAILABLE', cause: expect.stringMatching(why) };
    await expect(sandbox.wrap(permit, PROFILE)).rejects.toMatchObject(refused);
    expect(lines.join('\n')).toMatch(why);
  });

  it.each(cannot)(
    'because %s, policy may let it start, with a warning each time',
    async (_, changes, why) => {
      const { sandbox, lines } = open(changes());
      const profile = { ...PROFILE, ifMissing: 'start-without-sandbox' as const };
      expect(await sandbox.wrap(permit, profile)).toBe(permit);
      expect(await sandbox.wrap(permit, profile)).toBe(permit);
      expect(lines.filter((line) => line.startsWith('warn') && why.test(line))).toHaveLength(2);
    },
  );
});

describe('whether sandboxes can run', () => {
  it('is tried once, however many ask', async () => {
    const { sandbox, ran } = open();
    const states = await Promise.all([sandbox.probe(), sandbox.probe(), sandbox.probe()]);
    expect(states).toEqual([{ can: true }, { can: true }, { can: true }]);
    await sandbox.wrap(permit, PROFILE);
    expect(ran).toHaveLength(1);
  });

  it('is tried again a minute after it was not so', async () => {
    let now = 0;
    const { sandbox, ran } = open({ now: () => now, results: [{ how: '1', stderr: '' }] });
    expect(await sandbox.probe()).toMatchObject({ can: false });
    now = 59_999;
    expect(await sandbox.probe()).toMatchObject({ can: false });
    now = 60_000;
    expect(await Promise.all([sandbox.probe(), sandbox.probe()])).toEqual([{ can: true }, { can: true }]);
    expect(ran).toHaveLength(2);
  });

  it('is answered for one profile by trying it', async () => {
    const { sandbox, ran } = open();
    expect(await sandbox.probeProfile('files', { ...PROFILE, hosts: ['*'] })).toMatchObject({
      can: false,
      reason: expect.stringContaining('sandbox.hosts names *'),
    });
    expect(await sandbox.probeProfile('files', PROFILE)).toEqual({ can: true });
    expect(ran).toHaveLength(1);
  });
});
