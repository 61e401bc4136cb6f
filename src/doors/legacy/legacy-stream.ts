import { StreamKeeper, type StreamKeeperOptions } from '../../session/stream-keeper.ts';
import type { StreamKey } from '../../store/store.ts';
import { messageFields, writeEventId } from './event-id.ts';
import type { SseConnection } from './sse-connection.ts';

/** Milliseconds after which a client that was hung up may come back. */
export const RETRY_MS = 1000;
/** The same where another replica is ready to go on. */
const LEAVE_MS = 100;
const NOTHING = Buffer.alloc(0);

/** What a stream is made of. */
export interface LegacyStreamOptions extends StreamKeeperOptions {
  /**
   * The client's revision knows empty events with an id, from which it can come back before anything was said, and
   * after it was hung up.
   */
  readonly primes: boolean;
  /** Runs for who follows at another replica: events were kept, or the client has moved here. */
  readonly onFollowed: (moved: boolean) => void;
  /** Runs once, when nothing is held of the stream any more. */
  readonly onEnd: () => void;
}

interface Attached {
  readonly connection: SseConnection;
  /** Number of the event up to which everything was sent on it. */
  sent: number;
}

/**
 * The event stream that answers one POST. It outlives its connection: each event is kept before it is sent, and a
 * client that comes back with `Last-Event-ID`, here or elsewhere, gets what it missed (2025-11-25 basic/transports
 * §Resumability).
 */
export class LegacyStream {
  readonly key: StreamKey;
  readonly #options: LegacyStreamOptions;
  readonly #keeper: StreamKeeper;
  #attached: Attached | undefined;
  #finished = false;
  #isFollowed = false;
  #hasEnded = false;

  constructor(options: LegacyStreamOptions) {
    this.key = options.key;
    this.#options = options;
    this.#keeper = new StreamKeeper({ ...options, onFenced: () => this.#onFenced() });
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** True once the stream is another replica's, or its session has ended: nothing reaches the client this way. */
  get fenced(): boolean {
    return this.#keeper.isFenced;
  }

  /** Begins on its first connection. */
  begin(connection: SseConnection): void {
    this.#connect({ connection, sent: 0 });
    if (this.#options.primes) this.#keeper.act(() => this.#pause(RETRY_MS));
  }

  /** Sends a message, or keeps it for the client's return. A promise asks to wait before the next one. */
  send(data: Buffer): Promise<void> | undefined {
    return this.#send(data, false);
  }

  /** Sends a question: it leaves once the work says that it was asked. */
  ask(data: Buffer): Promise<void> | undefined {
    return this.#send(data, true);
  }

  /** Keeps the work. False if the stream is not this replica's any more; then nothing may be done. */
  save(): Promise<boolean> {
    return this.#keeper.save();
  }

  /** Finds out whether the stream still is this replica's. */
  check(): void {
    void this.#keeper.save();
  }

  /** Says that nothing follows, and closes the connection. Resolves when the store knows it, or never will. */
  finish(): Promise<void> {
    if (this.#finished) return Promise.resolve();
    this.#finished = true;
    this.#keeper.act(() => this.#attached?.connection.end());
    return this.#keeper.finish().then(() => {
      this.#attached?.connection.end();
      if (this.#isFollowed) this.#options.onFollowed(false);
      this.#end();
    });
  }

  /** Gives the stream up, so that another replica can claim it: the client is to come back there. */
  async leave(): Promise<void> {
    if (this.#options.primes) this.#keeper.act(() => this.#pause(LEAVE_MS));
    await this.#keeper.leave();
  }

  /** Closes the connection but not the stream: the client is to come back after `retryMs`, if its revision can. */
  hangUp(retryMs: number): void {
    if (!this.#options.primes) return;
    this.#keeper.act(() => {
      // Without an id it could not come back.
      if (!this.#keeper.isOpen) return;
      this.#pause(retryMs);
      this.#attached?.connection.end();
    });
  }

  /**
   * Goes on over another connection, on which everything up to event `number` was sent. False if more was sent
   * meanwhile: send that first.
   */
  attach(connection: SseConnection, number: number): boolean {
    if (number < this.#keeper.last) return false;
    const before = this.#attached;
    this.#connect({ connection, sent: number });
    before?.connection.end();
    if (this.#isFollowed) this.#options.onFollowed(true);
    this.#isFollowed = false;
    if (this.#finished) this.#keeper.act(() => connection.end());
    return true;
  }

  /** Somebody follows at another replica, where the client came back: its connection here is of no use any more. */
  follow(): void {
    this.#isFollowed = true;
    const before = this.#attached;
    this.#attached = undefined;
    before?.connection.end();
  }

  #connect(attached: Attached): void {
    this.#attached = attached;
    attached.connection.onClose = () => {
      if (this.#attached === attached) this.#attached = undefined;
    };
  }

  #send(data: Buffer, patient: boolean): Promise<void> | undefined {
    if (this.#finished) return undefined;
    let drained: Promise<void> | undefined;
    const kept = (number: number | undefined): void => {
      drained = this.#deliver(data, number);
      if (this.#isFollowed) this.#options.onFollowed(false);
    };
    return this.#keeper.add({ data, patient, kept }).then(() => drained);
  }

  /** An event that could not be kept leaves without an id: nothing can be resumed after it. */
  #deliver(data: Buffer, number: number | undefined): Promise<void> | undefined {
    const attached = this.#attached;
    if (attached === undefined) return undefined;
    if (number === undefined) return attached.connection.send(data, { event: 'message' });
    // Who came back may have read it in the store already.
    if (number <= attached.sent) return undefined;
    attached.sent = number;
    return attached.connection.send(data, messageFields({ stream: this.key.stream, number }));
  }

  /** Sends an event without data: where the client stands, and when to come back. */
  #pause(retryMs: number): void {
    if (!this.#keeper.isOpen) return;
    const id = writeEventId({ stream: this.key.stream, number: this.#keeper.last });
    void this.#attached?.connection.send(NOTHING, { id, retryMs });
  }

  #onFenced(): void {
    const attached = this.#attached;
    this.#attached = undefined;
    attached?.connection.end();
    this.#options.onFenced();
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd();
  }
}
