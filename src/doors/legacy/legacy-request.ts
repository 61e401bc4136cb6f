import type { Call, Complete, Failed, Notify, Outcome, StreamHints, TaskMade } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { joinMembers } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { isWanted } from '../../wire/rev2025-11-25/log-level.ts';
import { legacyMethodOf } from '../../wire/rev2025-11-25/methods.ts';
import { readTaskWish } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';
import { notificationToLegacy } from '../../wire/rev2025-11-25/to-legacy.ts';
import { callMetaOf, type Envelope, paramsToModern } from '../../wire/rev2025-11-25/to-modern.ts';
import type { CallState, RoundAnswers } from './call-state.ts';
import { cancelTask } from './cancel-task.ts';
import { CANCELLED, type Flight, newFlight } from './flight.ts';
import { runRounds } from './input-rounds.ts';
import { HANDED_OVER, type Journal } from './journal.ts';
import type { LegacyParts, Spoken } from './legacy-parts.ts';
import { errorReply, outcomeReply, type Reply, resultReply } from './legacy-reply.ts';
import { answerLocally, inboundOf } from './legacy-session-methods.ts';
import type { LiveSession } from './live-session.ts';
import type { Outlet } from './outlet.ts';
import type { SentEvents } from './sent-events.ts';

/** One request of a legacy client, and the ways back to it. */
export interface LegacyRequest {
  readonly spoken: Spoken;
  /** The whole message. */
  readonly message: JsonText;
  readonly id: string;
  readonly method: string;
  readonly params: JsonText | undefined;
  /** For notifications of the call. */
  readonly outlet: Outlet;
  /** For questions to the client. */
  readonly asking: Outlet;
  /** What follows the stream of the upstream; undefined where there is no stream of this request alone. */
  readonly stream: StreamHints | undefined;
  /** Takes how far it is. */
  readonly journal: Journal;
  /** How far another replica was with it; undefined where it begins. */
  readonly from?: CallState | undefined;
  /** What that one sent. */
  readonly sent?: SentEvents | undefined;
}

/** Requests of one session that may be in work at a time. */
const MAX_CALLS = 1000;
/** Notifications of the inside that no legacy client knows. */
const MODERN_NOTIFICATIONS = /^notifications\/(?:subscriptions\/.*|tasks(?:\/.*)?)$/;
const NO_REFUSALS: ReadonlyMap<string, JsonText> = new Map();

/** Notes requests as in flight, all or none. Throws INVALID_REQUEST for an id that is in flight already. */
export function enterFlights(
  { calls, ended }: LiveSession,
  requests: readonly { readonly id: string }[],
): Flight[] {
  const ids = new Set(requests.map(({ id }) => id));
  if (ids.size < requests.length || [...ids].some((id) => calls.has(id))) {
    throw new GatewardError('INVALID_REQUEST', { detail: 'A request with the same id is still in work.' });
  }
  if (calls.size + ids.size > MAX_CALLS) {
    throw new GatewardError('RATE_LIMITED', {
      detail: `A session has at most ${MAX_CALLS} requests in work.`,
    });
  }
  return requests.map(({ id }) => {
    const flight = newFlight(ended);
    calls.set(id, flight);
    return flight;
  });
}

/**
 * Answers a request that entered flight. Undefined when the client cancelled it, or another replica goes on with it.
 * Never rejects.
 */
export async function answerRequest(
  request: LegacyRequest,
  flight: Flight,
  parts: LegacyParts,
): Promise<Reply | undefined> {
  const { id, method, spoken } = request;
  const { abort } = flight;
  const { calls } = spoken.session;
  try {
    return await raceAbort(answer(request, flight, parts), abort);
  } catch (thrown) {
    const isSilent = abort.reason === CANCELLED || thrown === HANDED_OVER;
    return isSilent ? undefined : errorReply(id, thrown, method);
  } finally {
    flight.over = true;
    if (calls.get(id) === flight) calls.delete(id);
  }
}

async function answer(request: LegacyRequest, flight: Flight, parts: LegacyParts): Promise<Reply> {
  const { id, method, params, spoken } = request;
  const { revision } = spoken.session;
  const local = await answerLocally(request, parts);
  if (local !== undefined) return resultReply(id, local);
  const known = legacyMethodOf(method, revision);
  if (known === undefined) throw new GatewardError('METHOD_NOT_FOUND');
  const name = known.nameMember === undefined ? undefined : params?.get(known.nameMember)?.string();
  const inside = (as: string) => callInside({ request, method: as, name }, flight, parts);
  const outcome = method === 'tasks/cancel' ? await cancelTask(inside) : await inside(method);
  return outcomeReply(id, outcome, { method, name, revision });
}

/** A request as the inside is asked: by another method than the client's where a part of it has one of its own. */
interface Asking {
  readonly request: LegacyRequest;
  readonly method: string;
  readonly name: string | undefined;
}

async function callInside(
  { request, method, name }: Asking,
  flight: Flight,
  parts: LegacyParts,
): Promise<Complete | TaskMade | Failed> {
  const { params, spoken, asking, journal, from, sent } = request;
  const { session, headers, principal } = spoken;
  const { questions, revision, capabilities } = session;
  const signal = flight.abort;
  const envelope = await envelopeOf(session, request.outlet.open, parts);
  const modern = paramsToModern(params, envelope);
  const base = {
    method,
    name,
    meta: callMetaOf(params, envelope),
    signal,
    notify: notifyOf(request, flight, envelope.logLevel),
  };
  const task = revision.tasks && method === 'tools/call' ? readTaskWish(params) : undefined;
  const legacy = { session, stream: request.stream, ...(task && { task }) };
  const message = method === request.method ? request.message : renamed(request.message, method);
  const call = (answers: RoundAnswers | undefined, round: number): Promise<Outcome> => {
    const refusals = answers?.refusals ?? NO_REFUSALS;
    const again = from?.phase === 'calling' && from.round === round;
    const given: Call = {
      ...base,
      ...wordRound({ id: request.id, message }, modern, { answers, round }),
      legacy: { ...legacy, refusals, again },
    };
    return parts.handle(inboundOf({ server: session.facts.server, call: given, headers }, principal));
  };
  const relatedTask = method === 'tasks/result' ? name : undefined;
  const client = { outlet: asking, questions, revision, capabilities, signal, relatedTask };
  const hasLeft = (question: Buffer): boolean => sent?.has(question) === true;
  return runRounds({ call, ...client, hasLeft, journal, from, clock: parts.clock });
}

function renamed(message: JsonText, method: string): JsonText {
  return message.with({ method: JsonText.of(method) });
}

/** The message of one round: the first under the client's id, each retry under one of its own. */
function wordRound(
  { id, message }: Pick<LegacyRequest, 'id' | 'message'>,
  params: JsonText,
  { answers, round }: { readonly answers: RoundAnswers | undefined; readonly round: number },
): { readonly id: string; readonly message: JsonText } {
  if (answers === undefined) return { id, message: message.with({ params }) };
  const retryId = JSON.stringify(`${id}/${round}`);
  const { responses, requestState } = answers;
  const inputResponses = responses && joinMembers(responses);
  const retried = params.with({ inputResponses, requestState });
  return { id: retryId, message: message.with({ id: JsonText.written(retryId), params: retried }) };
}

/** What the session says in `_meta`. Without a way for them there is no wish for log messages. */
export async function envelopeOf(session: LiveSession, logs: boolean, parts: LegacyParts): Promise<Envelope> {
  const { capabilities, facts } = session;
  const logLevel = logs ? await parts.sessions.logLevel(session) : undefined;
  return { capabilities, clientInfo: facts.clientInfo, logLevel };
}

/** Passes notifications on in the words of legacy, while the call has no response. */
function notifyOf(
  { outlet, params, sent }: LegacyRequest,
  flight: Flight,
  logLevel: string | undefined,
): Notify {
  let progress = sent?.progress(params?.at('_meta', 'progressToken')?.text) ?? Number.NEGATIVE_INFINITY;
  return (notification) => {
    const method = notification.get('method')?.string() ?? '';
    const over = flight.over || flight.abort.aborted;
    if (over || !outlet.open || MODERN_NOTIFICATIONS.test(method)) return undefined;
    if (method === 'notifications/progress') {
      // Each round counts anew, and the client must see it rise (2025-11-25 basic/utilities/progress).
      const value = Number(notification.at('params', 'progress')?.text);
      if (value <= progress) return undefined;
      progress = value;
    }
    if (method === 'notifications/message' && !wants(notification, logLevel)) return undefined;
    return outlet.send(notificationToLegacy(notification).bytes);
  };
}

function wants(notification: JsonText, logLevel: string | undefined): boolean {
  return logLevel !== undefined && isWanted(notification.at('params', 'level')?.string(), logLevel);
}
