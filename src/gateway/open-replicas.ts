import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Fleet } from '../store/fleet.ts';
import { createRemoteCalls, type RemoteCallsParts } from '../upstream/remote/remote-calls.ts';
import type { Replicas } from '../upstream/remote/replicas.ts';

/** What upstreams need of the other replicas is made of this. */
export interface ReplicasParts extends Pick<RemoteCallsParts, 'upstream' | 'sessions'> {
  readonly fleet: Fleet;
  readonly log: Log;
}

/** The other replicas, for as long as it is open. */
export interface OpenReplicas extends Replicas {
  close(): void;
}

/** Puts together what upstreams know of the other replicas. */
export function openReplicas({ fleet, upstream, sessions, log }: ReplicasParts): OpenReplicas {
  const { membership, store } = fleet;
  const remote = createRemoteCalls({ fleet, upstream, sessions, clock: systemClock, log });
  return {
    self: membership.id,
    isAlive: (replica) => membership.isAlive(replica),
    onDeath: (run) => membership.onDeath(run),
    onFenced: (run) => membership.onFenced(run),
    callAt: (replica, call) => remote.callAt(replica, call),
    owners: store.owners,
    parked: store.parked,
    close: () => remote.close(),
  };
}
