import type { Clock } from '../../lib/clock.ts';
import { SparseMap } from '../../lib/sparse-map.ts';

/** How long a cancelled call may still send something, in milliseconds. */
const GHOST_MS = 30_000;
const MAX_GHOSTS = 1000;

/** To which call a message of the server belongs; `several` if that cannot be told. */
export type Attribution<T> = T | 'none' | 'several';

/**
 * The calls in flight on one connection, and the rule that gives a message of the server to one of them: the call on
 * whose stream it came, otherwise the only one in flight. Never guessed.
 */
export class CallsInFlight<T extends { readonly id: string }> {
  readonly #calls = new SparseMap<string, T>();
  /** When calls were cancelled that the server may not have stopped yet. */
  readonly #ghosts = new SparseMap<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: T): void {
    this.#calls.set(call.id, call);
  }

  /** The call has its reply. */
  end(id: string): void {
    this.#calls.delete(id);
    this.#ghosts.delete(id);
  }

  /** The call was given up, but the server may send something for it yet. */
  cancel(id: string): void {
    if (this.#calls.delete(id) && this.#ghosts.size < MAX_GHOSTS) this.#ghosts.set(id, this.#clock.now());
  }

  /** The call with this id, such as the one that a progress token names. */
  get(id: string): T | undefined {
    return this.#calls.get(id);
  }

  /** The first call that fits. */
  find(fits: (call: T) => boolean): T | undefined {
    for (const call of this.#calls.values()) if (fits(call)) return call;
    return undefined;
  }

  /** `streamId` is the raw id of the request on whose stream the message came. */
  attribute(streamId: string | undefined): Attribution<T> {
    if (streamId !== undefined) return this.#calls.get(streamId) ?? 'none';
    this.#forgetGhosts();
    if (this.#calls.size === 0) return 'none';
    const [only] = this.#calls.size === 1 && this.#ghosts.size === 0 ? this.#calls.values() : [];
    return only ?? 'several';
  }

  #forgetGhosts(): void {
    const oldest = this.#clock.now() - GHOST_MS;
    for (const id of this.#ghosts.keys()) if ((this.#ghosts.get(id) ?? 0) <= oldest) this.#ghosts.delete(id);
  }
}
