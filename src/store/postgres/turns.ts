/** Who waits for a turn. */
interface Waiting {
  readonly resolve: (got: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/** A bound on what is done at a time. The rest waits in its order, urgent things first. */
export class Turns {
  #free: number;
  readonly #maxWaiting: number;
  readonly #urgent: Waiting[] = [];
  readonly #others: Waiting[] = [];

  constructor({ atATime, maxWaiting }: { readonly atATime: number; readonly maxWaiting: number }) {
    this.#free = atATime;
    this.#maxWaiting = maxWaiting;
  }

  /** True once it is one's turn, which `end` ends; false if it does not come in time, or too many wait. */
  take(withinMs: number, isUrgent: boolean): Promise<boolean> | boolean {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const queue = isUrgent ? this.#urgent : this.#others;
    if (withinMs <= 0 || queue.length >= this.#maxWaiting) return false;
    return new Promise((resolve) => {
      const waiting: Waiting = { resolve, timer: setTimeout(() => this.#giveUp(queue, waiting), withinMs) };
      queue.push(waiting);
    });
  }

  /** Ends one turn, and begins that of the next who waits. */
  end(): void {
    const next = this.#urgent.shift() ?? this.#others.shift();
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    clearTimeout(next.timer);
    next.resolve(true);
  }

  #giveUp(queue: Waiting[], waiting: Waiting): void {
    const at = queue.indexOf(waiting);
    if (at >= 0) queue.splice(at, 1);
    waiting.resolve(false);
  }
}
