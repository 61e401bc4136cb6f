import type { Interest } from './interest.ts';
import { KeptListen } from './kept-listen.ts';
import type { ChangeEvent, ListenFilter } from './listen-filter.ts';

/** What the interest of one legacy session works with. */
export interface SessionInterestParts {
  readonly interest: Interest;
  /** Takes part in what everybody hears, until the function that comes back is called. */
  readonly share: () => () => void;
  /** Takes every change that the session's own upstream session tells of. */
  readonly onOwnChange: (event: ChangeEvent) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A session that called nothing for this long hears what everybody hears. */
const IDLE_MS = 600_000;

/**
 * One legacy client's interest in the changes of an upstream at which its session may have a session of its own. Until
 * it calls something there it has none, and hears what everybody hears: most clients that are connected are idle, and
 * an upstream session and a stream for each would cost more than all the rest of them. Once it calls, it hears its own.
 */
export class SessionInterest {
  readonly #parts: SessionInterestParts;
  #own: KeptListen | undefined;
  #leaveShared: (() => void) | undefined;
  #calledAt = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(parts: SessionInterestParts) {
    this.#parts = parts;
    this.#leaveShared = parts.share();
  }

  get interest(): Interest {
    return this.#parts.interest;
  }

  /** Whether it hears what everybody hears. */
  get isShared(): boolean {
    return this.#leaveShared !== undefined;
  }

  /** The session calls the upstream. */
  heed(): void {
    this.#calledAt = this.#parts.now();
    if (this.#own !== undefined || this.#ended) return;
    const { interest, onOwnChange } = this.#parts;
    const own = new KeptListen({
      ...interest,
      wanted: () => interest.filter,
      onChange: (event) => {
        onOwnChange(event);
        interest.onChange(event);
      },
      onReopened: () => undefined,
    });
    this.#own = own;
    void own.widen(interest.filter).then((promised) => this.#opened(own, promised));
  }

  /** Lets go of the own session of who is idle. */
  sweep(): void {
    if (this.#own === undefined || this.#parts.now() - this.#calledAt < IDLE_MS) return;
    this.#leaveShared ??= this.#parts.share();
    this.#own.close();
    this.#own = undefined;
  }

  end(): void {
    this.#ended = true;
    this.#own?.close();
    this.#own = undefined;
    this.#leaveShared?.();
    this.#leaveShared = undefined;
  }

  /** What the own session tells need not be heard from others; where it tells nothing, that is all there is. */
  #opened(own: KeptListen, { resourceSubscriptions: _, ...lists }: ListenFilter): void {
    if (this.#own !== own || !Object.values(lists).includes(true)) return;
    this.#leaveShared?.();
    this.#leaveShared = undefined;
  }
}
