/** A small legacy server in memory, reached through transports that behave as the real ones do. */
import { GatewardError } from '../../src/errors.ts';
import { JsonText } from '../../src/lib/json-text.ts';
import type {
  HandOver,
  HeldSession,
  LegacyTransport,
  ResumeOptions,
  SendOptions,
  TransportEvents,
} from '../../src/upstream/legacy/legacy-transport.ts';
import { type Message, readMessage } from '../../src/wire/message.ts';

/** What a method of the server works with. */
export interface Turn {
  readonly params: Record<string, unknown>;
  readonly session: FakeSession;
  /** Aborts when the client cancels the request. */
  readonly cancelled: AbortSignal;
  /** Asks the client; resolves with its whole response. `elsewhere`: not on the stream of the request. */
  ask(method: string, params?: unknown, elsewhere?: 'elsewhere'): Promise<Record<string, unknown>>;
  /** Sends a notification, on the stream of the request. */
  notify(method: string, params: unknown): void;
  progress(progress: number): void;
}

export type Method = (turn: Turn) => unknown;

/** An answer that is a JSON-RPC error. */
export class RpcError {
  readonly error: { code: number; message: string; data?: unknown };
  constructor(code: number, message: string, data?: unknown) {
    this.error = { code, message, ...(data === undefined ? {} : { data }) };
  }
}

export interface FakeServerOptions {
  readonly methods?: Record<string, Method>;
  readonly tools?: Record<string, Method>;
  readonly capabilities?: Record<string, unknown>;
  readonly version?: string;
  /** As a transport with streams does. */
  readonly tellsRequests?: boolean;
  /** Sessions outlive their transports, and streams of requests are resumed, as with an event store. */
  readonly resumable?: boolean;
  /** Runs when a client has sent `notifications/initialized`. */
  readonly onInitialized?: (session: FakeSession) => void;
}

export class FakeLegacyServer {
  readonly options: FakeServerOptions;
  /** Every session that was ever opened, oldest first. */
  readonly sessions: FakeSession[] = [];
  /** Whether new sessions are refused. */
  down = false;

  constructor(options: FakeServerOptions = {}) {
    this.options = options;
  }

  /** Makes a transport to a session of its own. */
  readonly createTransport = (): LegacyTransport => {
    const session = new FakeSession(this);
    this.sessions.push(session);
    return session;
  };

  get open(): FakeSession[] {
    return this.sessions.filter((session) => session.state === 'open');
  }
}

/** A message of the server as its event store has it; its place there is its event id. */
interface Logged {
  readonly stream: string | undefined;
  readonly message: unknown;
}

/** A session of the server, and the transport of whoever opened it. */
export class FakeSession implements LegacyTransport {
  readonly tellsRequests: boolean;
  readonly handOver: HandOver | undefined;
  readonly #log: Logged[] = [];
  readonly #seen = new Map<string | undefined, number>();
  /** The session that this transport has taken over. */
  #adopted: FakeSession | undefined;
  #isLeft = false;
  /** Whether the event store has lost its events. */
  forgetful = false;
  /** Everything that the client sent, parsed. */
  readonly received: Record<string, unknown>[] = [];
  /** Methods of the requests that did not have to wait for the standalone stream. */
  readonly sentAtOnce: unknown[] = [];
  readonly #server: FakeLegacyServer;
  readonly #running = new Map<string, AbortController>();
  readonly #asked = new Map<string, (response: Record<string, unknown>) => void>();
  #events: TransportEvents | undefined;
  /** The transport of the replica that had the session before. */
  #former: TransportEvents | undefined;
  /** Who has resumed the stream of a request. */
  readonly #resumed = new Map<string, TransportEvents>();
  #lastAsked = 0;
  state: 'new' | 'open' | 'closed' | 'adopted' = 'new';
  standalone = false;
  versionUsed: string | undefined;
  /** The server has forgotten the session: the next message finds that out. */
  forgotten = false;

  constructor(server: FakeLegacyServer) {
    this.#server = server;
    this.tellsRequests = server.options.tellsRequests ?? true;
    this.handOver = server.options.resumable === true ? this.#handOver() : undefined;
  }

  #handOver(): HandOver {
    const own = () => this.#adopted ?? this;
    let adopter: TransportEvents | undefined;
    return {
      snapshot: () => ({ sessionId: String(this.#server.sessions.indexOf(own())), lastEventId: undefined }),
      adopt: (events, { sessionId }: HeldSession) => {
        this.#adopted = this.#server.sessions[Number(sessionId)];
        this.state = 'adopted';
        adopter = events;
        if (this.#adopted !== undefined) {
          this.#adopted.#former = this.#adopted.#events;
          this.#adopted.#events = events;
        }
      },
      lastEventId: (requestId) => own().#seen.get(requestId)?.toString(),
      resume: async ({ requestId, lastEventId }: ResumeOptions) => {
        const session = own();
        if (session.state !== 'open' || session.forgetful) throw new GatewardError('UPSTREAM_LOST');
        if (adopter !== undefined) session.#resumed.set(requestId, adopter);
        const missed = session.#log.slice(Number(lastEventId)).filter(({ stream }) => stream === requestId);
        setImmediate(() => {
          for (const { message, stream } of missed) session.#deliver(message, stream);
        });
      },
      leave: () => {
        this.#isLeft = true;
      },
    };
  }

  /** The replica that holds the session dies: what the server sends is kept, nobody gets it. */
  cut(): void {
    this.#resumed.clear();
    this.#events = undefined;
  }

  async start(events: TransportEvents): Promise<void> {
    if (this.#server.down) throw new GatewardError('UPSTREAM_UNAVAILABLE');
    this.#events = events;
    this.state = 'open';
  }

  async send(message: JsonText, options: SendOptions): Promise<void> {
    if (this.#adopted !== undefined) return this.#adopted.send(message, options);
    if (this.state !== 'open') throw new GatewardError('UPSTREAM_UNAVAILABLE');
    if (this.forgotten) {
      const error = new GatewardError('UPSTREAM_UNAVAILABLE');
      this.lose(error);
      throw error;
    }
    // As a real one would: read from bytes, on a later turn.
    const read = readMessage(JsonText.parse(Buffer.from(message.bytes)));
    this.received.push(JSON.parse(message.text));
    if (options.atOnce === true) this.sentAtOnce.push(message.get('method')?.string());
    options.signal?.addEventListener('abort', () => undefined);
    setImmediate(() => this.#take(read));
  }

  useVersion(version: string): void {
    this.versionUsed = version;
  }

  openStandalone(): void {
    this.standalone = true;
  }

  closeStandalone(): void {
    this.standalone = false;
  }

  async close(): Promise<void> {
    if (this.#isLeft) return;
    this.state = 'closed';
    if (this.#adopted !== undefined) this.#adopted.state = 'closed';
  }

  /** The session ends from the server's side. */
  lose(error = new GatewardError('UPSTREAM_LOST')): void {
    this.state = 'closed';
    this.#events?.onClosed(error);
  }

  /** The replica that had the session before finds that its own stream of a request is broken. */
  failFormer(requestId: string): void {
    this.#former?.onRequestFailed(requestId, new GatewardError('UPSTREAM_LOST'));
  }

  /** The requests that came for a method. */
  requests(method: string): Record<string, unknown>[] {
    return this.received.filter((message) => message['method'] === method);
  }

  /** Sends a message of the server's own. */
  push(message: unknown, requestId?: string): void {
    if (this.state !== 'open') return;
    this.#log.push({ stream: requestId, message });
    this.#deliver(message, requestId);
  }

  #deliver(message: unknown, stream: string | undefined): void {
    const events = this.#resumed.get(stream ?? '') ?? this.#events;
    if (events === undefined) return;
    this.#seen.set(stream, this.#log.length);
    void events.onMessage(JsonText.parse(Buffer.from(JSON.stringify(message))), stream);
  }

  ask(method: string, params?: unknown, requestId?: string): Promise<Record<string, unknown>> {
    const id = `srv-${++this.#lastAsked}`;
    this.push({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }, requestId);
    return new Promise((resolve) => this.#asked.set(JSON.stringify(id), resolve));
  }

  #take(message: Message): void {
    if (message.kind === 'request') void this.#answer(message);
    else if (message.kind === 'notification') this.#note(message);
    else if (message.kind === 'result') this.#asked.get(message.id)?.({ result: message.result.value() });
    else if (message.kind === 'error') this.#asked.get(message.id ?? '')?.({ error: message.error.value() });
  }

  #note({ method, params }: Extract<Message, { kind: 'notification' }>): void {
    if (method === 'notifications/initialized') this.#server.options.onInitialized?.(this);
    if (method === 'notifications/cancelled')
      this.#running.get(params?.get('requestId')?.text ?? '')?.abort();
  }

  async #answer({ id, method, params }: Extract<Message, { kind: 'request' }>): Promise<void> {
    const stream = this.tellsRequests ? id : undefined;
    const cancelled = new AbortController();
    this.#running.set(id, cancelled);
    const answer = await this.#run(method, {
      params: (params?.value() ?? {}) as Record<string, unknown>,
      session: this,
      cancelled: cancelled.signal,
      ask: (asked, with_, elsewhere) => this.ask(asked, with_, elsewhere === undefined ? stream : undefined),
      notify: (name, with_) => this.push({ jsonrpc: '2.0', method: name, params: with_ }, stream),
      progress: (progress) => {
        const progressToken = params?.at('_meta', 'progressToken')?.value();
        this.push(
          { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } },
          stream,
        );
      },
    });
    this.#running.delete(id);
    if (cancelled.signal.aborted || answer === NO_ANSWER) return;
    const body = answer instanceof RpcError ? { error: answer.error } : { result: answer };
    this.push({ jsonrpc: '2.0', id: JSON.parse(id), ...body }, stream);
  }

  async #run(method: string, turn: Turn): Promise<unknown> {
    const { methods, tools, capabilities, version } = this.#server.options;
    const own = methods?.[method];
    if (own !== undefined) return own(turn);
    if (method === 'initialize') {
      return {
        protocolVersion: version ?? '2025-11-25',
        capabilities: capabilities ?? { tools: {} },
        serverInfo: { name: 'fake', version: '1' },
      };
    }
    const tool = method === 'tools/call' ? tools?.[String(turn.params['name'])] : undefined;
    if (tool !== undefined) return tool(turn);
    return ['ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].includes(method)
      ? {}
      : new RpcError(-32601, 'Method not found');
  }
}

/** What a method gives that never answers. */
export const NO_ANSWER = Symbol('no answer');
