import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import type { RequiredCapabilities } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { AdoptedSession } from './adopted-session.ts';
import type { LegacyConnection } from './legacy-connection.ts';
import type { Reply } from './legacy-exchange.ts';

/**
 * What is left behind when a call leaves its session: nothing; what the server knows of the caller, or may still do for
 * it, so that it must serve nobody else; or another replica, which has gone on with the session.
 */
export type Trace = 'none' | 'caller' | 'replica';

/** A session of the server that was given to a call. */
export interface Seat {
  readonly connection: LegacyConnection;
  /** Other calls have it too. */
  readonly shared: boolean;
  readonly toOutcome: (reply: Reply, call: Call, missing: RequiredCapabilities | undefined) => Outcome;
  /** The server asks back: once it is answered, the session will serve no other caller. */
  readonly asked: () => void;
  /** The server is done with the call. */
  readonly leave: (trace: Trace) => void;
}

/** A session of a replica that died. `shared`: others may go on with it at the same time. */
export interface SessionToAdopt extends AdoptedSession {
  readonly shared?: boolean | undefined;
}

/** Where calls get their sessions. */
export interface Seats {
  /** A session for a call. Throws what opening one throws. */
  open(call: Call, context: AuthorizationContext): Promise<Seat>;
  /** The session on which a replica that died made the call. Throws if it is not to be had. */
  adopt(call: Call, context: AuthorizationContext, session: SessionToAdopt): Promise<Seat>;
  /** Whether it is safe to make the call again. */
  repeatable(call: Call): boolean;
}
