import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { INTEROP_FOLDER } from '../interop/install.ts';
import { type Results, readResults } from './checks.ts';

/** Where the public suite lies once it is installed. */
export const SUITE_FOLDER = join(INTEROP_FOLDER, 'node_modules', '@modelcontextprotocol', 'conformance');

/** A whole set takes a few seconds; a server that hangs must not hang the run. */
const MAX_RUN_MS = 5 * 60_000;

/** One run of the suite. */
export interface SuiteRun {
  readonly url: string;
  readonly revision: string;
  /** Narrows the run to one scenario. */
  readonly scenario: string | undefined;
  /** Where the suite writes the checks. */
  readonly outputFolder: string;
  /** Called when a scenario begins. */
  readonly onScenario: (scenario: string) => void;
}

/** Runs the suite against a server and gives every check. How the suite judges them does not matter here. */
export async function runSuite(run: SuiteRun): Promise<Results> {
  await mkdir(run.outputFolder, { recursive: true });
  const selection =
    run.scenario === undefined
      ? ['--requirements', run.revision]
      : ['--scenario', run.scenario, '--spec-version', run.revision, '--force'];
  const child = spawn(
    process.execPath,
    [
      join(SUITE_FOLDER, 'dist', 'index.js'),
      'server',
      '--url',
      run.url,
      ...selection,
      '-o',
      run.outputFolder,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: MAX_RUN_MS, killSignal: 'SIGKILL' },
  );
  const exited = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (_code, signal) => resolve(signal));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const scenario = /^=== Running scenario: (\S+) ===$/.exec(line)?.[1];
    if (scenario !== undefined) run.onScenario(scenario);
  });
  const signal = await exited;
  if (signal !== null)
    throw new Error(`The suite was stopped by ${signal}; its checks are in ${run.outputFolder}`);
  return readResults(run.outputFolder);
}
