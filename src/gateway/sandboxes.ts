import { fileURLToPath } from 'node:url';
import type { Config, Environment } from '../config/types.ts';
import { createSandbox, type Sandbox } from '../guard/launch/sandbox/sandbox.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { runProgram } from '../upstream/stdio/run-program.ts';
import type { ProcessGroups } from '../upstream/stdio/stdio-process.ts';

/** What sandboxes are given of a gateway. */
export interface SandboxesParts {
  /** The configuration in force, or that which is put in force now. */
  readonly config: () => Config;
  /** Absolute paths of the files that it was read from. */
  readonly files: () => readonly string[];
  readonly environment: Environment;
  /** Where running processes are noted. */
  readonly groups: ProcessGroups;
  readonly log: Log;
}

/** Milliseconds for a trial run: a slow machine takes two seconds. */
const TRIAL_MS = 20_000;
const STOP_MS = 1_000;
/** The program inside, in the form of this one: TypeScript in the sources, JavaScript in what is published. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../cli/sandbox/enter.ts' : '../cli/sandbox/enter.js',
  import.meta.url,
);

/** The sandboxes of a gateway with this configuration, or of one that only looks. */
export function openSandboxes(parts: SandboxesParts): Sandbox {
  const { config, files, environment, groups, log } = parts;
  return createSandbox({
    own: () => ({ dataDir: config().dataDir, hidden: [...files(), ...filesOf(config())] }),
    path: environment.variables['PATH'] ?? '',
    entry: fileURLToPath(ENTRY),
    run: (permit) =>
      runProgram(permit, { clock: systemClock, groups, log, stopMs: STOP_MS, timeoutMs: TRIAL_MS }),
    log,
    now: () => Date.now(),
  });
}

/** What of the gateway lies outside its data folder, or may, beside the configuration. */
function filesOf({ store, listen }: Config): string[] {
  const database = store.kind === 'sqlite' ? [store.file, `${store.file}-wal`, `${store.file}-shm`] : [];
  const tls = listen.tls === undefined ? [] : [listen.tls.key];
  return [...database, ...tls];
}
