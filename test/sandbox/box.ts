/** Real sandboxes for these tests, as a gateway makes them. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sandboxSchema } from '../../src/config/schema-guard.ts';
import type { SandboxConfig } from '../../src/config/types.ts';
import { createSandbox, type Sandbox } from '../../src/guard/launch/sandbox/sandbox.ts';
import type { LaunchPermit } from '../../src/launch-permit.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runProgram } from '../../src/upstream/stdio/run-program.ts';
import { createProcessGroups, StdioProcess } from '../../src/upstream/stdio/stdio-process.ts';
import { authorizeAnything } from '../support/launches.ts';
import { silentLog } from '../support/legacy-upstream.ts';
import type { Attempt } from './attempts.ts';

/** What an upstream asks for, beside what every one gets. */
export type Wishes = Partial<SandboxConfig>;

/** A program that was started, and what it printed. */
export interface Ran {
  readonly how: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of a gateway, with sandboxes for its upstreams. */
export interface Box {
  readonly sandbox: Sandbox;
  /** Not below a folder for temporary files, which processes see empty. */
  readonly folder: string;
  readonly dataDir: string;
  readonly groups: ReturnType<typeof createProcessGroups>;
  /** Runs a program to its end. */
  run(command: string, args: readonly string[], wishes?: Wishes): Promise<Ran>;
  /** Makes attempts inside. */
  attempt(attempts: readonly Attempt[], wishes?: Wishes): Promise<string[]>;
  /** What starts a program in its sandbox. */
  wrap(command: string, args: readonly string[], wishes?: Wishes): Promise<LaunchPermit>;
  start(permit: LaunchPermit): Promise<{ readonly running: StdioProcess; readonly ended: Promise<Ran> }>;
  close(): Promise<void>;
}

const STOP_MS = 1_000;
const TRIAL_MS = 30_000;
const SOURCES = join(import.meta.dirname, '..', '..', 'src');

/** Opens sandboxes for a gateway of its own. */
export async function openBox(): Promise<Box> {
  const folder = await realpath(await mkdtemp(join(homedir(), '.gateward-test-')));
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'admin.key'), 'the key');
  await writeFile(join(folder, 'gateward.yaml'), 'the configuration');
  const groups = createProcessGroups();
  const parts = { clock: systemClock, groups, log: silentLog, stopMs: STOP_MS };
  const sandbox = createSandbox({
    own: () => ({ dataDir, hidden: [join(folder, 'gateward.yaml')] }),
    path: process.env['PATH'] ?? '',
    entry: join(SOURCES, 'cli', 'sandbox', 'enter.ts'),
    run: (permit) => runProgram(permit, { ...parts, timeoutMs: TRIAL_MS }),
    log: silentLog,
    now: () => Date.now(),
  });
  const authorize = authorizeAnything();

  const start: Box['start'] = async (permit) => {
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    const ended = Promise.withResolvers<string>();
    const running = await StdioProcess.start(
      permit,
      {
        onStdout: (chunk) => {
          out.push(chunk);
          return undefined;
        },
        onStderr: (chunk) => err.push(chunk),
        onExit: ended.resolve,
      },
      parts,
    );
    const said = (how: string): Ran => ({
      how,
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
    });
    return { running, ended: ended.promise.then(said) };
  };

  const wrap: Box['wrap'] = async (command, args, wishes = {}) => {
    const permit = await authorize({
      upstream: 'files',
      command,
      args,
      env: { MARK: 'from the configuration' },
      cwd: folder,
      references: { env: {}, args: {} },
      sandbox: undefined,
    });
    return await sandbox.wrap(permit, { ...sandboxSchema.parse({}), ...wishes });
  };

  const run: Box['run'] = async (command, args, wishes) => {
    const { running, ended } = await start(await wrap(command, args, wishes));
    const ran = await ended;
    await running.stop();
    return ran;
  };

  return {
    ...{ sandbox, folder, dataDir, groups, start, wrap, run },
    async attempt(attempts, wishes) {
      const program = join(import.meta.dirname, 'attempts.ts');
      const { how, stdout, stderr } = await run(
        process.execPath,
        [program, JSON.stringify(attempts)],
        wishes,
      );
      if (how !== '0') throw new Error(`what runs inside ended with ${how}: ${stderr}`);
      const outcomes: string[] = JSON.parse(stdout);
      return outcomes;
    },
    async close() {
      groups.killAll();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
