import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import type { Fleet, Membership } from '../../store/fleet.ts';
import type { OwnerTable, ParkedTable } from '../../store/store.ts';

/** A call for an upstream, as one replica hands it to another. */
export interface RemoteCall {
  /** Name of the upstream in the configuration. */
  readonly upstream: string;
  readonly call: Call;
  readonly context: AuthorizationContext;
  /**
   * It must not run twice: the other replica begins only once this one knows that it has the call, so that a death
   * before that is known to have run nothing. Costs another way there and back.
   */
  readonly once?: boolean;
}

/** What upstreams know of the other replicas: who lives, who owns what, and how a call gets there. */
export interface Replicas {
  /** Own id. */
  readonly self: string;
  readonly isAlive: Membership['isAlive'];
  readonly onDeath: Membership['onDeath'];
  readonly onFenced: Membership['onFenced'];
  /**
   * Makes the call at the same upstream of another replica, where `Call.forwarded` is set. Its notifications come before
   * the outcome; an abort of `call.signal` cancels it there and rejects with the signal's reason. Throws what the
   * upstream throws there; UPSTREAM_LOST if that replica dies, UPSTREAM_UNAVAILABLE if it never began the call,
   * STOPPING if it takes no calls any more.
   */
  callAt(replica: string, remote: RemoteCall): Promise<Outcome>;
  readonly owners: OwnerTable;
  readonly parked: ParkedTable;
}

/** The other replicas of a fleet. */
export function replicasOf(
  { membership, store }: Pick<Fleet, 'membership' | 'store'>,
  { callAt }: Pick<Replicas, 'callAt'>,
): Replicas {
  return {
    self: membership.id,
    isAlive: (replica) => membership.isAlive(replica),
    onDeath: (run) => membership.onDeath(run),
    onFenced: (run) => membership.onFenced(run),
    callAt,
    owners: store.owners,
    parked: store.parked,
  };
}
