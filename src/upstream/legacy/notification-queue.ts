/** Takes one notification; a promise asks for the next one to wait. */
export type NotificationSink<T> = (notification: T) => Promise<void> | undefined;

const MAX_ITEMS = 1000;
const MAX_BYTES = 1_048_576;
/** From here on the sender is asked to wait. */
const HIGH_ITEMS = 64;
const HIGH_BYTES = 262_144;

/**
 * The notifications of one call on their way to its client, in order. While nobody takes them (the call is parked) or
 * the client reads slowly they wait here; above the bound the oldest are dropped, for a notification promises nothing.
 */
export class NotificationQueue<T> {
  readonly #sizeOf: (notification: T) => number;
  #sink: NotificationSink<T> | undefined;
  #items: T[] = [];
  #bytes = 0;
  #busy = false;
  #idle: (() => void)[] = [];

  /** `sizeOf` gives the bytes that one holds. */
  constructor(sizeOf: (notification: T) => number) {
    this.#sizeOf = sizeOf;
  }

  /** Sends what waits, and from now on everything, to the sink. */
  attach(sink: NotificationSink<T>): void {
    this.#sink = sink;
    this.#pump();
  }

  /** Keeps what comes until somebody takes it again. */
  detach(): void {
    this.#sink = undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#sink = undefined;
    this.#settle();
  }

  /** Adds one; the promise, if any, resolves once there is room for more. */
  push(notification: T): Promise<void> | undefined {
    this.#items.push(notification);
    this.#bytes += this.#sizeOf(notification);
    this.#pump();
    while (this.#items.length > MAX_ITEMS || this.#bytes > MAX_BYTES) this.#shift();
    const full = this.#items.length > HIGH_ITEMS || this.#bytes > HIGH_BYTES;
    return full && this.#sink !== undefined ? this.drained() : undefined;
  }

  /** Resolves once everything was taken; at once while nobody takes anything. */
  drained(): Promise<void> | undefined {
    if (this.#sink === undefined || (!this.#busy && this.#items.length === 0)) return undefined;
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #shift(): T | undefined {
    const first = this.#items.shift();
    if (first !== undefined) this.#bytes -= this.#sizeOf(first);
    return first;
  }

  #pump(): void {
    while (!this.#busy && this.#sink !== undefined && this.#items.length > 0) {
      const item = this.#shift();
      const wait = item === undefined ? undefined : this.#sink(item);
      if (wait !== undefined) this.#wait(wait);
    }
    if (!this.#busy) this.#settle();
  }

  #wait(taken: Promise<void>): void {
    this.#busy = true;
    const goOn = () => {
      this.#busy = false;
      this.#pump();
    };
    taken.then(goOn, goOn);
  }

  #settle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
