import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface, type Interface } from 'node:readline';

/** Where a process belongs: the proxy under test alone on one core, load and upstream on another. */
export type Place = 'proxy' | 'load';

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
}

/** Whether processes are pinned to cores: needs `taskset` and two cores. */
export const isPinned = process.platform === 'linux' && availableParallelism() >= 2 && hasProgram('taskset');

const cores: Record<Place, string> = { proxy: '0', load: '1' };

/** Puts `command` on its core, with as many open files as the system allows. */
function place(command: readonly string[], where: Place): string[] {
  const pin = isPinned ? ['taskset', '-c', cores[where]] : [];
  return ['sh', '-c', 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$@"', 'sh', ...pin, ...command];
}

/** The greatest number of files that one process may hold open. */
export function readFileLimit(): number {
  const answer = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  return answer === 'unlimited' ? 1_000_000 : Number(answer) || 1024;
}

const running = new Set<ChildProcess>();

/** A started process. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Lines of standard output. */
  readonly lines: Interface;
  /** Ends it: SIGTERM, and SIGKILL after `graceMs` (default 10 s). */
  stop(graceMs?: number): Promise<void>;
}

/** Starts `command` at its place; standard error goes to `logFile`. */
export function startChild(
  command: readonly string[],
  where: Place,
  logFile: string,
  env: Readonly<Record<string, string>> = {},
): Child {
  const [program = 'sh', ...args] = place(command, where);
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', log], env: { ...process.env, ...env } });
  closeSync(log);
  running.add(child);
  child.once('exit', () => running.delete(child));
  // A child that ends before it has read its input is found out by its exit code.
  child.stdin?.on('error', () => child.stdin?.destroy());
  if (child.stdout === null) throw new TypeError('a child process has no standard output');
  const lines = createInterface({ input: child.stdout });
  const stop = async (graceMs = 10_000): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  };
  return { pid: child.pid ?? 0, process: child, lines, stop };
}

/** Next line of a child's standard output; rejects with TypeError when it ends first. */
export async function readLine(child: Child): Promise<string> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort();
  child.process.once('exit', onExit);
  try {
    const [line] = await once(child.lines, 'line', { signal: ended.signal });
    return String(line);
  } catch {
    throw new TypeError(`a child process ended early (exit code ${child.process.exitCode})`);
  } finally {
    child.process.off('exit', onExit);
  }
}

/** Starts one of the benchmark's own servers and returns it with the port that it printed. */
export async function startServer(
  command: readonly string[],
  where: Place,
  logFile: string,
): Promise<Child & { port: number }> {
  const child = startChild(command, where, logFile);
  const port = Number(/^listening (\d+)$/.exec(await readLine(child))?.[1]);
  if (!(port > 0)) throw new TypeError(`no port printed by ${command.join(' ')}`);
  return { ...child, port };
}

/** Runs a program to its end, with `input` on standard input, and returns its standard output. */
export async function runChild(
  command: readonly string[],
  where: Place,
  options: { logFile: string; input?: string },
): Promise<string> {
  const child = startChild(command, where, options.logFile);
  const output: string[] = [];
  child.lines.on('line', (line) => output.push(line));
  const closed = once(child.process, 'close');
  child.process.stdin?.end(options.input ?? '');
  const [code] = await closed;
  if (code !== 0)
    throw new TypeError(
      `${command[0]} ended with ${String(code)}: ${readFileSync(options.logFile, 'utf8').slice(-500)}`,
    );
  return output.join('\n');
}

/** Kills what is still running; for the end of the benchmark, however it comes. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
