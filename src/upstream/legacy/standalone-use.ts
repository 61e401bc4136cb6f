import type { Clock } from '../../lib/clock.ts';
import type { LegacyTransport } from './legacy-transport.ts';

/** Milliseconds that the stream stays open after its last use. */
const QUIET_MS = 10_000;

/**
 * Keeps the standalone stream of a session open while something needs it: a call in which the server may ask back, or
 * a listen. A client that left its session behind costs no socket upstream.
 */
export class StandaloneUse {
  readonly #transport: Pick<LegacyTransport, 'openStandalone' | 'closeStandalone'>;
  readonly #clock: Clock;
  #users = 0;
  #ended = false;
  #callOffClose: () => void = () => undefined;

  constructor(transport: Pick<LegacyTransport, 'openStandalone' | 'closeStandalone'>, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Opens the stream where it is not open, and keeps it so until the function that comes back is called. */
  hold(): () => void {
    this.#users++;
    this.#callOffClose();
    this.#transport.openStandalone();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#users--;
      if (this.#users > 0 || this.#ended) return;
      this.#callOffClose = this.#clock.after(QUIET_MS, () => this.#transport.closeStandalone());
    };
  }

  /** The session is over: nothing is closed any more. */
  end(): void {
    this.#ended = true;
    this.#callOffClose();
  }
}
