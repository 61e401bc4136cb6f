import type { Callers, Handle } from '../../call.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EventLog } from '../../session/event-log.ts';
import type { SessionIds } from '../../session/session-id.ts';
import type { SessionRows } from '../../session/sessions.ts';
import type { HeaderValues } from '../../wire/headers.ts';
import type { LiveSession } from './live-session.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { SseConnectionOptions } from './sse-connection.ts';

/** What a legacy door works with. */
export interface LegacyParts {
  readonly handle: Handle;
  readonly callers: Callers;
  readonly ids: SessionIds;
  readonly rows: SessionRows;
  readonly log: EventLog;
  readonly sessions: LiveSessions;
  readonly clock: Clock;
  readonly sse: SseConnectionOptions;
  /** Streams for messages that belong to no call, by session. */
  readonly maxStreamsPerSession: number;
  /** Aborts when no stream may be opened any more, because the gateway stops. */
  readonly draining: AbortSignal;
  /** Aborts when everything ends, with STOPPING as its reason. */
  readonly closed: AbortSignal;
}

/** A session, and the HTTP request by which its client speaks. */
export interface Spoken {
  readonly session: LiveSession;
  readonly headers: HeaderValues | undefined;
}
