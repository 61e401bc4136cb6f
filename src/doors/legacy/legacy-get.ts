import { ERRORS, type ErrorCode, GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { LoggedTail } from '../../session/event-log.ts';
import { headerOf } from '../../wire/headers.ts';
import type { Exchange } from '../legacy-door.ts';
import { type EventId, isUnrelated, messageFields, readEventId } from './event-id.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { acceptedOf, checkVersionHeader, findSession } from './legacy-session-headers.ts';
import type { LiveSession } from './live-session.ts';
import type { Opened } from './session-listen.ts';
import { SseConnection } from './sse-connection.ts';

/** Milliseconds that a GET waits for the listen inside, so that a refusal still has its status. */
const LISTEN_MS = 250;

/** Answers one GET: opens a stream for what belongs to no call, or resumes one that broke off. Throws what refuses it. */
export async function answerGet(exchange: Exchange, parts: LegacyParts): Promise<void> {
  const { request } = exchange;
  const session = await findSession(exchange, parts);
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
  const opening = session.inTurn(() => startListening(session, parts));
  const refused = refusalOf(await within(parts.clock, LISTEN_MS, opening));
  if (refused !== undefined) {
    changes.stop();
    throw new GatewardError(refused);
  }
  if (response.destroyed || ended.aborted) {
    if (!unrelated.open) changes.stop();
    if (ended.aborted) throw new GatewardError('SESSION_NOT_FOUND');
    return;
  }
  const connection = new SseConnection(response, parts.sse);
  const callOff = parts.callers.watch(session.facts.principal, () => connection.end());
  response.once('close', callOff);
  unrelated.add(connection, {
    numbering: revision.primes ? 'primed' : 'ids',
    max: parts.maxStreamsPerSession,
  });
  if (missed) changes.makeUp();
}

/** Opens the session's listen with what it is subscribed to, unless it is open. */
export async function startListening(
  { changes, key }: LiveSession,
  parts: LegacyParts,
): Promise<Opened | undefined> {
  if (changes.running) return undefined;
  const { subscriptions } = await parts.rows.read(key);
  return changes.open(subscriptions);
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

/** Sends what the client missed on the stream of a call, and goes on with it while the call does. */
async function resume(
  { response }: Exchange,
  session: LiveSession,
  { parts, event }: Resumption,
): Promise<void> {
  const ref = { session: session.key, stream: event.stream };
  let tail: LoggedTail | undefined = await parts.log.after(ref, event.number);
  if (tail === undefined) throw new GatewardError('STREAM_NOT_FOUND');
  if (tail.ended && tail.events.length === 0) {
    // WHATWG HTML §9.2.5: 204 tells the reader of an event stream not to come back.
    response.writeHead(204).end();
    return;
  }
  const connection = new SseConnection(response, parts.sse);
  let number = event.number;
  for (;;) {
    for (const missed of tail.events) {
      await connection.send(missed.data, messageFields({ stream: event.stream, number: missed.number }));
      number = missed.number;
    }
    if (!connection.open) return;
    const live = session.streams.get(event.stream);
    if (tail.ended || live === undefined) break;
    if (live.attach(connection, number)) return;
    tail = await parts.log.after(ref, number);
    if (tail === undefined) break;
  }
  connection.end();
}
