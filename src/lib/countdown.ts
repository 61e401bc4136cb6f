import type { Clock } from './clock.ts';

/** One thing at a time that happens after a while, unless it is called off. */
export class Countdown {
  readonly #clock: Clock;
  #callOff: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs after a time, in place of what was waited for before. */
  start(delayMs: number, run: () => void): void {
    this.#callOff();
    this.#callOff = this.#clock.after(delayMs, run);
  }

  stop(): void {
    this.#callOff();
  }
}
