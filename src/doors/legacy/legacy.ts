import type { Callers, Handle } from '../../call.ts';
import { GatewardError, toGatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { QuestionIds } from '../../session/question-ids.ts';
import type { SessionIds } from '../../session/session-id.ts';
import type { SessionRows } from '../../session/sessions.ts';
import type { StreamLog } from '../../session/stream-log.ts';
import type { Fleet } from '../../store/fleet.ts';
import { refuse } from '../answer.ts';
import type { Exchange, LegacyDoor } from '../legacy-door.ts';
import type { Ticker } from '../ticker.ts';
import { HeldStreams } from './held-streams.ts';
import { answerGet } from './legacy-get.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { answerPost } from './legacy-post.ts';
import { checkVersionHeader, findSession } from './legacy-session-headers.ts';
import { listenInside } from './legacy-session-methods.ts';
import { LiveSessions } from './live-sessions.ts';
import { Seldom } from './seldom.ts';
import type { SessionMail } from './session-mail.ts';
import { TakeOver } from './take-over.ts';

/** What a legacy door is made of. */
export interface LegacyDoorOptions {
  /** The pipeline as legacy Streamable HTTP sees it. */
  readonly handle: Handle;
  /** Says who sent what does not go through the pipeline, and when they may not call any more. */
  readonly callers: Callers;
  readonly ids: SessionIds;
  readonly rows: SessionRows;
  readonly questionIds: QuestionIds;
  readonly streams: StreamLog;
  readonly fleet: Pick<Fleet, 'bus' | 'membership'>;
  /** One for all doors. */
  readonly mail: SessionMail;
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly maxSessions: number;
  readonly maxStreamsPerSession: number;
  readonly maxQueuedBytesPerStream: number;
}

/** A door that can be closed. */
export interface Closeable {
  /** The sessions of which it holds something. */
  readonly sessions: LiveSessions;
  /** Ends streams that only wait for changes or for their clients, and opens no more; calls in flight go on. */
  drain(): void;
  /** Ends everything. Calls in flight are answered STOPPING. Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

/** Opens the door of legacy Streamable HTTP: 2025-11-25, 2025-06-18 and 2025-03-26. */
export function createLegacyDoor(options: LegacyDoorOptions): LegacyDoor & Closeable {
  const stop = createLegacyStop();
  const parts = createLegacyParts(options, { stop, takeOver: { claim: (row) => takeOver.claim(row) } });
  const { sessions, held } = parts;
  const takeOver = new TakeOver(parts);
  parts.mail.onStream = (key) => takeOver.heed(key);
  return {
    sessions,
    post: (exchange) => guard(exchange, answerPost(exchange, parts)),
    get: (exchange) => guard(exchange, answerGet(exchange, parts)),
    delete: (exchange) => guard(exchange, answerDelete(exchange, parts)),
    drain: () => {
      stop.drain();
      takeOver.close();
      sessions.drain();
      void held.leave();
    },
    close: async () => {
      stop.close();
      takeOver.close();
      await held.leave();
      sessions.close();
      await held.close();
    },
  };
}

/** How far the end of a door has come. */
export interface LegacyStop extends Pick<LegacyParts, 'draining' | 'closed'> {
  readonly drain: () => void;
  readonly close: () => void;
}

/** Makes the two signals by which a door ends. */
export function createLegacyStop(): LegacyStop {
  const [drain, close] = [new AbortController(), new AbortController()];
  return {
    draining: drain.signal,
    closed: close.signal,
    drain: () => drain.abort(new GatewardError('STOPPING')),
    close: () => {
      drain.abort(new GatewardError('STOPPING'));
      close.abort(new GatewardError('STOPPING'));
    },
  };
}

/** Milliseconds between two letters that tell that a client is at work on the same question. */
const PROGRESS_EVERY_MS = 60_000;

/** What the legacy doors work with. */
export function createLegacyParts(
  options: LegacyDoorOptions,
  { stop, takeOver }: { readonly stop: LegacyStop } & Pick<LegacyParts, 'takeOver'>,
): LegacyParts {
  const { handle, callers, ids, rows, questionIds, streams, fleet, mail, clock, ticker } = options;
  const { membership, bus } = fleet;
  const sessions = new LiveSessions({
    ids,
    rows,
    questionIds,
    mail,
    membership,
    clock,
    ticker,
    maxSessions: options.maxSessions,
    listen: (session, call) => listenInside(session, call, handle),
  });
  return {
    handle,
    callers,
    ids,
    rows,
    questionIds,
    streams,
    held: new HeldStreams({ log: streams, bus, membership, clock, ticker }),
    takeOver,
    mail,
    sessions,
    forwarded: new Seldom(PROGRESS_EVERY_MS, clock.now),
    clock,
    sse: { ticker, maxQueuedBytes: options.maxQueuedBytesPerStream },
    maxStreamsPerSession: options.maxStreamsPerSession,
    draining: stop.draining,
    closed: stop.closed,
  };
}

/** Ends the session (2025-11-25 basic/transports §Session Management). */
async function answerDelete(exchange: Exchange, parts: LegacyParts): Promise<void> {
  const { session } = await findSession(exchange, parts);
  checkVersionHeader(exchange.request);
  await parts.sessions.end(session);
  exchange.response.writeHead(200).end();
}

/** Answers what a promise was rejected with, so that none is when it comes back to the listener. */
export async function guard({ response }: Exchange, answered: Promise<void>): Promise<void> {
  try {
    await answered;
  } catch (thrown) {
    if (response.headersSent || response.destroyed) response.destroy();
    else refuse(response, toGatewardError(thrown));
  }
}
