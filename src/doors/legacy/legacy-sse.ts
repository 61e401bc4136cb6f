import { randomBytes } from 'node:crypto';
import type { Principal } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { ConnectionIds } from '../../session/connection-ids.ts';
import { persist } from '../../session/persist.ts';
import type { Post } from '../../store/fleet.ts';
import { readMessage } from '../../wire/message.ts';
import type { Exchange, PostExchange, SseDoor } from '../legacy-door.ts';
import { NO_JOURNAL } from './journal.ts';
import {
  type Closeable,
  createLegacyParts,
  createLegacyStop,
  guard,
  type LegacyDoorOptions,
} from './legacy.ts';
import { answerInitialize } from './legacy-initialize.ts';
import { readPosted } from './legacy-messages.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { errorReply, type Reply, resultReply } from './legacy-reply.ts';
import { answerRequest, enterFlights } from './legacy-request.ts';
import { acceptedOf } from './legacy-session-headers.ts';
import type { LiveSession } from './live-session.ts';
import { SseConnection } from './sse-connection.ts';
import { readSseLetter, type SseLetter, writeSseLetter } from './sse-letter.ts';
import { takeOther } from './take-other.ts';

/** What the door of HTTP+SSE is made of. */
export interface SseDoorOptions extends LegacyDoorOptions {
  readonly connectionIds: ConnectionIds;
  readonly post: Post;
}

/** One stream of HTTP+SSE, which is the session. */
interface SseClient {
  readonly connection: SseConnection;
  readonly server: string;
  /** Who opened it. */
  readonly principal: Principal;
  /** Set once `initialize` is answered. */
  session: LiveSession | undefined;
  /** `initialize` is being answered, or is. */
  initializing: boolean;
}

/** What a client posted, at whichever replica. */
type SseMessage = Pick<PostExchange, 'body'> & {
  /** Undefined where another replica read them. */
  readonly headers: PostExchange['request']['headers'] | undefined;
};

/** Milliseconds that a client has from the stream's opening to its `initialize`. */
const INITIALIZE_MS = 60_000;
/** Milliseconds for which the end of a session is told to a store that is gone. */
const END_PATIENCE_MS = 30_000;
const SUBJECT = 'sse';
const MESSAGE = { event: 'message' } as const;

/**
 * Opens the door of HTTP+SSE (2024-11-05 basic/transports): the stream is the session, and ends with it. What is posted
 * to another replica than the one with the stream is sent there.
 */
export function createSseDoor(options: SseDoorOptions): SseDoor & Closeable {
  const stop = createLegacyStop();
  const parts = createLegacyParts(options, { stop, takeOver: { claim: async () => false } });
  const door = new SseDoorState(parts, options);
  return {
    sessions: parts.sessions,
    open: (exchange) => guard(exchange, door.open(exchange)),
    post: (exchange) => guard(exchange, door.post(exchange)),
    drain: () => {
      stop.drain();
      door.endIdle();
    },
    close: async () => {
      stop.close();
      await door.close();
      await parts.held.close();
    },
  };
}

class SseDoorState {
  readonly #parts: LegacyParts;
  readonly #options: SseDoorOptions;
  readonly #clients = new Map<string, SseClient>();
  readonly #stopReceiving: () => void;

  constructor(parts: LegacyParts, options: SseDoorOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#stopReceiving = options.post.receive(SUBJECT, (body) => this.#receive(readSseLetter(body)));
  }

  async open({ request, response, path, server }: Exchange): Promise<void> {
    const { sse, draining, clock, callers, mail } = this.#parts;
    const principal = await callers.authenticate(request.headers);
    if (principal.servers?.has(server) === false) throw new GatewardError('SERVER_NOT_FOUND');
    if (response.destroyed) return;
    if (draining.aborted) throw new GatewardError('STOPPING');
    if (!acceptedOf(request).eventStream) throw new GatewardError('NOT_ACCEPTABLE');
    if (this.#clients.size >= this.#options.maxSessions) throw new GatewardError('RATE_LIMITED');
    const name = randomBytes(18).toString('base64url');
    const connection = new SseConnection(response, sse);
    const client: SseClient = { connection, server, principal, session: undefined, initializing: false };
    this.#clients.set(name, client);
    const callOff = clock.after(INITIALIZE_MS, () => {
      if (!client.initializing) connection.end();
    });
    const unwatch = callers.watch(principal.key, () => connection.end());
    response.once('close', () => {
      callOff();
      unwatch();
      this.#clients.delete(name);
      this.#end(client);
    });
    const id = this.#options.connectionIds.write({ holder: mail.self, connection: name });
    void connection.send(Buffer.from(`${path}/messages?sessionId=${id}`), { event: 'endpoint' });
  }

  async post({ request, response, query, server, body }: PostExchange): Promise<void> {
    const { callers, mail } = this.#parts;
    const principal = await callers.authenticate(request.headers);
    const id = new URLSearchParams(query).get('sessionId');
    if (id === null) throw new GatewardError('SESSION_REQUIRED');
    const ref = this.#options.connectionIds.read(id);
    if (ref === undefined) throw new GatewardError('SESSION_NOT_FOUND');
    const { holder, connection } = ref;
    if (holder === mail.self) {
      const client = this.#find({ connection, server, principal: principal.key });
      if (client === undefined) throw new GatewardError('SESSION_NOT_FOUND');
      await this.#take(client, { body, headers: request.headers });
    } else {
      if (!mail.isAlive(holder)) throw new GatewardError('SESSION_NOT_FOUND');
      const letter = writeSseLetter({ connection, server, principal: principal.key, body });
      await this.#options.post.send(holder, SUBJECT, letter);
    }
    response.writeHead(202).end();
  }

  /** Closes the streams on which no call waits for its response. */
  endIdle(): void {
    for (const { connection, session } of [...this.#clients.values()]) {
      if (session === undefined || session.calls.size === 0) connection.end();
    }
  }

  /** Resolves once the store knows that the sessions ended, or cannot be told. Never rejects. */
  async close(): Promise<void> {
    this.#stopReceiving();
    const { sessions } = this.#parts;
    const clients = [...this.#clients.values()];
    const live = clients.flatMap(({ session }) => session ?? []);
    sessions.close();
    // These end with their streams.
    for (const session of live) session.end(new GatewardError('STOPPING'));
    for (const { connection } of clients) connection.end();
    await Promise.allSettled(live.map((session) => sessions.end(session)));
  }

  #end({ session }: SseClient): void {
    const { sessions, clock, closed } = this.#parts;
    if (session === undefined || closed.aborted) return;
    session.end();
    persist(() => sessions.end(session), { clock, giveUpMs: END_PATIENCE_MS }).catch(() => undefined);
  }

  #find({ connection, server, principal }: Omit<SseLetter, 'body'>): SseClient | undefined {
    const client = this.#clients.get(connection);
    return client?.server === server && client.principal.key === principal ? client : undefined;
  }

  /** What cannot be taken is answered on the stream: whoever posted it has been told that it was. */
  #receive({ body, ...where }: SseLetter): void {
    const client = this.#find(where);
    if (client === undefined) return;
    this.#take(client, { body, headers: undefined }).catch((thrown: unknown) => {
      const message = readMessage(body);
      if (message.kind !== 'request') return;
      void client.connection.send(errorReply(message.id, thrown, message.method).body, MESSAGE);
    });
  }

  async #take(client: SseClient, message: SseMessage): Promise<void> {
    if (client.session === undefined) this.#takeFirst(client, message);
    else await this.#takeInSession(client, client.session, message);
  }

  /** Before the session is open there is only `initialize` and `ping` (2024-11-05 basic/lifecycle). */
  #takeFirst(client: SseClient, { body, headers }: SseMessage): void {
    const message = readMessage(body);
    if (message.kind === 'notification') return;
    if (message.kind === 'request' && message.method === 'ping') {
      void client.connection.send(resultReply(message.id, JsonText.written('{}')).body, MESSAGE);
      return;
    }
    if (message.kind !== 'request' || message.method !== 'initialize' || client.initializing) {
      throw new GatewardError('INVALID_REQUEST', { detail: 'Send initialize first, once.' });
    }
    client.initializing = true;
    const { id, params } = message;
    const { server, principal } = client;
    void this.#initialize({ id, params, server, headers, principal }, client);
  }

  async #initialize(request: Parameters<typeof answerInitialize>[0], client: SseClient): Promise<void> {
    const { ids, sessions } = this.#parts;
    let reply: Reply;
    try {
      const initialized = await answerInitialize(request, this.#parts);
      reply = initialized.reply;
      if (initialized.opened === undefined) client.initializing = false;
      else if (client.connection.open) {
        const { facts } = await ids.mint(initialized.opened);
        client.session = sessions.open(facts);
      }
    } catch (thrown) {
      client.initializing = false;
      reply = errorReply(request.id, thrown, 'initialize');
    }
    await client.connection.send(reply.body, MESSAGE);
    const { session, connection } = client;
    if (session === undefined || !connection.open) return;
    session.unrelated.add(connection, { numbering: 'none', max: 1 });
    sessions.takeStream(session);
  }

  async #takeInSession(
    { principal }: SseClient,
    session: LiveSession,
    { body, headers }: SseMessage,
  ): Promise<void> {
    const posted = readPosted(body, session.revision);
    const flights = enterFlights(session, posted.requests);
    const { unrelated } = session;
    const outlet = session.own;
    const spoken = { session, headers, principal };
    posted.requests.forEach((given, index) => {
      const ways = { outlet, asking: outlet, stream: undefined, journal: NO_JOURNAL };
      const flight = flights[index];
      if (flight === undefined) return;
      void answerRequest({ ...given, ...ways, spoken }, flight, this.#parts).then((reply) => {
        if (reply !== undefined) void unrelated.send(reply.body);
      });
    });
    for (const other of posted.others) {
      if (other.kind === 'notification' && other.method === 'notifications/initialized')
        void this.#listen(session);
      else await takeOther(session, other, this.#parts);
    }
  }

  /** The client is ready to hear of changes. */
  async #listen(session: LiveSession): Promise<void> {
    if (session.unrelated.open) await this.#parts.sessions.startListening(session);
  }
}
