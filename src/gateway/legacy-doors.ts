import type { Callers } from '../call.ts';
import type { LimitsConfig } from '../config/types.ts';
import { createLegacyDoor } from '../doors/legacy/legacy.ts';
import { createSseDoor } from '../doors/legacy/legacy-sse.ts';
import type { LegacyDoor, SseDoor } from '../doors/legacy-door.ts';
import type { Ticker } from '../doors/ticker.ts';
import { systemClock } from '../lib/clock.ts';
import type { Seal } from '../lib/seal.ts';
import type { Handlers } from '../pipeline.ts';
import { createEventLog } from '../session/event-log.ts';
import { createSessionIds } from '../session/session-id.ts';
import { createSessionRows } from '../session/sessions.ts';
import type { Fleet } from '../store/fleet.ts';

/** The doors for legacy clients, with the sessions behind them. */
export interface LegacyDoors {
  readonly http: LegacyDoor;
  readonly sse: SseDoor;
  /** Ends streams that only wait for changes; calls in flight go on. */
  drain(): void;
  close(): void;
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
  const common = {
    callers,
    rows,
    ids: createSessionIds({ seal, rows, now, ttlMs: limits.sessionTtlMs }),
    log: createEventLog({ maxBytes: limits.eventLogBytes, maxAgeMs: limits.eventLogMs, now }),
    clock: systemClock,
    ticker,
    maxSessions: limits.maxSessions,
    maxStreamsPerSession: limits.maxStreamsPerSession,
    maxQueuedBytesPerStream: limits.maxQueuedBytesPerStream,
  };
  const http = createLegacyDoor({ ...common, handle: handlers.LH });
  const sse = createSseDoor({ ...common, handle: handlers.SE });
  return {
    http,
    sse,
    drain() {
      http.drain();
      sse.drain();
    },
    close() {
      http.close();
      sse.close();
    },
  };
}
