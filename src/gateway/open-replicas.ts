import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Fleet } from '../store/fleet.ts';
import {
  createRemoteCalls,
  type RemoteCalls,
  type RemoteCallsParts,
} from '../upstream/remote/remote-calls.ts';
import { type Replicas, replicasOf } from '../upstream/remote/replicas.ts';

/** What upstreams need of the other replicas is made of this. */
export interface ReplicasParts extends Pick<RemoteCallsParts, 'upstream' | 'sessions'> {
  readonly fleet: Fleet;
  readonly log: Log;
}

/** The other replicas, for as long as it is open. */
export type OpenReplicas = Replicas & Pick<RemoteCalls, 'drain' | 'close'>;

/** Puts together what upstreams know of the other replicas. */
export function openReplicas(parts: ReplicasParts): OpenReplicas {
  const remote = createRemoteCalls({ ...parts, clock: systemClock });
  return {
    ...replicasOf(parts.fleet, remote),
    drain: (graceMs) => remote.drain(graceMs),
    close: () => remote.close(),
  };
}
