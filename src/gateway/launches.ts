import { createLaunchGuard, type LaunchBook } from '../guard/launch/authorize-launch.ts';
import type { AuthorizeLaunch } from '../launch-permit.ts';
import { openSandboxes, type SandboxesParts } from './sandboxes.ts';

/** What of the gateway its launches are given: what its sandboxes are, and what is approved. */
export interface LaunchParts extends SandboxesParts {
  readonly approvals: LaunchBook;
}

/** What starts of programs go by in one gateway. */
export interface Launches {
  /** Stands before every start. */
  readonly authorize: AuthorizeLaunch;
  /** The rules or the approvals have changed: ends what runs of an upstream and would not be started. Never rejects. */
  reconsider(upstream: string): Promise<void>;
  /** Call it when no program runs any more. Never rejects. */
  close(): Promise<void>;
}

/** Makes what stands before every start of a program of this gateway. */
export function openLaunches(parts: LaunchParts): Launches {
  const { config, approvals, environment, log } = parts;
  const sandbox = openSandboxes(parts);
  const guard = createLaunchGuard({
    config,
    book: approvals,
    confine: (permit, profile) => sandbox.wrap(permit, profile),
    variables: environment.variables,
    now: () => Date.now(),
    log,
  });
  return { ...guard, close: () => sandbox.close() };
}
