import type { Config } from '../config/types.ts';
import type { LaunchPolicy } from '../guard/launch/launch.ts';

/** What the operator of a configuration vouches for; the Node that runs the gateway is vouched for by whoever starts it. */
export function policyOf({ launch }: Config): LaunchPolicy {
  return { folders: launch.folders, programs: [...launch.programs, process.execPath] };
}
