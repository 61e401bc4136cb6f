import { GatewardError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';

/** A process that lived so long, in milliseconds, did not fail at its start. */
const STABLE_MS = 10_000;
/** Milliseconds that a call waits for a restart; it is told at once about a longer time. */
const MAX_WAIT_MS = 1_000;
const BACKOFF = { firstMs: 500, maxMs: 30_000 };

/** Spaces out the starts of a program that keeps failing. */
export class RestartGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #notBefore = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Resolves when the program may be started. Throws UPSTREAM_UNAVAILABLE if that is not soon. */
  async admit(): Promise<void> {
    const waitMs = this.#notBefore - this.#clock.now();
    if (waitMs <= 0) return;
    if (waitMs > MAX_WAIT_MS) {
      throw new GatewardError('UPSTREAM_UNAVAILABLE', {
        detail: 'Its process keeps ending; it is started again later.',
        retryAfterSeconds: Math.ceil(waitMs / 1_000),
      });
    }
    await pause(this.#clock, waitMs);
  }

  /** A process could not be started, or ended by itself after so many milliseconds. */
  failed(livedMs = 0): void {
    this.#failures = livedMs >= STABLE_MS ? 1 : this.#failures + 1;
    this.#notBefore = this.#clock.now() + backoffMs(this.#failures, { ...BACKOFF, random: this.#random });
  }
}
