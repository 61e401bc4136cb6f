import type { Config, Environment } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { MAX_PENDING } from '../../guard/approvals/approval-book.ts';
import { fitSeen } from '../../guard/approvals/fit-seen.ts';
import { createAuthorizeLaunch } from '../../guard/launch/authorize-launch.ts';
import { approvalId, type Seen } from '../../store/approval-table.ts';
import { openStoreOf } from '../open-store-of.ts';
import { SILENT_LOG } from '../silent-log.ts';
import { whoDecides } from '../who-decides.ts';

/** Which launch is approved. */
export interface ApproveLaunchOptions {
  readonly config: Config;
  /** Name of the upstream. */
  readonly name: string;
  readonly environment: Environment;
}

/**
 * Records in the store that the exact launch of an upstream may start, as somebody has just agreed. Starts nothing. Gives
 * false where it cannot be known what would start, such as a program that is not on this PATH.
 */
export async function approveLaunch(options: ApproveLaunchOptions): Promise<boolean> {
  const seen = await seeLaunch(options);
  if (seen === undefined) return false;
  const store = await openStoreOf(options.config.store);
  try {
    await store.approvals.see([fitSeen(seen)], MAX_PENDING);
    const decided = await store.approvals.decide([approvalId(seen)], 'approved', whoDecides());
    return decided.length === 1;
  } finally {
    await store.close();
  }
}

/** What stands before every start is asked with a book that knows nothing, and notes what it would want approved. */
async function seeLaunch({ config, name, environment }: ApproveLaunchOptions): Promise<Seen | undefined> {
  const upstream = config.upstreams.find((one) => one.name === name);
  if (upstream?.kind !== 'stdio') return undefined;
  let noted: Seen | undefined;
  const authorize = createAuthorizeLaunch({
    config: () => config,
    book: {
      load: async () => ({ stateOf: () => undefined }),
      see: async (seen) => {
        [noted] = seen;
        return seen.map(() => 'pending');
      },
    },
    confine: async (permit) => permit,
    variables: environment.variables,
    now: Date.now,
    log: SILENT_LOG,
  });
  const { command, args, env, cwd, references, sandbox } = upstream;
  try {
    await authorize({ upstream: name, command, args, env, cwd, references, sandbox });
  } catch (error) {
    if (!(error instanceof GatewardError)) throw error;
  }
  return noted;
}
