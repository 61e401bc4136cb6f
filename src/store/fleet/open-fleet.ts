import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Fleet } from '../fleet.ts';
import type { Bus, Store } from '../store.ts';
import { openFeed } from './feed.ts';
import { joinFleet, type OpenMembership } from './membership.ts';
import { openPost } from './post.ts';
import { startSweeping } from './sweeping.ts';

/** What a fleet is opened over. Who opened the store and the bus closes them, after the fleet. */
export interface FleetParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly seal: Seal;
  readonly clock: Clock;
  /** A number in [0, 1); spreads what all replicas do from time to time. */
  readonly random: () => number;
  readonly log: Log;
  /** Bytes of events of all streams that the store keeps. */
  readonly maxEventBytes?: number;
}

/** A fleet that this replica is part of until it is closed. */
export interface OpenFleet extends Fleet {
  /** Leaves the fleet. Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

const MAX_EVENT_BYTES = 1024 * 1024 * 1024;

/**
 * Joins the replicas that share a store.
 *
 * @throws GatewardError STORE_UNAVAILABLE
 */
export async function openFleet(parts: FleetParts): Promise<OpenFleet> {
  const { store, bus, seal, clock, log } = parts;
  const membership = await joinFleet({ replicas: store.replicas, bus, clock, log });
  const feed = await openFeedOf(membership, parts);
  const post = openPost({ mail: store.mail, bus, membership, seal, clock, log });
  const maxEventBytes = parts.maxEventBytes ?? MAX_EVENT_BYTES;
  const sweeping = startSweeping({ ...parts, bounds: { maxEventBytes } });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([post.close(), feed.close(), sweeping.close()]);
    await membership.leave();
  };
  return {
    store,
    bus,
    membership,
    post,
    feed,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function openFeedOf(membership: OpenMembership, { store, bus, clock, log }: FleetParts) {
  try {
    return await openFeed({ changes: store.changes, bus, clock, log });
  } catch (thrown) {
    await membership.leave();
    throw thrown;
  }
}
