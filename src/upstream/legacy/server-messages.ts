import type { LegacySession } from '../../call.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import {
  type Message,
  readMessage,
  writeError,
  writeNotification,
  writeRequest,
  writeResult,
} from '../../wire/message.ts';
import { isListChange, isServerChange } from '../../wire/rev2025-11-25/server-changes.ts';
import { relatedTask } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';
import type { LegacyNotification } from '../../wire/rev2025-11-25/upstream-notifications.ts';
import { isReverseMethod, refusal, replyForRevision } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { CallsInFlight } from './attribute-message.ts';
import type { ExchangeOwner, Flight } from './legacy-exchange.ts';
import { OpenReverseRequests, type ReverseReply, type ReverseRequest } from './reverse-request.ts';

/** Gives a message as whoever it is for may have it; what one session is told is read together. */
export type Screen = (message: JsonText, session: LegacySession | undefined) => JsonText;

/** The same for all upstreams, by their names. */
export type UpstreamScreen = (
  upstream: string,
  message: JsonText,
  session: LegacySession | undefined,
) => JsonText;

/** What takes the changes that a server tells of. */
export type ChangeListener = (change: LegacyNotification) => void;

/** What the server-to-client half of a connection needs. */
export interface ServerMessagesParts {
  readonly calls: CallsInFlight<Flight>;
  readonly session: LegacySession | undefined;
  /** What the client's session is told that belongs to no call goes through it. */
  readonly screen?: Screen | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** The revision that was agreed on; undefined before it is. */
  readonly version: () => string | undefined;
  /** Sends a response; resolves with whether the server has it. Never rejects. */
  readonly respond: (response: JsonText) => Promise<boolean>;
}

/** A request of the server: `id` is raw text. */
export type Question = Pick<ReverseRequest, 'id' | 'method' | 'params'>;

type IncomingRequest = Extract<Message, { kind: 'request' }>;

/** How long a reverse request waits for the call that opened the connection, in milliseconds. */
const EARLY_MS = 50;
const MAX_EARLY = 16;
const ELICITATION_COMPLETE = 'notifications/elicitation/complete';

/**
 * The half of a legacy connection that the server drives: its requests and notifications, each given to the call that
 * it belongs to, to the client's session, or to nobody.
 */
export class ServerMessages {
  readonly #parts: ServerMessagesParts;
  readonly #reverse: OpenReverseRequests;
  readonly #listeners = new Set<ChangeListener>();
  /** Reverse requests that came before the first call was sent; undefined once that time is over. */
  #early: (() => void)[] | undefined = [];
  #endEarly: () => void;

  constructor(parts: ServerMessagesParts) {
    this.#parts = parts;
    this.#reverse = new OpenReverseRequests((id, reply) =>
      parts.respond(writeReply(id, this.#worded(reply))),
    );
    this.#endEarly = () => undefined;
  }

  /** The server may ask from now on; what it asks at once belongs to the call that opened the connection. */
  opened(): void {
    this.#endEarly = this.#parts.clock.after(EARLY_MS, () => this.firstCall());
  }

  /** The first call is in flight. */
  firstCall(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#endEarly();
    for (const deliver of early) deliver();
  }

  /** A question that the server asked another replica, to be answered here; undefined if too many wait already. */
  restore({ id, method, params }: Question): ReverseRequest | undefined {
    return this.#reverse.add(id, method, params);
  }

  /** Takes part in what the server tells of changes, until the function that comes back is called. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The connection is gone. */
  close(): void {
    this.#early = undefined;
    this.#endEarly();
    this.#reverse.withdrawAll();
    this.#listeners.clear();
  }

  /** Takes a request of the server. `streamId` as in TransportEvents. */
  request(message: IncomingRequest, streamId: string | undefined): void {
    const { id, method, params } = message;
    if (!isReverseMethod(method)) {
      const known = method === 'ping';
      const reply = known ? { result: JsonText.written('{}') } : { error: UNKNOWN_METHOD };
      void this.#parts.respond(writeReply(id, reply));
      return;
    }
    // A resumed stream may bring what came before.
    if (this.#reverse.has(id)) return;
    const reverse = this.#reverse.add(id, method, params);
    if (reverse === undefined) void this.#parts.respond(writeReply(id, { error: TOO_MANY }));
    else if (this.#early === undefined || streamId !== undefined || this.#early.length >= MAX_EARLY)
      this.#deliver(reverse, streamId);
    else this.#early.push(() => this.#deliver(reverse, streamId));
  }

  /** Takes a notification of the server; a promise asks to read no further until then. */
  notification(message: LegacyNotification, streamId: string | undefined): Promise<void> | undefined {
    const { method, params } = message;
    if (method === 'notifications/cancelled') {
      this.#reverse.withdraw(params?.get('requestId')?.text ?? '');
      return undefined;
    }
    if (isServerChange(method)) {
      // The client's stream may be at another replica, and a listen of its own not be open yet.
      if (this.#listeners.size === 0 && isListChange(method)) this.#unboundNotification(message);
      for (const listener of [...this.#listeners]) listener(message);
      return undefined;
    }
    const call = this.#callOf(message, streamId);
    if (call === undefined) this.#unboundNotification(message);
    return call?.onNotification(message);
  }

  #callOf({ method, params }: LegacyNotification, streamId: string | undefined) {
    const { calls, session } = this.#parts;
    // Modern clients never hear of it, and it names its elicitation, so it is nobody's but whose stream it came on.
    if (method === ELICITATION_COMPLETE && (session === undefined || streamId === undefined))
      return undefined;
    if (method === 'notifications/progress' && streamId === undefined)
      return calls.get(params?.get('progressToken')?.text ?? '')?.owner;
    const call = calls.attribute(streamId);
    return typeof call === 'string' ? undefined : call.owner;
  }

  #deliver(reverse: ReverseRequest, streamId: string | undefined): void {
    if (reverse.withdrawn.aborted) return;
    const call = this.#parts.calls.attribute(streamId);
    const owner = this.#ownerOfTask(reverse) ?? (typeof call === 'string' ? undefined : call.owner);
    if (owner?.interactive === true) owner.onReverse(reverse);
    else if (this.#parts.session !== undefined) this.#askSession(this.#parts.session, reverse);
    else void reverse.respond({ error: call === 'several' ? AMBIGUOUS : OUTSIDE_CALLS });
  }

  /** Who waits for the task that a question belongs to, where it says so (2025-11-25 basic/utilities/tasks). */
  #ownerOfTask({ params }: ReverseRequest): ExchangeOwner | undefined {
    const taskId = relatedTask(params);
    if (taskId === undefined) return undefined;
    return this.#parts.calls.find(({ owner }) => owner?.taskId === taskId)?.owner;
  }

  #worded(reply: ReverseReply): ReverseReply {
    const version = this.#parts.version();
    if ('error' in reply || version === undefined) return reply;
    const result = replyForRevision(reply.result, version);
    return result === undefined ? { error: TOO_RICH } : { result };
  }

  #askSession(session: LegacySession, reverse: ReverseRequest): void {
    const id = JSON.stringify(`unbound-${crypto.randomUUID()}`);
    const withdrawn = () => {
      const params = JsonText.written(`{"requestId":${id}}`);
      session.unbound(writeNotification('notifications/cancelled', params)).catch(() => undefined);
    };
    reverse.withdrawn.addEventListener('abort', withdrawn, { once: true });
    void session
      .unbound(this.#screened(writeRequest(id, reverse.method, reverse.params)))
      .then(readReply, () => UNANSWERED)
      .then((reply) => {
        reverse.withdrawn.removeEventListener('abort', withdrawn);
        void reverse.respond(reply);
      });
  }

  #screened(message: JsonText): JsonText {
    return this.#parts.screen?.(message, this.#parts.session) ?? message;
  }

  #unboundNotification({ method, params }: LegacyNotification): void {
    const { session, log } = this.#parts;
    if (session !== undefined && (UNBOUND.has(method) || isListChange(method))) {
      session.unbound(this.#screened(writeNotification(method, params))).catch(() => undefined);
    } else {
      log.debug('a notification of the server belongs to no call', { method });
    }
  }
}

/** What a session is told although it belongs to no call. */
const UNBOUND = new Set(['notifications/message', ELICITATION_COMPLETE]);

const UNKNOWN_METHOD = refusal(-32601, 'The client does not offer this method.');
const TOO_MANY = refusal(-32603, 'Too many requests wait for an answer.');
const AMBIGUOUS = refusal(-32603, 'It cannot be told which call this request belongs to.');
const OUTSIDE_CALLS = refusal(-32601, 'The client takes this request only during a call that may ask back.');
const TOO_RICH = refusal(-32603, 'The answer has several blocks, which this revision cannot say.');
const UNANSWERED: ReverseReply = { error: refusal(-32603, 'The client did not answer.') };

function readReply(response: JsonText | undefined): ReverseReply {
  const message = response === undefined ? undefined : readMessage(response);
  if (message?.kind === 'result') return { result: message.result };
  return message?.kind === 'error' ? { error: message.error } : UNANSWERED;
}

function writeReply(id: string, reply: ReverseReply): JsonText {
  const bytes = 'result' in reply ? writeResult(id, reply.result) : writeError(id, reply.error);
  return JsonText.written(bytes.toString('utf8'));
}
