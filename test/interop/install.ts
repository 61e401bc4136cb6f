import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** The folder of this package, whose `node_modules` hold the conformance suite and the clients. */
export const INTEROP_FOLDER = import.meta.dirname;

const POLL_MS = 500;
const PROGRESS_MS = 10_000;
const MAX_WAIT_MS = 10 * 60_000;

type Log = (line: string) => void;

/**
 * Installs what the interoperability suites need, unless it is installed already. Two callers at once are safe: the
 * second waits for the first. Throws when npm fails or the wait takes more than ten minutes.
 */
export async function installInterop(log: Log = console.log): Promise<void> {
  if (await isInstalled()) return;
  const release = await takeLock(log);
  try {
    if (await isInstalled()) return;
    await runNpmCi(log);
  } finally {
    await release();
  }
}

/** npm writes the hidden lock file last, so a broken install does not count. */
async function isInstalled(): Promise<boolean> {
  const wanted = await stat(join(INTEROP_FOLDER, 'package-lock.json'));
  try {
    const installed = await stat(join(INTEROP_FOLDER, 'node_modules', '.package-lock.json'));
    return installed.mtimeMs >= wanted.mtimeMs;
  } catch {
    return false;
  }
}

/** The lock lies outside the package, since `npm ci` empties `node_modules` and git must not see it. */
async function takeLock(log: Log): Promise<() => Promise<void>> {
  const name = createHash('sha256').update(INTEROP_FOLDER).digest('hex').slice(0, 16);
  const path = join(tmpdir(), `gateward-interop-${name}.lock`);
  const deadline = Date.now() + MAX_WAIT_MS;
  await mkdir(tmpdir(), { recursive: true });
  for (let isFirstTry = true; Date.now() < deadline; isFirstTry = false) {
    if (await createLockFile(path)) return () => rm(path, { force: true });
    if (isFirstTry) log('Waiting for another install of the interoperability packages');
    if (!(await isOwnerAlive(path))) await rm(path, { force: true });
    await wait(POLL_MS);
  }
  throw new Error(`Gave up waiting for ${path}`);
}

async function createLockFile(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isOwnerAlive(path: string): Promise<boolean> {
  try {
    const text = await readFile(path, 'utf8');
    // The owner creates the file a moment before it writes its process id.
    if (text === '') return Date.now() - (await stat(path)).mtimeMs < PROGRESS_MS;
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function runNpmCi(log: Log): Promise<void> {
  const startedAt = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  log('Installing the interoperability packages (about 300 MB, once)');
  const progress = setInterval(() => log(`Still installing, ${elapsed()}`), PROGRESS_MS);
  try {
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  } finally {
    clearInterval(progress);
  }
  log(`Installed the interoperability packages in ${elapsed()}`);
}

/** Runs npm on the Node that runs this, whatever the machine has first on its PATH. */
function npm(args: readonly string[]): Promise<void> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const child = spawn('npm', args, {
    cwd: INTEROP_FOLDER,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ci in test/interop ended with ${code}`));
    });
  });
}

if (import.meta.main) await installInterop();
