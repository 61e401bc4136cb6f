/** The only place that starts programs, and the one that ends them. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewardError } from '../../errors.ts';
import type { LaunchPermit } from '../../launch-permit.ts';
import { Abort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { MemoryWatch, type WatchedGroup } from './watch-memory.ts';

/** The process groups that are alive, so that none outlives the gateway or uses more memory than it may. */
export interface ProcessGroups {
  add(pid: number, watched: WatchedGroup): void;
  delete(pid: number): void;
  /** Kills every group at once. For the `exit` event of the gateway's own process, where nothing can be awaited. */
  readonly killAll: () => void;
}

/** Makes an empty list of groups. Whoever runs the gateway calls `killAll` when its process exits. */
export function createProcessGroups(): ProcessGroups {
  const pids = new Set<number>();
  const memory = new MemoryWatch();
  return {
    add: (pid, watched) => {
      pids.add(pid);
      memory.add(pid, watched);
    },
    delete: (pid) => {
      pids.delete(pid);
      memory.delete(pid);
    },
    killAll: () => {
      for (const pid of pids) signalGroup(pid, 'SIGKILL');
    },
  };
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
  readonly log: Log;
  /** Milliseconds to wait after each of: closing stdin, SIGTERM. */
  readonly stopMs: number;
}

/** Bytes that may wait for a process that does not read. */
const MAX_UNREAD_BYTES = 67_108_864;
/** Milliseconds for the rest of the output after the process ended. */
const DRAIN_MS = 500;
const POLL_MS = 20;
/** Milliseconds after SIGTERM for a program that must not run any more. */
const HURRIED_MS = 500;
const IS_WINDOWS = process.platform === 'win32';

/**
 * A program that speaks over its standard streams, in a process group of its own (stdio 2026-07-28). Started without a
 * shell.
 */
export class StdioProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pid: number;
  readonly #parts: ProcessParts;
  /** Its streams are read to their end. */
  readonly #drained: Promise<unknown>;
  /** It has ended, and its output is read. */
  readonly #gone: Promise<void>;
  /** What it started has ended too. */
  readonly #groupEnded: Promise<void>;
  /** It is ended without a time for ending by itself. */
  readonly #hurry = new Abort();
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcessWithoutNullStreams, parts: ProcessParts) {
    this.#child = child;
    this.#pid = child.pid ?? 0;
    this.#parts = parts;
    this.#drained = new Promise((resolve) => child.once('close', resolve));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    this.#gone = exited.then(() => this.#drain());
    this.#groupEnded = exited.then(() => this.#endGroup());
  }

  /** Starts the program. Throws LAUNCH_FAILED if there is no such program or it may not be run. */
  static async start(
    permit: LaunchPermit,
    events: ProcessEvents,
    parts: ProcessParts,
  ): Promise<StdioProcess> {
    const child = spawnChild(permit);
    const started = Promise.withResolvers<void>();
    child.on('error', (cause) => started.reject(new GatewardError('LAUNCH_FAILED', { cause })));
    child.once('spawn', started.resolve);
    started.promise.catch(() => undefined);
    // A process that is gone does not read; its exit is reported on its own.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    if (child.pid === undefined) await started.promise;
    const running = new StdioProcess(child, parts);
    running.#limit(permit);
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

  /** Ends it without a time for ending by itself: SIGTERM at once, SIGKILL soon. Resolves and rejects as `stop`. */
  end(): Promise<void> {
    this.#hurry.abort('must end');
    return this.stop();
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

  #limit({ upstream, limits }: LaunchPermit): void {
    const { groups, log } = this.#parts;
    const maxBytes = limits.maxMemoryBytes;
    const onTooMuch = (bytes: number): void => {
      log.warn('the process of an upstream uses more memory than it may, and is ended', {
        upstream,
        bytes,
        maxBytes,
      });
      signalGroup(this.#pid, 'SIGKILL');
    };
    groups.add(this.#pid, { maxBytes, onTooMuch });
  }

  async #stop(): Promise<void> {
    this.#child.stdin.end();
    if (!(await this.#endsByItself())) {
      signalGroup(this.#pid, 'SIGTERM');
      if (!(await this.#exitsWithin(this.#killMs))) signalGroup(this.#pid, 'SIGKILL');
    }
    await Promise.all([this.#gone, this.#groupEnded]);
  }

  /** Milliseconds from SIGTERM to SIGKILL. */
  get #killMs(): number {
    const { stopMs } = this.#parts;
    return this.#hurry.aborted ? Math.min(stopMs, HURRIED_MS) : stopMs;
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
      if (!(await this.#groupGoneWithin(this.#killMs))) signalGroup(this.#pid, 'SIGKILL');
    }
    this.#parts.groups.delete(this.#pid);
  }

  /** Its stdin is closed: waits as long as it may take to end. */
  #endsByItself(): Promise<boolean> {
    if (this.#hurry.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#hurry.addEventListener('abort', () => resolve(false));
      void this.#exitsWithin(this.#parts.stopMs).then(resolve);
    });
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

function spawnChild(permit: LaunchPermit): ChildProcessWithoutNullStreams {
  const { file, args, argv0, cwd, env } = permit;
  const limiter = limiterOf(permit);
  // Nothing but its own path can be told to a program that another one starts.
  const isWrapped = limiter !== undefined && argv0 === file;
  try {
    const child = spawn(
      isWrapped ? limiter.file : file,
      isWrapped ? [...limiter.args, '--', file, ...args] : args,
      {
        cwd,
        env: { ...env },
        ...(!isWrapped && { argv0 }),
        stdio: ['pipe', 'pipe', 'pipe'],
        shell: false,
        // A group of its own on POSIX. On Windows it would be a console window.
        detached: !IS_WINDOWS,
        windowsHide: true,
      },
    );
    if (limiter !== undefined && !isWrapped && child.pid !== undefined) limitLater(limiter, child.pid);
    return child;
  } catch (cause) {
    throw new GatewardError('LAUNCH_FAILED', { cause });
  }
}

/** A program that limits the open files of what it becomes, or of a process that runs. */
interface Limiter {
  readonly file: string;
  readonly args: readonly string[];
}

/** Never more than the gateway itself may have: only an administrator may raise that. */
function limiterOf({ limits: { prlimit, maxOpenFiles } }: LaunchPermit): Limiter | undefined {
  if (prlimit === undefined) return undefined;
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const own = Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? maxOpenFiles);
  const files = Math.min(own, maxOpenFiles);
  return { file: prlimit, args: [`--nofile=${files}:${files}`] };
}

/** The limit holds some milliseconds after the start. */
function limitLater({ file, args }: Limiter, pid: number): void {
  const child = spawn(file, ['--pid', String(pid), ...args], { env: {}, stdio: 'ignore', shell: false });
  // A process that is gone needs no limit.
  child.on('error', () => undefined);
  child.unref();
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
