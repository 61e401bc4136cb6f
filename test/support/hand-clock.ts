/** A clock that a test moves by hand. */
import type { Clock } from '../../src/lib/clock.ts';

export class HandClock implements Clock {
  #now: number;
  readonly #alarms = new Set<{ readonly at: number; readonly run: () => void }>();

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const alarm = { at: this.#now + delayMs, run };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves on and rings what is due, in order; then lets promises settle. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#alarms].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** Alarms that wait. */
  get waiting(): number {
    return this.#alarms.size;
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
