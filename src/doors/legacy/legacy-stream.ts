import type { EventLog, LoggedEvent, StreamRef } from '../../session/event-log.ts';
import { messageFields, nameStream, writeEventId } from './event-id.ts';
import type { SseConnection } from './sse-connection.ts';

/** Milliseconds after which a client that was hung up may come back. */
export const RETRY_MS = 1000;
const NOTHING = Buffer.alloc(0);

/**
 * The event stream that answers one POST. It outlives its connection: each event is kept before it is sent, and a
 * client that comes back with `Last-Event-ID` gets what it missed (2025-11-25 basic/transports §Resumability).
 */
export class LegacyStream {
  readonly ref: StreamRef;
  readonly #log: EventLog;
  #connection: SseConnection | undefined;
  #number = 0;
  #finished = false;
  /** What must be done before the next event may be kept; undefined while the log asks for no wait. */
  #before: Promise<void> | undefined;

  /** `prime` sends an empty event with an id first, so that the client can come back before anything was said. */
  constructor(
    session: string,
    log: EventLog,
    first: { readonly connection: SseConnection; readonly prime: boolean },
  ) {
    this.ref = { session, stream: nameStream('call') };
    this.#log = log;
    this.#connection = first.connection;
    first.connection.onClose = () => this.#detach(first.connection);
    const prime = (): void => {
      if (first.prime) this.#pause(RETRY_MS);
    };
    void this.#inOrder(() => log.open(this.ref), prime);
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Sends a message, or keeps it for the client's return. A promise asks to wait before the next one. */
  send(data: Buffer): Promise<void> | undefined {
    if (this.#finished) return undefined;
    const event: LoggedEvent = { number: ++this.#number, data };
    return this.#inOrder(
      () => this.#log.append(this.ref, event),
      () => this.#connection?.send(data, messageFields({ stream: this.ref.stream, number: event.number })),
    );
  }

  /** Says that nothing follows, and closes the connection. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    void this.#inOrder(
      () => this.#log.finish(this.ref),
      () => this.#connection?.end(),
    );
  }

  /** Closes the connection but not the stream: the client is to come back after `retryMs`. */
  hangUp(retryMs: number): void {
    void this.#inOrder(
      () => undefined,
      () => {
        this.#pause(retryMs);
        this.#connection?.end();
      },
    );
  }

  /**
   * Goes on over another connection, on which everything up to event `number` was sent. False if more was sent
   * meanwhile: send that first.
   */
  attach(connection: SseConnection, number: number): boolean {
    if (number !== this.#number) return false;
    const before = this.#connection;
    this.#connection = connection;
    connection.onClose = () => this.#detach(connection);
    before?.end();
    if (this.#finished) connection.end();
    return true;
  }

  /** Sends an event without data: where the client stands, and when to come back. */
  #pause(retryMs: number): void {
    const id = writeEventId({ stream: this.ref.stream, number: this.#number });
    void this.#connection?.send(NOTHING, { id, retryMs });
  }

  #detach(connection: SseConnection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** Does one thing after the other, at once as long as the log asks for no wait. */
  #inOrder(
    keep: () => Promise<void> | undefined,
    send: () => Promise<void> | undefined | void,
  ): Promise<void> | undefined {
    const before = this.#before;
    const kept = before === undefined ? keep() : before.then(keep);
    if (kept === undefined) return send() ?? undefined;
    // A log that fails costs the resumption, not the stream.
    const done = kept.then(send, send).then(() => undefined);
    this.#before = done;
    void done.then(() => {
      if (this.#before === done) this.#before = undefined;
    });
    return done;
  }
}
