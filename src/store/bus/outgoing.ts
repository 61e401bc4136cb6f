import type { Wakeup } from './topics.ts';

/** Wake-ups that wait at most; above it the newest are lost. */
const MAX_WAITING = 20_000;

/**
 * What waits to leave the process: what is published in one turn of the event loop, or while something is under way,
 * leaves together.
 */
export class Outgoing {
  readonly #send: (wakeups: readonly Wakeup[]) => Promise<void> | void;
  #waiting: Wakeup[] = [];
  #sending: Promise<void> | undefined;

  /** `send` never rejects. */
  constructor(send: (wakeups: readonly Wakeup[]) => Promise<void> | void) {
    this.#send = send;
  }

  /** Takes what a bus may carry. What is too much is lost. */
  add(wakeup: Wakeup): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(wakeup);
    this.#sending ??= this.#sendAll();
  }

  /** Resolves once nothing waits any more. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0));
    this.#sending = undefined;
  }
}
