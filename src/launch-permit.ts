/** A command that somebody wants started, as the configuration names it. */
export interface LaunchRequest {
  readonly upstream: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What the configuration gives beside what every program gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined for a private folder. */
  readonly cwd: string | undefined;
}

declare const permitted: unique symbol;

/**
 * A command that may be started now, exactly so. Only `authorizeLaunch` makes one, and a process is started of nothing
 * else.
 */
export interface LaunchPermit {
  readonly [permitted]: true;
  /** Absolute path without links. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/**
 * Stands before every start of a program, whoever asks. Throws LAUNCH_NOT_APPROVED, LAUNCH_REFUSED,
 * SANDBOX_UNAVAILABLE, or LAUNCH_FAILED where there is no such program.
 */
export type AuthorizeLaunch = (request: LaunchRequest) => Promise<LaunchPermit>;
