/** The only place that starts programs, and the one that ends them. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';

/** The process groups that are alive, so that none outlives the gateway. */
export interface ProcessGroups {
  add(pid: number): void;
  delete(pid: number): void;
  /** Kills every group at once. For the `exit` event of the gateway's own process, where nothing can be awaited. */
  readonly killAll: () => void;
}

/** Makes an empty list of groups. Whoever runs the gateway calls `killAll` when its process exits. */
export function createProcessGroups(): ProcessGroups {
  const pids = new Set<number>();
  return {
    add: (pid) => pids.add(pid),
    delete: (pid) => pids.delete(pid),
    killAll: () => {
      for (const pid of pids) signalGroup(pid, 'SIGKILL');
    },
  };
}

/** How a program is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds to wait after each of: closing stdin, SIGTERM. */
  readonly stopMs: number;
}

/** What a process tells. */
export interface ProcessEvents {
  /** A promise asks to read no further until then. */
  readonly onStdout: (chunk: Buffer) => Promise<void> | undefined;
  readonly onStderr: (chunk: Buffer) => void;
  /** It has ended, and everything that it said was read. `how` is an exit code or the name of a signal. */
  readonly onExit: (how: string) => void;
}

/** What processes are started with. */
export interface ProcessParts {
  readonly clock: Clock;
  readonly groups: ProcessGroups;
}

/** Bytes that may wait for a process that does not read. */
const MAX_UNREAD_BYTES = 67_108_864;
/** Milliseconds for the rest of the output after the process ended. */
const DRAIN_MS = 500;
const POLL_MS = 20;
const IS_WINDOWS = process.platform === 'win32';

/**
 * A program that speaks over its standard streams, in a process group of its own (stdio 2026-07-28). Started without a
 * shell.
 */
export class StdioProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pid: number;
  readonly #launch: Launch;
  readonly #parts: ProcessParts;
  /** Its streams are read to their end. */
  readonly #drained: Promise<unknown>;
  /** It has ended, and its output is read. */
  readonly #gone: Promise<void>;
  /** What it started has ended too. */
  readonly #groupEnded: Promise<void>;
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcessWithoutNullStreams, launch: Launch, parts: ProcessParts) {
    this.#child = child;
    this.#pid = child.pid ?? 0;
    this.#launch = launch;
    this.#parts = parts;
    this.#drained = new Promise((resolve) => child.once('close', resolve));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    this.#gone = exited.then(() => this.#drain());
    this.#groupEnded = exited.then(() => this.#endGroup());
  }

  /** Starts the program. Throws LAUNCH_FAILED if there is no such program or it may not be run. */
  static async start(launch: Launch, events: ProcessEvents, parts: ProcessParts): Promise<StdioProcess> {
    const child = spawnChild(launch);
    const started = Promise.withResolvers<void>();
    child.on('error', (cause) => started.reject(new GatewardError('LAUNCH_FAILED', { cause })));
    child.once('spawn', started.resolve);
    started.promise.catch(() => undefined);
    // A process that is gone does not read; its exit is reported on its own.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    if (child.pid === undefined) await started.promise;
    const running = new StdioProcess(child, launch, parts);
    parts.groups.add(running.#pid);
    running.#listen(events);
    return running;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Writes to stdin. Resolves once the system has it; throws UPSTREAM_UNAVAILABLE if it does not take it. */
  write(bytes: Buffer): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin.writable || stdin.writableLength > MAX_UNREAD_BYTES) {
      return Promise.reject(new GatewardError('UPSTREAM_UNAVAILABLE'));
    }
    return new Promise((resolve, reject) => {
      stdin.write(bytes, (cause) => {
        if (cause) reject(new GatewardError('UPSTREAM_UNAVAILABLE', { cause }));
        else resolve();
      });
    });
  }

  /**
   * Ends it: closes stdin, waits, SIGTERM, waits, SIGKILL, the signals to the whole group (2025-11-25 lifecycle
   * §Shutdown). Resolves when nothing is left. Never rejects.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #listen({ onStdout, onStderr, onExit }: ProcessEvents): void {
    const { stdout, stderr } = this.#child;
    stdout.on('data', (chunk: Buffer) => {
      const wait = onStdout(chunk);
      if (wait === undefined) return;
      stdout.pause();
      const goOn = () => stdout.resume();
      wait.then(goOn, goOn);
    });
    // Without output it can answer nothing, whatever else it does.
    stdout.once('end', () => void this.stop());
    stderr.on('data', onStderr);
    void this.#gone.then(() => onExit(String(this.#child.exitCode ?? this.#child.signalCode)));
  }

  async #stop(): Promise<void> {
    this.#child.stdin.end();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await this.#exitsWithin(this.#launch.stopMs)) break;
      signalGroup(this.#pid, signal);
    }
    await Promise.all([this.#gone, this.#groupEnded]);
  }

  /** The process is gone: its last output is read. */
  async #drain(): Promise<void> {
    const drained = new AbortController();
    void this.#drained.then(() => drained.abort());
    await pause(DRAIN_MS, undefined, { signal: drained.signal }).catch(() => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.destroy();
  }

  /** The process is gone: what it started goes too. */
  async #endGroup(): Promise<void> {
    if (isGroupAlive(this.#pid)) {
      signalGroup(this.#pid, 'SIGTERM');
      if (!(await this.#groupGoneWithin(this.#launch.stopMs))) signalGroup(this.#pid, 'SIGKILL');
    }
    this.#parts.groups.delete(this.#pid);
  }

  #exitsWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const callOff = this.#parts.clock.after(ms, () => resolve(false));
      void this.#gone.then(() => {
        callOff();
        resolve(true);
      });
    });
  }

  async #groupGoneWithin(ms: number): Promise<boolean> {
    const end = this.#parts.clock.now() + ms;
    while (isGroupAlive(this.#pid)) {
      if (this.#parts.clock.now() >= end) return false;
      await pause(POLL_MS);
    }
    return true;
  }
}

function spawnChild({ command, args, cwd, env }: Launch): ChildProcessWithoutNullStreams {
  try {
    return spawn(command, [...args], {
      cwd,
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
      // A group of its own on POSIX. On Windows it would be a console window.
      detached: !IS_WINDOWS,
      windowsHide: true,
    });
  } catch (cause) {
    throw new GatewardError('LAUNCH_FAILED', { cause });
  }
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (IS_WINDOWS) {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of the group is left.
  }
}

function isGroupAlive(pid: number): boolean {
  if (IS_WINDOWS) return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
