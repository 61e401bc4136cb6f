import type { Clock } from '../../src/lib/clock.ts';

/** The machine's time, which a test lets jump ahead. */
export class JumpingClock implements Clock {
  readonly now = (): number => Date.now() + this.#aheadMs;
  #aheadMs = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  after(delayMs: number, run: () => void): () => void {
    const fire = (): void => {
      clearTimeout(waiting);
      this.#timers.delete(timer);
      run();
    };
    const timer = { at: this.now() + delayMs, run: fire };
    const waiting = setTimeout(fire, delayMs).unref();
    this.#timers.add(timer);
    return () => {
      clearTimeout(waiting);
      this.#timers.delete(timer);
    };
  }

  /** Lets so many milliseconds pass at once. What falls due by then runs now. */
  jump(byMs: number): void {
    this.#aheadMs += byMs;
    const due = [...this.#timers].filter(({ at }) => at <= this.now()).sort((a, b) => a.at - b.at);
    for (const { run } of due) run();
  }
}
