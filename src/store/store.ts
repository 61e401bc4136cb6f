import type { ApprovalTable } from './approval-table.ts';
import type { Holding } from './holding.ts';
import type { TaskTable } from './task-table.ts';

/**
 * The port to what outlives a request: one SQLite file for the processes of one machine, or PostgreSQL for any number
 * of replicas. Every method is one short transaction. Times are durations: the store's own clock judges them, so that
 * a replica with a wrong clock does no harm. Bodies are opaque here; whoever writes one seals it.
 *
 * Every method throws STORE_UNAVAILABLE when the store cannot be reached or written. What a method gave back, or
 * resolved with, survives the end of any process (`kill -9`); what is marked durable survives a power cut too.
 */
export interface Store {
  readonly replicas: ReplicaTable;
  readonly mail: MailTable;
  readonly sessions: SessionTable;
  readonly streams: StreamTable;
  readonly parked: ParkedTable;
  readonly tasks: TaskTable;
  readonly owners: OwnerTable;
  readonly keys: KeyTable;
  readonly approvals: ApprovalTable;
  /** What changed of sessions, keys and approvals, so that what is cached of them can be dropped. */
  readonly changes: ChangeFeed;
  /** Deletes what has expired, a bounded part of it. To be called from time to time by every replica. */
  sweep(bounds: SweepBounds): Promise<void>;
  /** Lets go of connections and files. */
  close(): Promise<void>;
}

/** Bounds that only a sweep holds. */
export interface SweepBounds {
  /** Bytes of events in all; streams above it lose their oldest events. */
  readonly maxEventBytes: number;
}

/** Who is alive. */
export interface ReplicaTable {
  /**
   * Says that a replica lives for another `leaseMs`, and gives the ids of all that do, itself included.
   * `wasDead` tells that its lease had run out: others may have taken over what it held.
   */
  renew(
    id: string,
    leaseMs: number,
  ): Promise<{ readonly live: readonly string[]; readonly wasDead: boolean }>;
  /** A replica ends: it is dead at once, and its mail is deleted. */
  leave(id: string): Promise<void>;
}

/** Something that one replica wrote to another. */
export interface Letter {
  readonly id: string;
  readonly body: Buffer;
}

/** The mailboxes of replicas. */
export interface MailTable {
  /** Puts letters into mailboxes, in this order, for at most `ttlMs`. */
  send(letters: readonly { readonly to: string; readonly body: Buffer }[], ttlMs: number): Promise<void>;
  /**
   * Deletes the letters `done`, and gives the others of a mailbox, oldest first, at most 500. What is not named in a
   * later `done` is given again, so that nothing is lost with an answer of the store.
   */
  collect(to: string, done: readonly string[]): Promise<readonly Letter[]>;
}

/** What may change in a legacy session. */
export interface SessionRow {
  readonly ended: boolean;
  readonly logLevel: string | undefined;
  readonly subscriptions: readonly string[];
  /** The replica that holds the session's GET stream. */
  readonly streamHolder: string | undefined;
  /** What did not fit into its id. */
  readonly extra: Buffer | undefined;
}

/** Changes of a row; what is absent stays. */
export interface SessionChanges {
  readonly logLevel?: string;
  readonly subscriptions?: readonly string[];
  /** A URI to add, after `subscriptions`. One that is there already changes nothing. */
  readonly subscribe?: string;
  /** A URI to take away. */
  readonly unsubscribe?: string;
  readonly streamHolder?: string | null;
  readonly extra?: Buffer;
}

/** Legacy sessions that differ from what their ids say. */
export interface SessionTable {
  /** Undefined for a session that never changed. */
  read(key: string): Promise<SessionRow | undefined>;
  /** Makes or changes a row; it lasts `ttlMs` from now. Does nothing to a session that ended. */
  change(key: string, changes: SessionChanges, ttlMs: number): Promise<void>;
  /** Ends a session for good; its streams and answers are deleted. The end is known for `ttlMs`. */
  end(key: string, ttlMs: number): Promise<void>;
}

/** One stream of a legacy session, as event ids name it. */
export interface StreamKey {
  readonly session: string;
  readonly stream: string;
}

/** A stream that answers requests of a legacy client, with what another replica needs to go on with them. */
export interface StreamRow extends Holding {
  readonly key: StreamKey;
  /** Raw ids of the requests that it answers. */
  readonly requests: readonly string[];
  /** The requests and how far they are; undefined once it has ended. */
  readonly work: Buffer | undefined;
  /** Number of the newest event; 0 before the first. */
  readonly last: number;
  readonly ended: boolean;
}

/** One event that was, or is about to be, sent. */
export interface StreamEvent {
  /** Counts from 1 within the stream. */
  readonly number: number;
  readonly data: Buffer;
}

/** Bounds of the events of one stream. */
export interface EventBounds {
  /** Milliseconds that an event is kept, and a stream that ended known. */
  readonly maxAgeMs: number;
  /** Bytes of events of one stream; the oldest go first. */
  readonly maxBytes: number;
}

/** What one `append` keeps. */
export interface AddedEvents {
  readonly events: readonly StreamEvent[];
  readonly bounds: EventBounds;
  /** Makes the stream known before that, as `open` does, if it is not. */
  readonly opens?: Pick<StreamRow, 'requests' | 'work'> | undefined;
  /** Nothing follows, as `finish` says. */
  readonly ends?: boolean | undefined;
}

/** An answer of the client to a question that left on a stream. */
export interface StreamAnswer {
  /** Names the question within the stream. */
  readonly question: string;
  readonly body: Buffer;
}

/** Streams of legacy sessions, their events, and the answers to their questions. */
export interface StreamTable {
  /** Makes a stream known, with epoch 1 and no events. */
  open(stream: Pick<StreamRow, 'key' | 'holder' | 'requests' | 'work'>): Promise<void>;
  /** Replaces the work. False for who does not hold it any more. */
  saveWork(key: StreamKey, by: Holding, work: Buffer): Promise<boolean>;
  /** Keeps events, whose numbers go on from `last`. False for who does not hold it any more: nothing may be sent. */
  append(key: StreamKey, by: Holding, added: AddedEvents): Promise<boolean>;
  /** Nothing follows; its work and answers are deleted. False for who does not hold it any more. */
  finish(key: StreamKey, by: Holding, bounds: EventBounds): Promise<boolean>;
  read(key: StreamKey): Promise<StreamRow | undefined>;
  /** The streams of a session that have not ended. */
  ofSession(session: string): Promise<readonly StreamRow[]>;
  /** The events after `number`; undefined when the stream is unknown or one of them is no longer kept. */
  after(
    key: StreamKey,
    number: number,
  ): Promise<{ readonly events: readonly StreamEvent[]; readonly ended: boolean } | undefined>;
  /**
   * Takes a stream over from `from`, with the next epoch. Undefined if it is somebody else's by now, or has ended.
   * The caller knows that the holder is dead.
   */
  claim(key: StreamKey, from: Holding, holder: string): Promise<StreamRow | undefined>;
  /** Keeps an answer. The first to a question counts: false for every other, and for a stream that ended or is unknown. */
  answer(key: StreamKey, answer: StreamAnswer): Promise<boolean>;
  /** The answers so far. */
  answers(key: StreamKey): Promise<readonly StreamAnswer[]>;
  /** Streams that have not ended and whose holder is no replica that lives, at most `max`. */
  orphans(max: number): Promise<readonly StreamRow[]>;
}

/** A call to a legacy upstream that waits, or waited, for answers of its client. */
export interface ParkedRow extends Holding {
  readonly id: string;
  /** Where the answers of the newest round are: `none` yet, being sent upstream, or there. */
  readonly answers: 'none' | 'sending' | 'sent';
  /** What another replica needs to go on with it. */
  readonly body: Buffer;
}

/** Parked calls. */
export interface ParkedTable {
  /** Makes a row with epoch 1. False when there are `maxRows` already. */
  put(row: Pick<ParkedRow, 'id' | 'holder' | 'body'>, ttlMs: number, maxRows: number): Promise<boolean>;
  read(id: string): Promise<ParkedRow | undefined>;
  /** Replaces what is given and lets the row last `ttlMs` from now. False for who does not hold it any more. */
  save(
    id: string,
    by: Holding,
    changes: { readonly answers?: ParkedRow['answers']; readonly body?: Buffer; readonly ttlMs: number },
  ): Promise<boolean>;
  /** Takes a call over from `from`, with the next epoch. Undefined if it is somebody else's by now. */
  claim(id: string, from: Holding, holder: string): Promise<ParkedRow | undefined>;
  /** Deletes it, if it is still the holder's. */
  delete(id: string, by: Holding): Promise<void>;
}

/** Who owns something of which there is one in the whole fleet: an upstream's session, a process. */
export interface Ownership extends Holding {
  /** What the owner, or the one before it, left for the next. */
  readonly note: Buffer | undefined;
}

/** Owners of what there is one of. An owner is whoever claimed it, as long as its replica lives. */
export interface OwnerTable {
  /** Makes `replica` the owner unless a replica that lives is. Gives the owner in either case. */
  claim(thing: string, replica: string): Promise<Ownership>;
  /** Leaves a note for the next owner. False for who does not own it any more. */
  note(thing: string, by: Holding, note: Buffer): Promise<boolean>;
  /** Gives it up, and forgets its note. */
  release(thing: string, by: Holding): Promise<void>;
}

/** A key by which callers prove who they are. */
export interface KeyRow {
  /** Public; names the key. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** SHA-256 of the secret part. */
  readonly hash: Buffer;
  /** Servers that it opens; undefined for all. */
  readonly servers: readonly string[] | undefined;
  /** Milliseconds since 1970, by the store's clock. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined for never. */
  readonly expiresAt: number | undefined;
  /** Milliseconds since 1970; undefined while it is not revoked. */
  readonly revokedAt: number | undefined;
}

/** Keys. Writes are durable. */
export interface KeyTable {
  /** Throws KEY_EXISTS if a key that is not revoked has the name. */
  create(
    key: Pick<KeyRow, 'id' | 'name' | 'hash' | 'servers'> & { readonly ttlMs: number | undefined },
  ): Promise<KeyRow>;
  /** Undefined for an unknown id. Revoked and expired keys are given too. */
  read(id: string): Promise<KeyRow | undefined>;
  /** All keys, the oldest first. */
  list(): Promise<readonly KeyRow[]>;
  /** By id or name. Gives the key as it is then; undefined if there is none that is not revoked. */
  revoke(idOrName: string): Promise<KeyRow | undefined>;
}

/** What changed since one last looked. */
export interface Changes {
  /** Keys of sessions whose row changed. */
  readonly sessions: readonly string[];
  /** Ids of keys that were revoked. */
  readonly keys: readonly string[];
  /** Names of upstreams of which something was approved or rejected. */
  readonly approvals: readonly string[];
  /** Where to go on. */
  readonly cursor: string;
}

/** Changes in the order of the store's clock. */
export interface ChangeFeed {
  /**
   * What changed since `cursor`, or nothing but the cursor when it is undefined. Goes back a little over what it gave
   * before, since transactions end out of order: the same change may come twice, none is left out. Undefined when too
   * much changed to be told: drop everything.
   */
  since(cursor: string | undefined): Promise<Changes | undefined>;
}

/**
 * Wakes replicas. What is published reaches the subscribers of every replica, the own one included, soon or not at
 * all: a lost wake-up only costs time. Topics and texts are no secrets.
 */
export interface Bus {
  /** At most 200 bytes of topic and 4,000 of text, in UTF-8; what is longer is lost. Never throws. */
  publish(topic: string, text: string): void;
  /** Runs for each text published on a topic; the function that comes back ends that. */
  subscribe(topic: string, run: (text: string) => void): () => void;
  close(): Promise<void>;
}
