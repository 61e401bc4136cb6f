/** A command as a configuration names it, before anything is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The variables that the configuration adds, in its order. */
  readonly env: readonly EnvEntry[];
  /** The working directory, if the configuration names one. */
  readonly cwd: string | undefined;
}

/** One environment variable of a launch. */
export interface EnvEntry {
  readonly name: string;
  readonly value: string;
}

/**
 * What the operator vouches for. Without it nothing that already lies on the machine runs without approval: the grammar
 * can tell a package of a registry from a script, but not a good script from a bad one.
 */
export interface LaunchPolicy {
  /** Absolute folders whose scripts may run under node, python, deno and bun. */
  readonly folders: readonly string[];
  /** Programs that may run: absolute paths, or bare names as the configuration writes them. */
  readonly programs: readonly string[];
}

/** A policy that vouches for nothing. */
export const NO_POLICY: LaunchPolicy = { folders: [], programs: [] };
