import { Slots, type Slotted } from '../lib/slots.ts';

/** Something with a deadline that may be late by one interval. */
export interface Timed extends Slotted {
  /** Called every interval while it is added. It may delete itself. */
  tick(nowMs: number): void;
}

/** How often to tick, and by which clock. */
export interface TickerOptions {
  readonly intervalMs?: number;
  readonly clock?: () => number;
}

/**
 * One coarse timer for all requests: deadlines of seconds need no timer of their own. Ticks are on the clock that was
 * handed in.
 */
export class Ticker {
  readonly #timed = new Slots<Timed>();
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;

  /** `clock` gives milliseconds and never goes back. */
  constructor({ intervalMs = 500, clock = () => performance.now() }: TickerOptions = {}) {
    this.#clock = clock;
    this.#timer = setInterval(() => this.#tick(), intervalMs).unref();
  }

  /** Milliseconds on the clock. */
  now(): number {
    return this.#clock();
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  /** Ends the timer; nothing ticks any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timed.clear();
  }

  #tick(): void {
    const now = this.#clock();
    for (const timed of this.#timed) timed.tick(now);
  }
}
