import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeLaunch } from '../../src/guard/launch/judge-launch.ts';
import { makePrivateFolder } from '../../src/guard/launch/private-folder.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runProgram } from '../../src/upstream/stdio/run-program.ts';
import { createProcessGroups } from '../../src/upstream/stdio/stdio-process.ts';
import { authorizeAnything } from '../support/launches.ts';
import { silentLog } from '../support/legacy-upstream.ts';
import { startTinyRegistry, type TinyRegistry } from './tiny-registry.ts';

/** Writes what ran, with which arguments, into a folder of marks. */
const MARK = `require('fs').writeFileSync(process.env.MARKS_DIR + '/' + process.pid, JSON.stringify([NAME, ...process.argv.slice(2)]))`;
const packageOf = (name: string, version: string) => ({
  name,
  version,
  program: MARK.replace('NAME', JSON.stringify(`${name}@${version}`)),
});

const WORDS = [
  '-y',
  '--',
  '-q',
  '-p',
  '--package=notes-mcp@1.2.3',
  'notes-mcp@1.2.3',
  'notes-mcp',
  'other-mcp@1.0.0',
  'other-mcp',
  '-c',
  '--call=other-mcp',
  '-yc',
  '--node-options=--version',
];
/** What the server gets must reach it as it is, though npx starts it by a shell. */
const ODD = [
  'a b',
  "it's",
  '{{x}}',
  '<path to it>',
  '$HOME',
  '${HOME}',
  '(a)',
  '*',
  '~',
  '#x',
  '!x',
  '\\',
  '\\x',
  '--x=y z',
  '-y',
  '--',
  'https://x.test/?a=1&b=2',
  'é😀',
  '',
  '=',
  '[a]',
  '{a,b}',
  '%s',
];
const MAX_RUNS = 8;
const MINUTES = 60_000;

function* sequences(length: number): Generator<string[]> {
  if (length === 0) return yield [];
  for (const word of WORDS) for (const rest of sequences(length - 1)) yield [word, ...rest];
}

/** The accepted ones of all sequences of up to four words, spread over their whole. */
const accepted = [1, 2, 3, 4]
  .flatMap((length) => [...sequences(length)])
  .filter((args) => judgeLaunch({ command: 'npx', args }).verdict === 'accept');
const step = Math.ceil(accepted.length / MAX_RUNS);
const chosen = accepted.filter((_, index) => index % step === 0);

let folder: string;
let registry: TinyRegistry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-npx-'));
  registry = await startTinyRegistry([packageOf('notes-mcp', '1.2.3'), packageOf('other-mcp', '1.0.0')]);
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Starts something, and resolves when it has ended. */
type Start = (run: Run) => Promise<void>;

const spawnAt =
  (command: string): Start =>
  async ({ args, env, cwd }) => {
    await once(spawn(command, args, { cwd, env, stdio: 'ignore' }), 'close');
  };

/** As the gateway does it: by the path without links, in an environment that is built. */
const startAsGateway: Start = async ({ args, env, cwd }) => {
  const { PATH = '', ...configured } = env;
  const permit = await authorizeAnything(undefined, { PATH })({
    ...{ upstream: 'it', command: 'npx', args, env: configured, cwd },
    ...{ references: { env: {}, args: {} }, sandbox: undefined },
  });
  expect(permit.file).toMatch(/npx-cli\.js$/);
  const parts = { clock: systemClock, groups: createProcessGroups(), log: silentLog, stopMs: 2_000 };
  await runProgram(permit, { ...parts, timeoutMs: MINUTES });
};

/** What a repository may bring that was cloned: a package of the same name and version that does something else. */
async function plant(place: string, marks: string): Promise<void> {
  const home = join(place, 'node_modules', 'notes-mcp');
  await mkdir(join(place, 'node_modules', '.bin'), { recursive: true });
  await mkdir(home);
  const manifest = { name: 'notes-mcp', version: '1.2.3', bin: { 'notes-mcp': 'bin.js' } };
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest));
  const mark = `require('fs').writeFileSync(${JSON.stringify(join(marks, 'planted'))}, '["planted"]')`;
  await writeFile(join(home, 'bin.js'), `#!/usr/bin/env node\n${mark}\n`, { mode: 0o755 });
  await symlink(join(home, 'bin.js'), join(place, 'node_modules', '.bin', 'notes-mcp'));
  await writeFile(join(place, 'package.json'), JSON.stringify({ dependencies: { 'notes-mcp': '1.2.3' } }));
}

/** Runs the real npx in an empty folder of its own, and tells what left a mark. */
async function run(args: readonly string[], start: Start = spawnAt('npx')): Promise<unknown[]> {
  const home = await mkdtemp(join(folder, 'run-'));
  const marks = join(home, 'marks');
  await Promise.all([mkdir(marks), mkdir(join(home, 'work'))]);
  const settings = {
    registry: registry.url,
    cache: join(home, 'cache'),
    update_notifier: 'false',
    audit: 'false',
  };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    MARKS_DIR: marks,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`npm_config_${name}`, value])),
  };
  await start({ args, env, cwd: join(home, 'work') });
  const files = await readdir(marks);
  return Promise.all(
    files.map(async (file): Promise<unknown> => JSON.parse(await readFile(join(marks, file), 'utf8'))),
  );
}

describe.skipIf(process.platform === 'win32')('the real npx', () => {
  it('has forms that are accepted to try', () => {
    expect(chosen.length).toBeGreaterThan(4);
  });

  it.concurrent.each(chosen.map((args) => [args.join(' '), args] as const))(
    'runs the named package and nothing else: npx %s',
    async (_, args) => {
      const named = args.find((word) => /@\d/.test(word))?.replace('--package=', '');
      const ran = await run(args);
      expect(ran.map((mark) => (Array.isArray(mark) ? mark[0] : mark))).toEqual([named]);
    },
    MINUTES,
  );

  it.concurrent.each([
    ['npx', ['--yes', '--silent', '--prefer-offline', 'notes-mcp@1.2.3'], []],
    ['npx', ['-y', '-s', '--prefer-online', '--', 'notes-mcp@1.2.3', '-y'], ['-y']],
    ['npx', ['-y', '--quiet', '--package', 'notes-mcp@1.2.3', 'notes-mcp', '--port', '80'], ['--port', '80']],
    ['npm', ['exec', '-y', 'notes-mcp@1.2.3'], []],
    ['npm', ['exec', '--yes', '--', 'notes-mcp@1.2.3', 'a b'], ['a b']],
    ['npm', ['x', '-y', 'notes-mcp@1.2.3', '--', '--root', '$HOME'], ['--root', '$HOME']],
  ] as const)(
    'runs the named package with its arguments in each other form: %s %j',
    async (command, args, given) => {
      expect(judgeLaunch({ command, args: [...args] }).verdict).toBe('accept');
      expect(await run(args, spawnAt(command))).toEqual([['notes-mcp@1.2.3', ...given]]);
    },
    MINUTES,
  );

  it(
    'runs it too when it is started by its path without links, as the gateway does',
    async () => {
      expect(await run(['-y', 'notes-mcp@1.2.3', 'a b'], startAsGateway)).toEqual([
        ['notes-mcp@1.2.3', 'a b'],
      ]);
    },
    MINUTES,
  );

  it.each([
    ['a private folder', true],
    ['another folder, so that the test is worth something', false],
  ])(
    'in %s below one that has settings and programs for npm',
    async (_, isPrivate) => {
      const start: Start = async ({ args, env, cwd }) => {
        await plant(cwd, env['MARKS_DIR'] ?? '');
        const inner = isPrivate
          ? await makePrivateFolder(cwd, { upstream: 'it', command: 'npx', args })
          : join(cwd, 'inner');
        await mkdir(inner, { recursive: true });
        await spawnAt('npx')({ args, env, cwd: inner });
      };
      const ran = await run(['-y', 'notes-mcp@1.2.3'], start);
      expect(ran).toEqual(isPrivate ? [['notes-mcp@1.2.3']] : [['planted']]);
    },
    MINUTES,
  );

  it(
    'hands every accepted argument to the server as it is',
    async () => {
      const args = ['-y', 'notes-mcp@1.2.3', ...ODD];
      expect(judgeLaunch({ command: 'npx', args }).verdict).toBe('accept');
      expect(await run(args)).toEqual([['notes-mcp@1.2.3', ...ODD]]);
    },
    MINUTES,
  );

  it(
    'does run something else in a form that is not accepted, so that the marks are worth something',
    async () => {
      const args = ['-y', '-c', 'other-mcp', '-p', 'other-mcp@1.0.0'];
      expect(judgeLaunch({ command: 'npx', args }).verdict).not.toBe('accept');
      expect(await run(args)).toEqual([['other-mcp@1.0.0']]);
    },
    MINUTES,
  );
});
