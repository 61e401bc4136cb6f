import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchSchema } from '../../src/config/schema-guard.ts';
import { createAuthorizeLaunch } from '../../src/guard/launch/authorize-launch.ts';
import type { AuthorizeLaunch } from '../../src/launch-permit.ts';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from './legacy-upstream.ts';
import { UNGUARDED } from './vouched.ts';

/** Lets every program start, for tests of what happens after that. */
export function authorizeAnything(
  log: Log = silentLog,
  variables: Readonly<Record<string, string>> = { PATH: process.env['PATH'] ?? '' },
): AuthorizeLaunch {
  const unused = (): never => {
    throw new TypeError('Nothing needs an approval here.');
  };
  // Made only for a program without a working directory.
  const dataDir = join(tmpdir(), `gateward-launches-${process.pid}`);
  return createAuthorizeLaunch({
    config: () => ({ launch: launchSchema.parse(UNGUARDED), dataDir }),
    book: { load: unused, see: unused },
    confine: unused,
    variables,
    now: () => Date.now(),
    log,
  });
}
