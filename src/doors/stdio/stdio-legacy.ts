/** The legacy side of the stdio door: one session at the server, opened again when it is lost. */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { type Message, readMessage } from '../../wire/message.ts';
import { LegacyMemory } from '../legacy/legacy-memory.ts';
import { type OpenedSession, openSession } from './relay-session.ts';
import { StdioBatches } from './stdio-batches.ts';
import { errorMessage, reasonOf } from './stdio-failure.ts';
import type { ModernRelayParts } from './stdio-modern.ts';
import { PATIENCE_MS, RETRY } from './stdio-relay.ts';

type Request = Extract<Message, { kind: 'request' }>;

/** A request of the client that waits for its answer. */
interface Waiting {
  readonly abort: AbortController;
  /** Whether the server has taken it, so that it may have run. */
  isDelivered: boolean;
}

/** Relays the messages of a legacy client. */
export class LegacyRelay {
  readonly #parts: ModernRelayParts;
  readonly #closed = new AbortController();
  /** By raw id. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #memory = new LegacyMemory();
  readonly #batches = new StdioBatches();
  #session: OpenedSession | undefined;
  #opening: Promise<OpenedSession> | undefined;

  constructor(parts: ModernRelayParts) {
    this.#parts = parts;
  }

  /** Requests in flight. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Relays one message. Never rejects. */
  async take(message: Message, json: JsonText): Promise<void> {
    if (message.kind === 'request') await this.#takeRequest(message, json);
    else if (message.kind === 'notification') await this.#takeNotification(message.method, json);
    else if (message.kind !== 'invalid') await this.#sendQuietly(json);
  }

  /** Relays an array of messages, which only revision 2025-03-26 has (basic §Batching). Never rejects. */
  async takeBatch(items: readonly JsonText[]): Promise<void> {
    const messages = items.map((json) => ({ json, message: readMessage(json) }));
    const refusal = this.#batches.refusal(
      this.#memory.version,
      messages.map(({ message }) => message),
    );
    if (refusal !== undefined) {
      await this.#write(errorMessage(undefined, refusal));
      return;
    }
    this.#batches.start(messages.flatMap(({ message }) => (message.kind === 'request' ? [message.id] : [])));
    await Promise.all(messages.map(({ message, json }) => this.take(message, json)));
  }

  /** Ends the session politely. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const { abort } of this.#waiting.values()) abort.abort();
    this.#waiting.clear();
    await this.#session?.transport.close();
  }

  async #takeRequest(request: Request, json: JsonText): Promise<void> {
    const { id, method } = request;
    if (this.#waiting.has(id)) {
      const detail = 'A request with this id is in flight.';
      await this.#write(errorMessage(id, new GatewardError('INVALID_REQUEST', { detail })));
      return;
    }
    const waiting: Waiting = { abort: new AbortController(), isDelivered: false };
    this.#waiting.set(id, waiting);
    try {
      if (method === 'initialize') await this.#initialize(request, json);
      else {
        this.#memory.noteRequest(request);
        await this.#patiently(() => this.#send(id, waiting, json));
      }
    } catch (thrown) {
      await this.#fail(id, thrown);
    }
  }

  /** What finds its session gone has not run, so it may be sent again in a new one. */
  async #send(id: string, waiting: Waiting, json: JsonText): Promise<void> {
    const { transport } = await this.#connected();
    if (this.#waiting.get(id) !== waiting) return;
    await transport.send(json, { requestId: id, signal: waiting.abort.signal });
    waiting.isDelivered = true;
  }

  /** The client's own `initialize` opens the session, and a later one a new session. */
  async #initialize(request: Request, json: JsonText): Promise<void> {
    await this.#forget(request.id);
    this.#memory.begin(request.params);
    const answer = await this.#connect(json, request.id);
    if (this.#waiting.delete(request.id)) await this.#write(answer);
  }

  /** Ends the session of an earlier `initialize`, and whatever still waits in it. */
  async #forget(exceptId: string): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    const lost = new GatewardError('UPSTREAM_LOST', { detail: 'The session was opened anew.' });
    const ids = [...this.#waiting.keys()].filter((id) => id !== exceptId);
    await Promise.all(ids.map((id) => this.#fail(id, lost)));
    await session?.transport.close();
  }

  async #takeNotification(method: string, json: JsonText): Promise<void> {
    const cancelled = method === 'notifications/cancelled' ? json.at('params', 'requestId')?.text : undefined;
    const waiting = cancelled === undefined ? undefined : this.#waiting.get(cancelled);
    // No answer follows a cancellation, so none is waited for.
    if (cancelled !== undefined && this.#waiting.delete(cancelled)) this.#drop(cancelled);
    const isInitialized = method === 'notifications/initialized';
    if (isInitialized) this.#memory.isInitialized = true;
    await this.#sendQuietly(json);
    waiting?.abort.abort();
    if (isInitialized) this.#session?.transport.openStandalone();
  }

  /** Sends what has no answer. What cannot be delivered is told on standard error. */
  async #sendQuietly(json: JsonText): Promise<void> {
    try {
      const { transport } = await this.#connected();
      await transport.send(json, { requestId: undefined, signal: undefined });
    } catch (thrown) {
      if (!this.#closed.signal.aborted) this.#parts.tell(`not delivered: ${reasonOf(thrown)}`);
    }
  }

  /** The session; opened again in the client's name if it was lost. Throws when that is not possible for long. */
  async #connected(): Promise<OpenedSession> {
    if (this.#session !== undefined) return this.#session;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(): Promise<OpenedSession> {
    const { introduction } = this.#memory;
    if (introduction === undefined) return this.#patiently(() => this.#open());
    const answer = await this.#connect(introduction, introduction.get('id')?.text ?? '');
    const session = this.#session;
    const result = answer.get('result');
    if (session === undefined || result === undefined) {
      throw new GatewardError('UPSTREAM_INVALID', { detail: 'It refuses to open the session again.' });
    }
    await this.#memory.restore(session, result, (message) => this.#write(message));
    return session;
  }

  /** Opens a session and sends `initialize`; gives its answer. */
  #connect(initialize: JsonText, id: string): Promise<JsonText> {
    return this.#patiently(async () => {
      const session = await this.#open();
      try {
        const answer = await session.ask(initialize, id);
        const version = answer.at('result', 'protocolVersion')?.string();
        if (version === undefined) this.#session = undefined;
        else {
          session.transport.useVersion(version);
          this.#memory.version = version;
        }
        return answer;
      } catch (thrown) {
        if (this.#session === session) this.#session = undefined;
        throw thrown;
      }
    });
  }

  async #open(): Promise<OpenedSession> {
    const session = await openSession(this.#parts.target.openSession(), {
      onMessage: (message, requestId) => this.#hear(message, requestId),
      onFailed: (requestId, error) => void this.#fail(requestId, error),
      onLost: (error) => this.#lose(session, error),
    });
    if (this.#closed.signal.aborted) await session.transport.close();
    this.#session = session;
    return session;
  }

  /** Tries for as long as a server may take to start, if what failed has not reached it. */
  async #patiently<T>(run: () => Promise<T>): Promise<T> {
    const { clock, random, tell } = this.#parts;
    const startedAtMs = clock.now();
    for (let failures = 1; ; failures++) {
      try {
        return await run();
      } catch (thrown) {
        const error = toGatewardError(thrown);
        const isOver = this.#closed.signal.aborted || clock.now() - startedAtMs >= PATIENCE_MS;
        if (isOver || error.code !== 'UPSTREAM_UNAVAILABLE') throw error;
        tell(`trying again: ${reasonOf(error)}`);
        await wait(clock, backoffMs(failures, { ...RETRY, random }), this.#closed.signal);
      }
    }
  }

  #lose(session: OpenedSession, error: GatewardError): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    void session.transport.close();
    for (const [id, { isDelivered }] of [...this.#waiting]) if (isDelivered) void this.#fail(id, error);
    if (!this.#closed.signal.aborted) void this.#keepTrying();
  }

  /** The client may be waiting for changes only, so the session is opened again though nobody asks for it. */
  async #keepTrying(): Promise<void> {
    const { clock, random } = this.#parts;
    for (let failures = 1; this.#session === undefined && !this.#closed.signal.aborted; failures++) {
      await wait(clock, backoffMs(failures, { ...RETRY, random }), this.#closed.signal);
      if (this.#closed.signal.aborted) return;
      await this.#connected().catch(() => undefined);
    }
  }

  #hear(message: JsonText, requestId: string | undefined): Promise<void> | undefined {
    if (requestId === undefined || message.get('method') !== undefined) return this.#parts.write(message);
    if (!this.#waiting.delete(requestId)) return undefined;
    const id = JsonText.written(requestId);
    return this.#write(message.get('id')?.text === requestId ? message : message.with({ id }));
  }

  async #fail(id: string, thrown: unknown): Promise<void> {
    if (this.#waiting.delete(id)) await this.#write(errorMessage(id, thrown));
  }

  #drop(id: string): void {
    const rest = this.#batches.drop(id);
    if (rest !== undefined) void this.#parts.write(rest);
  }

  #write(message: JsonText): Promise<void> | undefined {
    const ready = this.#batches.take(message);
    return ready === undefined ? undefined : this.#parts.write(ready);
  }
}
