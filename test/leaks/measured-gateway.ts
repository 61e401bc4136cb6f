import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { familyOf, isRunning } from '../support/gateway.ts';

/** What the gateway's process holds, by its own account, after a full garbage collection. */
export interface Measure {
  /** Bytes of the JavaScript heap in use, and of the buffers beside it. */
  readonly heapBytes: number;
  /** Timers that are set, those that do not keep the process alive included. */
  readonly timers: number;
  /** What keeps the process alive, by type (process.getActiveResourcesInfo). */
  readonly resources: Readonly<Record<string, number>>;
}

/** What the system says of the gateway's process. Zeros where the system does not tell (it is not Linux). */
export interface Holdings {
  readonly sockets: number;
  readonly descriptors: number;
  readonly children: number;
}

export interface MeasuredGateway {
  readonly url: string;
  readonly command: readonly [string, ...string[]];
  measure(): Promise<Measure>;
  holdings(): Holdings;
  /** Tasks that it keeps in its embedded store. */
  countTasks(): number;
  /** Asks it to stop, and gives its exit code and the processes that it left behind. */
  stop(): Promise<{ readonly code: number | null; readonly left: readonly number[] }>;
  /** What it wrote on standard error, at most the last part of it. */
  stderr(): string;
}

const MAX_STDERR = 20_000;
const ROOT = join(import.meta.dirname, '..', '..');

/** The gateway under test: GATEWARD_COMMAND (a JSON array that begins with a Node), or the build on this Node. */
function commandUnderTest(): readonly [string, ...string[]] {
  const given = process.env['GATEWARD_COMMAND'];
  const command: string[] = given === undefined || given === '' ? [] : JSON.parse(given);
  const [node = process.execPath, ...args] = command;
  return [node, ...(command.length > 0 ? args : [join(ROOT, 'bin', 'gateward.js')])];
}

/** Starts the gateway's command line with a configuration, and a channel to ask what its process holds. */
export async function startMeasuredGateway(config: object): Promise<MeasuredGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-leaks-'));
  const configFile = join(folder, 'gateward.yaml');
  await writeFile(configFile, JSON.stringify(config));
  const command = commandUnderTest();
  const [node, ...args] = command;
  const preload = pathToFileURL(join(import.meta.dirname, 'preload.ts')).href;
  const child = spawn(node, ['--import', preload, ...args, 'serve', '--config', configFile, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    stderr = (stderr + piece).slice(-MAX_STDERR);
  });
  const { url, dataDir } = await readPlaces(child, () => stderr);
  return {
    url,
    command,
    stderr: () => stderr,
    holdings: () => readHoldings(child.pid ?? 0),
    countTasks: () => countTasks(dataDir),
    async measure() {
      const answer = once(child, 'message');
      child.send('measure');
      const [measure] = await answer;
      return measure;
    },
    async stop() {
      const family = familyOf(child.pid);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const [code] = await ended;
      clearTimeout(timer);
      const left = family.filter(isRunning);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
      return { code, left };
    },
  };
}

/** Where a gateway is reached, and where its data are. */
interface Places {
  readonly url: string;
  readonly dataDir: string;
}

/** Waits for the event `ready`; the event `listening` before it has the places. */
async function readPlaces(child: ChildProcess, stderr: () => string): Promise<Places> {
  if (child.stdout === null) throw new TypeError('the gateway has no standard output');
  let places: Places = { url: '', dataDir: '' };
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'listening') places = { url: event.url, dataDir: event.dataDir };
    if (event.event === 'ready') {
      child.stdout.resume();
      return places;
    }
  }
  throw new Error(`the gateway did not start:\n${stderr()}`);
}

function countTasks(dataDir: string): number {
  const database = new DatabaseSync(join(dataDir, 'gateward.db'), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM tasks').get()?.['count']);
  } finally {
    database.close();
  }
}

function readHoldings(pid: number): Holdings {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return { sockets: 0, descriptors: 0, children: 0 };
  const targets = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      return '';
    }
  });
  return {
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    descriptors: targets.filter((target) => target !== '').length,
    children: familyOf(pid).filter(isRunning).length - 1,
  };
}
