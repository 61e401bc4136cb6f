import type { AuthorizationContext, Call, LegacySession } from '../../call.ts';
import { digestJson } from '../../lib/digest-json.ts';
import { JsonText } from '../../lib/json-text.ts';
import { legacyCapabilities, mayBeAsked } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { AdoptedSession } from './adopted-session.ts';
import type { Bucket } from './connection-pool.ts';

/** Whose calls share sessions of a legacy upstream: everybody's share one, or callers are told apart. */
export type Sharing = 'everyone' | 'callers';

/** Which sessions of a legacy upstream serve a call. */
export interface LegacyBucket extends Bucket {
  readonly context: AuthorizationContext;
  /** What `initialize` declares. */
  readonly capabilities: JsonText;
  /** The client's session that the upstream session belongs to alone. */
  readonly session: LegacySession | undefined;
  /** The session of another replica with which to go on, in place of opening one. */
  readonly adopted?: AdoptedSession;
  /** Whether there is one such bucket in the fleet, which one replica owns. */
  readonly isOwned: boolean;
}

/**
 * What of an upstream one replica owns: `sessions` are those of clients' sessions, which outlive connections; `all` is
 * for processes, which know what only they know; `nothing` is for those that know nothing.
 */
export type Owned = 'sessions' | 'all' | 'nothing';

/** How the sessions of an upstream are shared. */
export interface BucketRules {
  readonly sharing: Sharing;
  /** Without it: nothing. */
  readonly owned?: Owned | undefined;
}

const NOTHING = JsonText.written('{}');
/** Milliseconds after which an idle session of nobody is closed. */
const IDLE_MS = 300_000;
/** The same for one that belongs to a client's session: it holds state, and clients seldom say that they are done. */
const SESSION_IDLE_MS = 1_800_000;

/**
 * The bucket of a call. A client's legacy session has an upstream session of its own. Other calls share sessions by
 * authorization context and declared capabilities, which the legacy era fixes at `initialize`; where the server may
 * ask back, one call has a session to itself, so that it is known whom a question is for.
 */
export function bucketOf(
  call: Call,
  context: AuthorizationContext,
  { sharing, owned = 'nothing' }: BucketRules,
): LegacyBucket {
  if (sharing === 'everyone') {
    return {
      key: 'everyone',
      exclusive: false,
      idleMs: Number.POSITIVE_INFINITY,
      until: undefined,
      context,
      capabilities: NOTHING,
      session: undefined,
      isOwned: owned === 'all',
    };
  }
  const session = call.legacy?.session;
  const declared = session === undefined ? call.meta.clientCapabilities : declaredBy(session);
  const capabilities = legacyCapabilities(declared, session !== undefined);
  if (session !== undefined) {
    return {
      key: `session ${session.key} ${context}`,
      exclusive: false,
      idleMs: SESSION_IDLE_MS,
      until: session.ended,
      context,
      capabilities,
      session,
      isOwned: owned !== 'nothing',
    };
  }
  return pooled(context, capabilities, owned === 'all');
}

/** A client that tells of changes of its roots declares it, which modern capabilities cannot say. */
function declaredBy({ capabilities, onRootsChanged }: LegacySession): JsonText {
  const roots = capabilities.get('roots');
  if (onRootsChanged === undefined || roots?.kind !== 'object') return capabilities;
  return capabilities.with({ roots: roots.with({ listChanged: JsonText.of(true) }) });
}

/** The bucket for what concerns no caller in particular. */
export function sharedBucketOf(bucket: LegacyBucket): LegacyBucket {
  return pooled(bucket.context, NOTHING, bucket.isOwned && bucket.session === undefined);
}

/** The bucket for a listen of the same caller: it lasts, so it never holds a session that serves one call at a time. */
export function listenBucketOf(bucket: LegacyBucket): LegacyBucket {
  return bucket.exclusive ? sharedBucketOf(bucket) : bucket;
}

/** The bucket for one call that another replica made on a session of its own. */
export function adoptingBucketOf(bucket: LegacyBucket, adopted: AdoptedSession): LegacyBucket {
  return { ...bucket, key: `adopted ${crypto.randomUUID()}`, exclusive: true, adopted };
}

function pooled(context: AuthorizationContext, capabilities: JsonText, isOwned: boolean): LegacyBucket {
  return {
    key: `pool ${digestJson(capabilities.value())} ${context}`,
    exclusive: mayBeAsked(capabilities),
    idleMs: IDLE_MS,
    until: undefined,
    context,
    capabilities,
    session: undefined,
    isOwned,
  };
}
