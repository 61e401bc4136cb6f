import type { SandboxConfig } from './config/types.ts';
import type { GatewardError } from './errors.ts';

/** A command that somebody wants started, as the configuration names it. */
export interface LaunchRequest {
  readonly upstream: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What the configuration gives beside what every program gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined for a private folder. */
  readonly cwd: string | undefined;
  /** Where something was substituted: the text of the file, which an approval shows and covers in place of the value. */
  readonly references: LaunchReferences;
  /** Undefined for no sandbox. */
  readonly sandbox: SandboxConfig | undefined;
}

/** The texts of the file, by the name of the variable and the index of the argument. */
export interface LaunchReferences {
  readonly env: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<number, string>>;
}

/** How exactly a program is started. */
export interface LaunchStart {
  /** Name in the configuration, for the log. */
  readonly upstream: string;
  /** As the configuration names it: with `args` it tells which private folder is the program's. */
  readonly command: string;
  /** Absolute path without links. */
  readonly file: string;
  /**
   * What the program is told that it is called, in place of `file`: the path under which it was found. Programs that do
   * several things, and Python's environments, go by it. Scripts are not told.
   */
  readonly argv0: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly limits: LaunchLimits;
}

declare const permitted: unique symbol;

/**
 * A command that may be started now, exactly so: a process is started of nothing else. `makePermit` makes one, for what
 * `authorizeLaunch` let pass, and for the gateway's own Node where sandboxes are tried.
 */
export interface LaunchPermit extends LaunchStart {
  readonly [permitted]: true;
  readonly onWithdrawn: OnWithdrawn;
}

/**
 * Runs, at most once, when the launch may not go on: it was rejected, or a reload no longer lets it start. The error is
 * LAUNCH_NOT_APPROVED or LAUNCH_REFUSED. Whoever starts a program asks before the start, and calls the function that
 * comes back when the program has ended.
 */
export type OnWithdrawn = (end: (error: GatewardError) => void) => () => void;

/** What a process and all that it starts may use. */
export interface LaunchLimits {
  /** Bytes of resident memory of the whole group. */
  readonly maxMemoryBytes: number;
  /** Files and sockets that each process may hold open. */
  readonly maxOpenFiles: number;
  /** Absolute path of the program that sets limits; undefined where there is none, and then none is set. */
  readonly prlimit: string | undefined;
}

/**
 * Stands before every start of a program, whoever asks. Throws LAUNCH_NOT_APPROVED, LAUNCH_REFUSED,
 * SANDBOX_UNAVAILABLE, or LAUNCH_FAILED where there is no such program.
 */
export type AuthorizeLaunch = (request: LaunchRequest) => Promise<LaunchPermit>;
