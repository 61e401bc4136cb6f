import { randomBytes } from 'node:crypto';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { readMessage } from '../../wire/message.ts';
import type { Exchange, PostExchange, SseDoor } from '../legacy-door.ts';
import {
  type Closeable,
  createLegacyParts,
  createLegacyStop,
  guard,
  type LegacyDoorOptions,
} from './legacy.ts';
import { startListening } from './legacy-get.ts';
import { answerInitialize } from './legacy-initialize.ts';
import { readPosted, takeOther } from './legacy-messages.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { errorReply, type Reply, resultReply } from './legacy-reply.ts';
import { answerRequest, enterFlights } from './legacy-request.ts';
import { acceptedOf } from './legacy-session-headers.ts';
import type { LiveSession } from './live-session.ts';
import { SseConnection } from './sse-connection.ts';

/** One stream of HTTP+SSE, which is the session. */
interface SseClient {
  readonly connection: SseConnection;
  readonly server: string;
  /** `Principal.key` of who opened it. */
  readonly principal: string;
  /** Set once `initialize` is answered. */
  session: LiveSession | undefined;
  /** `initialize` is being answered, or is. */
  initializing: boolean;
}

/** Milliseconds that a client has from the stream's opening to its `initialize`. */
const INITIALIZE_MS = 60_000;
const MESSAGE = { event: 'message' } as const;

/** Opens the door of HTTP+SSE (2024-11-05 basic/transports): the stream is the session, and ends with it. */
export function createSseDoor(options: LegacyDoorOptions): SseDoor & Closeable {
  const stop = createLegacyStop();
  const door = new SseDoorState(createLegacyParts(options, stop), options.maxSessions);
  return {
    open: (exchange) => guard(exchange, door.open(exchange)),
    post: (exchange) => guard(exchange, door.post(exchange)),
    drain: () => {
      stop.drain();
      door.endIdle();
    },
    close: () => {
      stop.close();
      door.close();
    },
  };
}

class SseDoorState {
  readonly #parts: LegacyParts;
  readonly #maxClients: number;
  readonly #clients = new Map<string, SseClient>();

  constructor(parts: LegacyParts, maxClients: number) {
    this.#parts = parts;
    this.#maxClients = maxClients;
  }

  async open({ request, response, path, server }: Exchange): Promise<void> {
    const { sse, draining, clock, callers } = this.#parts;
    const caller = await callers.authenticate(request.headers);
    if (caller.servers?.has(server) === false) throw new GatewardError('SERVER_NOT_FOUND');
    if (response.destroyed) return;
    if (draining.aborted) throw new GatewardError('STOPPING');
    if (!acceptedOf(request).eventStream) throw new GatewardError('NOT_ACCEPTABLE');
    if (this.#clients.size >= this.#maxClients) throw new GatewardError('RATE_LIMITED');
    const id = randomBytes(24).toString('base64url');
    const connection = new SseConnection(response, sse);
    const client: SseClient = {
      connection,
      server,
      principal: caller.key,
      session: undefined,
      initializing: false,
    };
    this.#clients.set(id, client);
    const callOff = clock.after(INITIALIZE_MS, () => {
      if (!client.initializing) connection.end();
    });
    const unwatch = callers.watch(caller.key, () => connection.end());
    response.once('close', () => {
      callOff();
      unwatch();
      this.#clients.delete(id);
      if (client.session !== undefined) void this.#parts.sessions.end(client.session);
    });
    void connection.send(Buffer.from(`${path}/messages?sessionId=${id}`), { event: 'endpoint' });
  }

  async post(exchange: PostExchange): Promise<void> {
    const caller = await this.#parts.callers.authenticate(exchange.request.headers);
    const id = new URLSearchParams(exchange.query).get('sessionId');
    if (id === null) throw new GatewardError('SESSION_REQUIRED');
    const client = this.#clients.get(id);
    const isOwn = client?.server === exchange.server && client.principal === caller.key;
    if (client === undefined || !isOwn) throw new GatewardError('SESSION_NOT_FOUND');
    if (client.session === undefined) this.#opening(exchange, client);
    else this.#take(exchange, client.session);
    exchange.response.writeHead(202).end();
  }

  /** Closes the streams on which no call waits for its response. */
  endIdle(): void {
    for (const { connection, session } of [...this.#clients.values()]) {
      if (session === undefined || session.calls.size === 0) connection.end();
    }
  }

  close(): void {
    this.#parts.sessions.close();
    for (const { connection } of [...this.#clients.values()]) connection.end();
  }

  /** Before the session is open there is only `initialize` and `ping` (2024-11-05 basic/lifecycle). */
  #opening({ body, request }: PostExchange, client: SseClient): void {
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
    void this.#initialize({ id, params, server: client.server, headers: request.headers }, client);
  }

  async #initialize(request: Parameters<typeof answerInitialize>[0], client: SseClient): Promise<void> {
    let reply: Reply;
    try {
      const initialized = await answerInitialize(request, this.#parts);
      reply = initialized.reply;
      if (initialized.opened === undefined) client.initializing = false;
      else if (client.connection.open) {
        const { facts } = await this.#parts.ids.mint(initialized.opened);
        client.session = this.#parts.sessions.open(facts);
      }
    } catch (thrown) {
      client.initializing = false;
      reply = errorReply(request.id, thrown, 'initialize');
    }
    await client.connection.send(reply.body, MESSAGE);
    client.session?.unrelated.add(client.connection, { numbering: 'none', max: 1 });
  }

  #take({ body, request }: PostExchange, session: LiveSession): void {
    const posted = readPosted(body, session.revision);
    const flights = enterFlights(session, posted.requests);
    for (const other of posted.others) {
      if (other.kind === 'notification' && other.method === 'notifications/initialized')
        void this.#listen(session);
      else takeOther(session, other);
    }
    const { unrelated } = session;
    const spoken = { session, headers: request.headers };
    posted.requests.forEach((given, index) => {
      const asked = { ...given, spoken, outlet: unrelated, asking: unrelated, stream: undefined };
      const flight = flights[index];
      if (flight === undefined) return;
      void answerRequest(asked, flight, this.#parts).then((reply) => {
        if (reply !== undefined) void unrelated.send(reply.body);
      });
    });
  }

  /** The client is ready to hear of changes. */
  async #listen(session: LiveSession): Promise<void> {
    if (session.unrelated.open) await session.inTurn(() => startListening(session, this.#parts));
  }
}
