/** A gateway as users run it: the command line in a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What to start. Either `configText`, put into a new folder, or `configFile`, used where it is. */
export interface GatewaySketch {
  readonly configText?: string;
  readonly configFile?: string;
  /** Variables beside those of this process; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Further options of `serve`. */
  readonly args?: readonly string[];
}

/** One line that `serve --json` printed. */
export type ServeEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** A gateway that runs. */
export interface RunningGateway {
  /** Without a slash at the end: MCP is at `${url}/mcp`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly configFile: string;
  readonly adminKey: string;
  /** What it printed on standard output so far. */
  readonly events: readonly ServeEvent[];
  /** What it wrote on standard error so far. */
  stderr(): string;
  /** Resolves with its next event that fits, those already printed included from `from` on. */
  event(fits: (event: ServeEvent) => boolean, from?: number): Promise<ServeEvent>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code when it has ended: null after a signal. */
  readonly ended: Promise<number | null>;
  /** Ends it and whatever it started. Safe to call again. Rejects if it left a process behind. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const STOPPED_WITHIN_MS = 15_000;
const ROOT = join(import.meta.dirname, '..', '..');

/** The command line under test: GATEWARD_COMMAND (a JSON array), or the sources on this Node. */
export function gatewardCommand(): readonly [string, ...string[]] {
  const given = process.env['GATEWARD_COMMAND'];
  if (given === undefined || given === '') return [process.execPath, join(ROOT, 'src', 'cli', 'main.ts')];
  const [program, ...args]: string[] = JSON.parse(given);
  if (program === undefined) throw new TypeError('GATEWARD_COMMAND names no program');
  return [program, ...args];
}

/** Starts a gateway and waits until it listens and knows the state of each upstream. */
export async function startGateway(sketch: GatewaySketch): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-test-'));
  const configFile = sketch.configFile ?? join(folder, 'gateward.yaml');
  if (sketch.configFile === undefined) await writeFile(configFile, sketch.configText ?? '');
  const [program, ...args] = gatewardCommand();
  const child = spawn(program, [...args, 'serve', '--config', configFile, '--json', ...(sketch.args ?? [])], {
    cwd: folder,
    env: { ...process.env, ...sketch.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new Output(child);
  const stop = makeStop(child, { folder, stderr: () => output.stderr });
  try {
    const listening = await output.event(({ event }) => event === 'listening');
    await output.event(({ event }) => event === 'ready');
    const dataDir = String(listening['dataDir']);
    return {
      url: String(listening['url']),
      port: Number(listening['port']),
      pid: child.pid ?? 0,
      dataDir,
      configFile,
      adminKey: (await readFile(join(dataDir, 'admin.key'), 'utf8')).trim(),
      events: output.events,
      stderr: () => output.stderr,
      event: (fits, from) => output.event(fits, from),
      signal: (name) => child.kill(name),
      ended: output.ended,
      stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Asks the admin API of a gateway; the path begins after `/admin/api/`. */
export function askAdmin({ url, adminKey }: RunningGateway, path: string, method = 'GET'): Promise<Response> {
  return fetch(`${url}/admin/api/${path}`, { method, headers: { authorization: `Bearer ${adminKey}` } });
}

/** What a child printed, line by line. */
class Output {
  readonly events: ServeEvent[] = [];
  readonly ended: Promise<number | null>;
  stderr = '';
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  constructor(child: ChildProcess) {
    if (child.stdout === null) throw new TypeError('the gateway has no standard output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.events.push(readEvent(line));
      this.#wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.stderr += piece;
    });
    this.ended = once(child, 'close').then(([code]: (number | null)[]) => {
      this.#isOver = true;
      this.#wake();
      return code ?? null;
    });
  }

  async event(fits: (event: ServeEvent) => boolean, from = 0): Promise<ServeEvent> {
    const limit = AbortSignal.timeout(READY_WITHIN_MS);
    limit.addEventListener('abort', () => this.#wake());
    for (;;) {
      const found = this.events.slice(from).find(fits);
      if (found !== undefined) return found;
      if (this.#isOver || limit.aborted) {
        const why = this.#isOver ? 'the gateway ended' : `nothing came within ${READY_WITHIN_MS} ms`;
        throw new Error(`${why}:\n${JSON.stringify(this.events)}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function readEvent(line: string): ServeEvent {
  try {
    return JSON.parse(line);
  } catch {
    return { event: 'not JSON', line };
  }
}

interface StopParts {
  readonly folder: string;
  readonly stderr: () => string;
}

function makeStop(child: ChildProcess, { folder, stderr }: StopParts): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  let isForced = false;
  const run = async (): Promise<void> => {
    const family = familyOf(child.pid);
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        isForced = true;
        child.kill('SIGKILL');
      }, STOPPED_WITHIN_MS);
      await closed;
      clearTimeout(timer);
    }
    const left = family.filter((pid) => pid !== child.pid && isRunning(pid));
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
    if (left.length > 0)
      throw new Error(`the gateway left processes behind: ${left.join(', ')}\n${stderr()}`);
    if (isForced) throw new Error(`the gateway did not stop by itself:\n${stderr()}`);
  };
  return () => {
    stopped ??= run();
    return stopped;
  };
}

/** A process and all that it started and that still belongs to it, where the system tells (Linux). */
export function familyOf(pid: number | undefined): number[] {
  if (pid === undefined || !existsSync('/proc/self/stat')) return [];
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), statOf(Number(name))?.parent]));
  const collect = (root: number): number[] => [
    root,
    ...[...parents].filter(([, parent]) => parent === root).flatMap(([child]) => collect(child)),
  ];
  return collect(pid);
}

/** True for a process that is there and no zombie, which only waits for whoever adopted it. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, state = '', parent = ''] = /^\d+ \(.*\) (\S) (\d+)/s.exec(text) ?? [];
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
