import type { Config, Environment } from '../config/types.ts';
import { GatewardError } from '../errors.ts';
import type { ApprovalBook } from '../guard/approvals/approval-book.ts';
import { type ConfineLaunch, createAuthorizeLaunch } from '../guard/launch/authorize-launch.ts';
import type { AuthorizeLaunch } from '../launch-permit.ts';
import type { Log } from '../lib/log.ts';

/** What of the gateway its launches are given. */
export interface LaunchParts {
  /** The configuration in force, or that which is put in force now. */
  readonly config: () => Config;
  readonly approvals: ApprovalBook;
  readonly environment: Environment;
  readonly log: Log;
}

/** What stands before every start of a program of this gateway. */
export function openLaunches({ config, approvals, environment, log }: LaunchParts): AuthorizeLaunch {
  const { variables } = environment;
  const now = (): number => Date.now();
  return createAuthorizeLaunch({
    config,
    book: approvals,
    confine: withoutSandbox(log),
    variables,
    now,
    log,
  });
}

function withoutSandbox(log: Log): ConfineLaunch {
  return async (permit, { ifMissing }) => {
    if (ifMissing === 'refuse') throw new GatewardError('SANDBOX_UNAVAILABLE');
    log.warn('a program starts without its sandbox: none can run here', { upstream: permit.upstream });
    return permit;
  };
}
