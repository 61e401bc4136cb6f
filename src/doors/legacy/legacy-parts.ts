import type { Callers, Handle, Principal } from '../../call.ts';
import type { Clock } from '../../lib/clock.ts';
import type { QuestionIds } from '../../session/question-ids.ts';
import type { SessionIds } from '../../session/session-id.ts';
import type { SessionRows } from '../../session/sessions.ts';
import type { StreamLog } from '../../session/stream-log.ts';
import type { StreamRow } from '../../store/store.ts';
import type { HeaderValues } from '../../wire/headers.ts';
import type { HeldStreams } from './held-streams.ts';
import type { LiveSession } from './live-session.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { Seldom } from './seldom.ts';
import type { SessionMail } from './session-mail.ts';
import type { SseConnectionOptions } from './sse-connection.ts';

/** What a legacy door works with. */
export interface LegacyParts {
  readonly handle: Handle;
  readonly callers: Callers;
  readonly ids: SessionIds;
  readonly rows: SessionRows;
  readonly questionIds: QuestionIds;
  readonly streams: StreamLog;
  readonly held: HeldStreams;
  readonly takeOver: StreamClaimer;
  readonly mail: SessionMail;
  readonly sessions: LiveSessions;
  /** How often the client's work on a question is told to another replica. */
  readonly forwarded: Seldom;
  readonly clock: Clock;
  readonly sse: SseConnectionOptions;
  /** Streams for messages that belong to no call, by session. */
  readonly maxStreamsPerSession: number;
  /** Aborts when no stream may be opened any more, because the gateway stops. */
  readonly draining: AbortSignal;
  /** Aborts when everything ends, with STOPPING as its reason. */
  readonly closed: AbortSignal;
}

/** Takes the place of replicas that died. */
export interface StreamClaimer {
  /** Takes a stream over whose holder is dead. False if somebody else did, or it has ended. Throws STORE_UNAVAILABLE. */
  claim(row: StreamRow): Promise<boolean>;
}

/** A session, and the request by which its client speaks. */
export interface Spoken {
  readonly session: LiveSession;
  /** Undefined where another replica goes on with what was said. */
  readonly headers: HeaderValues | undefined;
  /** Who speaks; undefined where that is to be found out. */
  readonly principal: Principal | undefined;
}
