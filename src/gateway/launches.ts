import type { Config, Environment } from '../config/types.ts';
import type { ApprovalBook } from '../guard/approvals/approval-book.ts';
import { createAuthorizeLaunch } from '../guard/launch/authorize-launch.ts';
import type { AuthorizeLaunch } from '../launch-permit.ts';
import type { Log } from '../lib/log.ts';
import type { ProcessGroups } from '../upstream/stdio/stdio-process.ts';
import { openSandboxes } from './sandboxes.ts';

/** What of the gateway its launches are given. */
export interface LaunchParts {
  /** The configuration in force, or that which is put in force now. */
  readonly config: () => Config;
  /** Absolute paths of the files that it was read from. */
  readonly files: () => readonly string[];
  readonly approvals: ApprovalBook;
  /** Where running processes are noted. */
  readonly groups: ProcessGroups;
  readonly environment: Environment;
  readonly log: Log;
}

/** What starts of programs go by in one gateway. */
export interface Launches {
  /** Stands before every start. */
  readonly authorize: AuthorizeLaunch;
  /** Call it when no program runs any more. Never rejects. */
  close(): Promise<void>;
}

/** Makes what stands before every start of a program of this gateway. */
export function openLaunches(parts: LaunchParts): Launches {
  const { config, approvals, environment, log } = parts;
  const sandbox = openSandboxes(parts);
  const authorize = createAuthorizeLaunch({
    config,
    book: approvals,
    confine: (permit, profile) => sandbox.wrap(permit, profile),
    variables: environment.variables,
    now: () => Date.now(),
    log,
  });
  return { authorize, close: () => sandbox.close() };
}
