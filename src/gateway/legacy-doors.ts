import type { Callers } from '../call.ts';
import type { LimitsConfig } from '../config/types.ts';
import { createLegacyDoor } from '../doors/legacy/legacy.ts';
import { createSseDoor } from '../doors/legacy/legacy-sse.ts';
import { SessionMail } from '../doors/legacy/session-mail.ts';
import type { LegacyDoor, SseDoor } from '../doors/legacy-door.ts';
import type { Ticker } from '../doors/ticker.ts';
import { systemClock } from '../lib/clock.ts';
import type { Seal } from '../lib/seal.ts';
import type { Handlers } from '../pipeline.ts';
import { createConnectionIds } from '../session/connection-ids.ts';
import { createQuestionIds } from '../session/question-ids.ts';
import { createSessionIds } from '../session/session-id.ts';
import { createSessionRows } from '../session/sessions.ts';
import { createStreamLog } from '../session/stream-log.ts';
import type { Fleet } from '../store/fleet.ts';
import type { RemoteSessions } from '../upstream/remote/remote-session.ts';
import { createRemoteSessions } from './remote-sessions.ts';

/** The doors for legacy clients, with the sessions behind them. */
export interface LegacyDoors {
  readonly http: LegacyDoor;
  readonly sse: SseDoor;
  /** How sessions travel to other replicas. */
  readonly remote: RemoteSessions;
  /** Ends streams that only wait for changes; calls in flight go on. */
  drain(): void;
  /** Ends everything. Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

/** What the legacy doors are made of. */
export interface LegacyDoorsParts {
  readonly handlers: Handlers;
  readonly callers: Callers;
  readonly seal: Seal;
  readonly fleet: Fleet;
  readonly limits: LimitsConfig;
  readonly ticker: Ticker;
}

/** Builds the legacy doors with what sessions must remember. */
export function createLegacyDoors(parts: LegacyDoorsParts): LegacyDoors {
  const { handlers, callers, seal, fleet, limits, ticker } = parts;
  const now = systemClock.now;
  const rows = createSessionRows({
    sessions: fleet.store.sessions,
    feed: fleet.feed,
    clock: systemClock,
    maxCached: limits.maxSessions,
  });
  const { post, membership } = fleet;
  const mail = new SessionMail({ post, membership, clock: systemClock });
  const common = {
    callers,
    fleet,
    mail,
    rows,
    ids: createSessionIds({ seal, rows, now, ttlMs: limits.sessionTtlMs }),
    questionIds: createQuestionIds(seal),
    streams: createStreamLog({
      streams: fleet.store.streams,
      seal,
      maxBytes: limits.eventLogBytes,
      maxAgeMs: limits.eventLogMs,
    }),
    clock: systemClock,
    ticker,
    maxSessions: limits.maxSessions,
    maxStreamsPerSession: limits.maxStreamsPerSession,
    maxQueuedBytesPerStream: limits.maxQueuedBytesPerStream,
  };
  const http = createLegacyDoor({ ...common, handle: handlers.LH });
  const sse = createSseDoor({
    ...common,
    connectionIds: createConnectionIds(seal),
    post,
    handle: handlers.SE,
  });
  return {
    http,
    sse,
    remote: createRemoteSessions({
      rows,
      hold: (facts) => sse.sessions.get(facts.key) ?? http.sessions.hold(facts),
    }),
    drain() {
      http.drain();
      sse.drain();
    },
    async close() {
      await Promise.all([http.close(), sse.close()]);
      mail.close();
    },
  };
}
