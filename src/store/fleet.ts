import type { Bus, Store } from './store.ts';

/** This replica among the others. */
export interface Membership {
  /** Own id: unguessable, new with each start. */
  readonly id: string;
  /**
   * Whether a replica lives, as the store said within the last second. While this replica itself has no steady contact
   * with the store, everybody it knew counts as alive: it could not take over anything anyway.
   */
  isAlive(replica: string): boolean;
  /** The others that live. */
  others(): readonly string[];
  /** Runs once for each other replica that dies or leaves; the function that comes back ends that. */
  onDeath(run: (replica: string) => void): () => void;
  /**
   * Runs when the others counted this replica as dead for a while: what it held may be somebody else's by now. Writes
   * say so one by one, since they are fenced.
   */
  onFenced(run: () => void): () => void;
}

/** Letters between replicas, sealed on the way. */
export interface Post {
  /**
   * Sends to one replica. Letters to the same replica arrive in the order of their sending, each once, unless it dies.
   * Resolves once the store has it. Throws STORE_UNAVAILABLE.
   */
  send(to: string, subject: string, body: Buffer): Promise<void>;
  /** Takes the letters of a subject; one taker for each. The function that comes back ends that. */
  receive(subject: string, run: (body: Buffer, from: string) => void): () => void;
}

/** What changed in the store, told within a second even if every wake-up is lost. */
export interface Feed {
  /** False while the store cannot be asked: what is cached may be old, so ask the store itself. */
  isFresh(): boolean;
  /** Runs with the key of each session whose row changed. */
  onSession(run: (key: string) => void): () => void;
  /** Runs with the id of each key that was revoked. */
  onKey(run: (id: string) => void): () => void;
  /** Runs with the name of each upstream of which something was approved or rejected. */
  onApproval(run: (upstream: string) => void): () => void;
  /** Runs when too much changed or the feed was interrupted: drop everything. */
  onReset(run: () => void): () => void;
  /** Tells the other replicas of a change at once. */
  announce(kind: 'session' | 'key' | 'approval', name: string): void;
}

/** What replicas share. */
export interface Fleet {
  readonly store: Store;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly post: Post;
  readonly feed: Feed;
}
