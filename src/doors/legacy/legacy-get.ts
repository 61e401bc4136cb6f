import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorCode, GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { persist } from '../../session/persist.ts';
import { headerOf } from '../../wire/headers.ts';
import type { Exchange } from '../legacy-door.ts';
import { type EventId, isUnrelated, readEventId } from './event-id.ts';
import { followStream } from './follow-stream.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { acceptedOf, checkVersionHeader, findSession, STORE_PATIENCE_MS } from './legacy-session-headers.ts';
import type { LiveSession } from './live-session.ts';
import type { Opened } from './session-listen.ts';
import { SseConnection } from './sse-connection.ts';

/** Milliseconds that a GET waits for the listen inside, so that a refusal still has its status. */
const LISTEN_MS = 250;

/** Answers one GET: opens a stream for what belongs to no call, or resumes one that broke off. Throws what refuses it. */
export async function answerGet(exchange: Exchange, parts: LegacyParts): Promise<void> {
  const { request } = exchange;
  const { session } = await findSession(exchange, parts);
  checkVersionHeader(request);
  if (!acceptedOf(request).eventStream) throw new GatewardError('NOT_ACCEPTABLE');
  const last = headerOf(request.headers, 'last-event-id');
  if (last === undefined || last === '') return openUnrelated(exchange, session, { parts, missed: false });
  const event = readEventId(last);
  if (event === undefined) throw new GatewardError('STREAM_NOT_FOUND');
  if (isUnrelated(event)) return openUnrelated(exchange, session, { parts, missed: true });
  return resume(exchange, session, { parts, event });
}

interface Opening {
  readonly parts: LegacyParts;
  /** The client held such a stream before and may have missed something. */
  readonly missed: boolean;
}

async function openUnrelated(
  { response }: Exchange,
  session: LiveSession,
  { parts, missed }: Opening,
): Promise<void> {
  if (parts.draining.aborted) throw new GatewardError('STOPPING');
  const { changes, unrelated, revision, ended } = session;
  unrelated.expected++;
  const opened = within(parts.clock, LISTEN_MS, parts.sessions.startListening(session));
  const refused = refusalOf(await opened.finally(() => unrelated.expected--));
  if (refused !== undefined) {
    changes.stop();
    throw new GatewardError(refused);
  }
  if (response.destroyed || ended.aborted) {
    if (!unrelated.open) changes.stop();
    if (ended.aborted) throw new GatewardError('SESSION_NOT_FOUND');
    return;
  }
  const connection = connect(response, session, parts);
  unrelated.add(connection, {
    numbering: revision.primes ? 'primed' : 'ids',
    max: parts.maxStreamsPerSession,
  });
  session.isMuted = false;
  if (connection.open) parts.sessions.takeStream(session);
  if (missed) changes.makeUp();
}

/** Begins the stream; it ends when its owner may not call any more. */
function connect(
  response: ServerResponse,
  { principal }: LiveSession,
  { sse, callers }: LegacyParts,
): SseConnection {
  const connection = new SseConnection(response, sse);
  const callOff = callers.watch(principal, () => connection.end());
  response.once('close', callOff);
  return connection;
}

/** What the inside refused a listen for, where that speaks of the session or the request and not of the server. */
function refusalOf(opened: Opened | undefined): ErrorCode | undefined {
  if (opened?.kind !== 'ended' || opened.outcome.kind !== 'error') return undefined;
  const { code } = opened.outcome;
  const rpc = code === undefined ? null : ERRORS[code].rpc;
  return rpc !== null && rpc > 0 ? code : undefined;
}

function within<T>(clock: Clock, delayMs: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const callOff = clock.after(delayMs, () => resolve(undefined));
    promise.finally(callOff).then(resolve, reject);
  });
}

interface Resumption {
  readonly parts: LegacyParts;
  readonly event: EventId;
}

/** Sends what the client missed on the stream of a call, and goes on with it while the call does, wherever that is. */
async function resume(
  { response }: Exchange,
  session: LiveSession,
  { parts, event }: Resumption,
): Promise<void> {
  const { streams, clock } = parts;
  const { number, stream } = event;
  const key = { session: session.key, stream };
  const tail = await persist(() => streams.after(key, number), { clock, giveUpMs: STORE_PATIENCE_MS });
  if (tail === undefined) throw new GatewardError('STREAM_NOT_FOUND');
  if (response.destroyed) return;
  if (tail.ended && tail.events.length === 0) {
    // WHATWG HTML §9.2.5: 204 tells the reader of an event stream not to come back.
    response.writeHead(204).end();
    return;
  }
  if (parts.draining.aborted && parts.held.get(stream) === undefined) throw new GatewardError('STOPPING');
  const connection = connect(response, session, parts);
  await followStream({ connection, key, number }, parts);
}
