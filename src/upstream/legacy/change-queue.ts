import type { JsonText } from '../../lib/json-text.ts';

const MAX_CHANGES = 1000;

/**
 * Changes on their way to one listen. One that says the same as one that still waits adds nothing, so a slow reader
 * costs little memory and misses nothing.
 */
export class ChangeQueue {
  readonly #send: (change: JsonText) => Promise<void> | undefined;
  readonly #waiting = new Map<string, JsonText>();
  #open = false;
  #busy = false;

  constructor(send: (change: JsonText) => Promise<void> | undefined) {
    this.#send = send;
  }

  /** Sends what waits, and from now on everything. */
  open(): void {
    this.#open = true;
    this.#pump();
  }

  /** Adds a change; `key` is the same for changes that say the same. */
  push(key: string, change: JsonText): void {
    if (this.#waiting.size < MAX_CHANGES) this.#waiting.set(key, change);
    this.#pump();
  }

  #pump(): void {
    while (this.#open && !this.#busy) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next[0]);
      const wait = this.#send(next[1]);
      if (wait !== undefined) this.#wait(wait);
    }
  }

  #wait(sent: Promise<void>): void {
    this.#busy = true;
    const goOn = () => {
      this.#busy = false;
      this.#pump();
    };
    sent.then(goOn, goOn);
  }
}
