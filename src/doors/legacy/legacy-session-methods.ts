import { randomBytes } from 'node:crypto';
import type { Inbound, Outcome, Principal } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { writeRequest } from '../../wire/message.ts';
import { LOG_LEVELS } from '../../wire/rev2025-11-25/log-level.ts';
import { callMetaOf, type Envelope, paramsToModern } from '../../wire/rev2025-11-25/to-modern.ts';
import type { LegacyParts, Spoken } from './legacy-parts.ts';
import type { LiveSession } from './live-session.ts';
import type { ListenCall, Opened } from './session-listen.ts';

/** A request that may be one of the session's own. */
export interface SessionRequest {
  readonly spoken: Spoken;
  readonly method: string;
  readonly params: JsonText | undefined;
}

/** Nothing more: legacy clients refuse an empty result with any other member. */
const EMPTY = JsonText.written('{}');
const MAX_SUBSCRIPTIONS = 1000;
const MAX_URI_LENGTH = 8192;

/** Answers what concerns the session alone; undefined for what the inside answers. Throws what the client is told. */
export async function answerLocally(
  request: SessionRequest,
  parts: LegacyParts,
): Promise<JsonText | undefined> {
  switch (request.method) {
    case 'ping':
      return EMPTY;
    case 'initialize':
      throw new GatewardError('INVALID_REQUEST', { detail: 'The session is open already.' });
    case 'logging/setLevel':
      return setLogLevel(request, parts);
    case 'resources/subscribe':
      return request.spoken.session.inTurn(() => subscribe(request, parts));
    case 'resources/unsubscribe':
      return request.spoken.session.inTurn(() => unsubscribe(request, parts));
    default:
      return undefined;
  }
}

async function setLogLevel({ spoken, params }: SessionRequest, parts: LegacyParts): Promise<JsonText> {
  const level = params?.get('level')?.string();
  if (level === undefined || !LOG_LEVELS.includes(level)) {
    throw new GatewardError('INVALID_PARAMS', { detail: `level is one of ${LOG_LEVELS.join(', ')}.` });
  }
  if (!(await offers(spoken, parts, 'logging'))) throw new GatewardError('METHOD_NOT_FOUND');
  await parts.rows.setLogLevel(spoken.session.facts, level);
  return EMPTY;
}

/** Widens the session's listen. What the server does not acknowledge was not subscribed. */
async function subscribe({ spoken, params }: SessionRequest, parts: LegacyParts): Promise<JsonText> {
  const { session } = spoken;
  const uri = readUri(params);
  const { subscriptions } = await parts.rows.read(session.key);
  if (subscriptions.includes(uri)) return EMPTY;
  if (subscriptions.length >= MAX_SUBSCRIPTIONS) {
    throw new GatewardError('INVALID_PARAMS', {
      detail: `A session has at most ${MAX_SUBSCRIPTIONS} subscriptions.`,
    });
  }
  const wanted = [...subscriptions, uri];
  const listens = listensHere(session);
  const opened = listens ? await session.changes.open(wanted) : await session.changes.probe(wanted);
  if (!acknowledges(opened, uri)) {
    if (session.changes.running) await session.changes.open(subscriptions);
    throwFailure(opened);
    if (!(await offers(spoken, parts, 'resources', 'subscribe'))) throw new GatewardError('METHOD_NOT_FOUND');
    throw new GatewardError('INVALID_PARAMS', { detail: 'This resource cannot be subscribed to.' });
  }
  await parts.rows.addSubscription(session.facts, uri);
  if (!listens && listensHere(session)) await session.changes.open(wanted);
  await listenElsewhere(session, parts);
  return EMPTY;
}

async function unsubscribe({ spoken, params }: SessionRequest, parts: LegacyParts): Promise<JsonText> {
  const { session } = spoken;
  const uri = readUri(params);
  const { subscriptions } = await parts.rows.read(session.key);
  if (subscriptions.includes(uri)) {
    const left = subscriptions.filter((other) => other !== uri);
    await parts.rows.removeSubscription(session.facts, uri);
    if (listensHere(session)) await session.changes.open(left);
    await listenElsewhere(session, parts);
  } else if (!(await offers(spoken, parts, 'resources', 'subscribe'))) {
    throw new GatewardError('METHOD_NOT_FOUND');
  }
  return EMPTY;
}

/** What follows the response is heard on a stream that is there, or about to be. */
function listensHere({ unrelated, own }: LiveSession): boolean {
  return (unrelated.open || unrelated.expected > 0) && own.elsewhere === undefined;
}

/** What follows the response is heard, wherever the session's stream is. */
async function listenElsewhere({ own, key }: LiveSession, { mail }: LegacyParts): Promise<void> {
  // A letter that is lost costs time: that replica hears of the change in any case.
  if (own.elsewhere !== undefined) await mail.listenAt(own.elsewhere, key).catch(() => undefined);
}

function readUri(params: JsonText | undefined): string {
  const uri = params?.get('uri')?.string();
  if (uri !== undefined && uri !== '' && uri.length <= MAX_URI_LENGTH) return uri;
  throw new GatewardError('INVALID_PARAMS', {
    detail: `uri is a text of 1 to ${MAX_URI_LENGTH} characters.`,
  });
}

function acknowledges(opened: Opened, uri: string): boolean {
  return opened.kind === 'acknowledged' && opened.filter.uris.includes(uri);
}

/** A failure of the gateway's own says more than that the resource was not acknowledged. */
function throwFailure(opened: Opened): void {
  if (opened.kind === 'acknowledged' || opened.outcome.kind !== 'error') return;
  const { code } = opened.outcome;
  if (code !== undefined && code !== 'METHOD_NOT_FOUND') throw new GatewardError(code);
}

/** Whether the server advertises a capability. */
async function offers(spoken: Spoken, parts: LegacyParts, ...path: string[]): Promise<boolean> {
  const { session, headers, principal } = spoken;
  const { capabilities, facts } = session;
  const envelope = { capabilities, clientInfo: facts.clientInfo, logLevel: undefined };
  const outcome = await discover(
    { server: facts.server, headers, principal, envelope, session, id: ownId('discover') },
    parts,
  );
  if (outcome.kind !== 'complete') return false;
  const offered = outcome.result.at('capabilities', ...path);
  return offered !== undefined && offered.value() !== false;
}

/** Who asks what a server offers. */
export interface Discovery {
  readonly server: string;
  readonly headers: Spoken['headers'];
  /** Who asks, where that is known. */
  readonly principal: Principal | undefined;
  readonly envelope: Envelope;
  /** Undefined while there is none yet. */
  readonly session: LiveSession | undefined;
  /** Raw text. */
  readonly id: string;
}

const NO_REFUSALS: ReadonlyMap<string, JsonText> = new Map();

/** Asks the inside what a server offers to this client. */
export function discover(discovery: Discovery, parts: LegacyParts): Promise<Outcome> {
  const { server, headers, principal, envelope, session, id } = discovery;
  const method = 'server/discover';
  const call = {
    message: writeRequest(id, method, paramsToModern(undefined, envelope)),
    id,
    method,
    name: undefined,
    meta: callMetaOf(undefined, envelope),
    signal: session?.ended ?? parts.closed,
    notify: () => undefined,
    legacy: session === undefined ? undefined : { session, refusals: NO_REFUSALS },
  };
  return parts.handle(inboundOf({ server, call, headers }, principal));
}

/** What is handed inside: with who calls, where that was proved before. */
export function inboundOf(inbound: Inbound, principal: Principal | undefined): Inbound {
  return principal === undefined ? inbound : { ...inbound, principal };
}

/** Makes the call of a session's listen. */
export function listenInside(
  session: LiveSession,
  { id, filter, signal, notify }: ListenCall,
  handle: LegacyParts['handle'],
): Promise<Outcome> {
  const { capabilities, facts } = session;
  const envelope = { capabilities, clientInfo: facts.clientInfo, logLevel: undefined };
  const method = 'subscriptions/listen';
  const params = paramsToModern(undefined, envelope).with({ notifications: filter });
  const call = {
    message: writeRequest(id, method, params),
    id,
    method,
    name: undefined,
    meta: callMetaOf(undefined, envelope),
    signal,
    notify,
    legacy: { session, refusals: NO_REFUSALS },
  };
  return handle({ server: facts.server, call, headers: undefined });
}

/** Raw text of an id for a call that no client made. */
function ownId(name: string): string {
  return JSON.stringify(`${name}-${randomBytes(9).toString('base64url')}`);
}
