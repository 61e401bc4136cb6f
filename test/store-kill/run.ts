// Kills processes in the middle of their writes, and looks whether anything is lost that the store had acknowledged:
//   node test/store-kill/run.ts [sqlite|postgres] [LOOPS]
// Both stores and 200 loops for each unless given. With PostgreSQL, every second loop kills the whole database too, and
// every tenth loop of either store kills a process that has only begun to open an empty one. Ends with the line
// `N passed, N failed`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadSqlite } from '../../src/store/sqlite/load-sqlite.ts';
import { openAt } from '../store-contract/open-at.ts';
import { startPostgres } from '../support/postgres.ts';
import { type Acknowledgments, readJournal } from './acknowledgments.ts';
import { findFault } from './checks.ts';

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url));
/** How long a process writes, or is at its start, before it is killed. */
const WRITES_MS = { min: 5, max: 150 };
const STARTS_MS = { min: 40, max: 250 };
const DEFAULT_LOOPS = 200;
/** Less to do between a kill and the next answer; what is acknowledged is on the disk all the same. */
const QUICK_RECOVERY = { recovery_init_sync_method: 'syncfs', checkpoint_timeout: '30s' };
/** A busy machine may take longer to recover than a start may. */
const RESTARTS = 4;

/** A store under attack. */
interface Target {
  /** Where it is. */
  readonly location: string;
  /** Makes another one, empty. */
  another(): Promise<string>;
  /** Ends what runs beside the writers, where there is such a thing, and brings it back. */
  readonly server: { kill(): Promise<void>; restart(): Promise<void> } | undefined;
  stop(): Promise<void>;
}

const TARGETS: Readonly<Record<string, (folder: string) => Promise<Target>>> = {
  async sqlite(folder) {
    let files = 0;
    const another = async (): Promise<string> => `sqlite:${join(folder, `store-${++files}.db`)}`;
    return { location: await another(), another, server: undefined, stop: async () => undefined };
  },
  async postgres() {
    const postgres = await startPostgres({ settings: QUICK_RECOVERY });
    let databases = 0;
    return {
      location: postgres.url,
      another: () => postgres.createDatabase(`store_${++databases}`),
      server: postgres,
      stop: () => postgres.stop(),
    };
  },
};

const started: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
let passed = 0;
let failed = 0;
let acknowledged = 0;

function pick({ min, max }: { readonly min: number; readonly max: number }): number {
  return min + Math.random() * (max - min);
}

interface Writer {
  readonly child: ChildProcess;
  readonly journal: string;
}

async function startWriter(location: string, journal: string, prefix: string): Promise<Writer> {
  const child = spawn(process.execPath, [WRITER, location, journal, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  return { child, journal };
}

/** Resolves once its store is open. */
async function becomeReady({ child }: Writer): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new TypeError('a writer ended before it was ready');
  });
  ended.catch(() => undefined);
  await Promise.race([ended, child.stdout && once(child.stdout, 'data')]);
}

async function restart(server: NonNullable<Target['server']>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await server.restart();
    } catch (error) {
      if (attempt === RESTARTS) throw error;
    }
  }
}

function expectRunning({ exitCode, signalCode }: ChildProcess): void {
  if (exitCode !== null || signalCode !== null) throw new TypeError('a writer ended by itself');
}

async function killWriter({ child }: Writer): Promise<void> {
  expectRunning(child);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** What was acknowledged must be there when the store is opened again. */
async function check(location: string, journals: readonly Acknowledgments[]): Promise<string[]> {
  const faults: string[] = [];
  const store = await openAt(location);
  for (const [name, step] of journals.flatMap((journal) => [...journal])) {
    acknowledged += 1;
    const fault = await findFault(store, name, step);
    if (fault !== undefined) faults.push(fault);
  }
  await store.close();
  return [...faults, ...damagesOf(location)];
}

/** What SQLite itself finds wrong with its file. */
function damagesOf(location: string): string[] {
  if (!location.startsWith('sqlite:')) return [];
  const connection = new (loadSqlite().DatabaseSync)(location.slice('sqlite:'.length));
  const said = connection.prepare('PRAGMA integrity_check').all().flatMap(Object.values).map(String);
  connection.close();
  return said.filter((line) => line !== 'ok');
}

/** One or two processes write, and are killed; with them, now and then, the database. */
async function killWhileWriting(target: Target, folder: string, loop: number): Promise<string[]> {
  const writers = await Promise.all(
    Array.from({ length: loop % 3 === 0 ? 2 : 1 }, (_, n) =>
      startWriter(target.location, join(folder, `${loop}-${n}.journal`), `${loop}.${n}`),
    ),
  );
  await Promise.all(writers.map(becomeReady));
  await sleep(pick(WRITES_MS));
  while (writers.every(({ journal }) => readJournal(journal).size === 0)) {
    for (const { child } of writers) expectRunning(child);
    await sleep(5);
  }
  const server = loop % 2 === 0 ? target.server : undefined;
  await server?.kill();
  for (const writer of writers) await killWriter(writer);
  if (server !== undefined) await restart(server);
  return check(
    target.location,
    writers.map(({ journal }) => readJournal(journal)),
  );
}

/** A process dies while it makes the tables; the next one finds a store that works. */
async function killAtStart(target: Target, folder: string, loop: number): Promise<string[]> {
  const location = await target.another();
  const first = await startWriter(location, join(folder, `${loop}-first.journal`), `${loop}.first`);
  await sleep(pick(STARTS_MS));
  await killWriter(first);
  const second = await startWriter(location, join(folder, `${loop}-second.journal`), `${loop}.second`);
  await becomeReady(second);
  await sleep(pick(WRITES_MS));
  await killWriter(second);
  const journals = [first, second].map(({ journal }) => journal).filter((file) => existsSync(file));
  return check(
    location,
    journals.map((file) => readJournal(file)),
  );
}

async function attack(kind: string, loops: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-store-kill-'));
  const target = await TARGETS[kind]?.(folder);
  if (target === undefined) throw new TypeError(`no store ${kind}: say sqlite or postgres`);
  for (let loop = 1; loop <= loops; loop++) {
    const kill = loop % 10 === 0 ? killAtStart : killWhileWriting;
    const faults = await kill(target, folder, loop).catch((error: unknown) => [String(error)]);
    if (faults.length === 0) passed += 1;
    else failed += 1;
    for (const fault of faults.slice(0, 10)) console.log(`${kind} loop ${loop}: ${fault}`);
    if (loop % 20 === 0) console.log(`${kind}: ${loop} of ${loops} loops, ${acknowledged} things looked at`);
  }
  await target.stop();
  await rm(folder, { recursive: true, force: true });
}

const [first, second] = process.argv.slice(2);
const isNamed = first !== undefined && first in TARGETS;
const loops = Number((isNamed ? second : first) ?? DEFAULT_LOOPS);
for (const kind of isNamed ? [first] : Object.keys(TARGETS)) await attack(kind, loops);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
