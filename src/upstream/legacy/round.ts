import type { Call, Outcome } from '../../call.ts';
import type { RoundEnd } from './parked-image.ts';

/** One stretch of a call between two messages of the client: it ends in the outcome of one request of the client. */
export class Round {
  readonly number: number;
  /** Of the answers that began it. */
  readonly digest: string;
  readonly #outcome = Promise.withResolvers<Outcome>();
  /** The client requests that wait for it, newest last. */
  readonly #riders: Call[] = [];
  #settled = false;

  constructor(number: number, digest: string) {
    this.number = number;
    this.digest = digest;
    this.#outcome.promise.catch(() => undefined);
  }

  get settled(): boolean {
    return this.#settled;
  }

  /**
   * A request of the client waits for the outcome. If it gives up before, `onLeave` is told who still waits: the newest
   * one, if any.
   */
  ride(call: Call, onLeave: (left: Call | undefined) => void): Promise<Outcome> {
    const outcome = this.#outcome.promise;
    if (this.#settled) return outcome;
    this.#riders.push(call);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(call.signal.reason);
        this.#riders.splice(this.#riders.indexOf(call), 1);
        if (!this.#settled) onLeave(this.#riders.at(-1));
      };
      outcome.then(resolve, reject).finally(() => call.signal.removeEventListener('abort', onAbort));
      if (call.signal.aborted) onAbort();
      else call.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  settle(outcome: Outcome): void {
    this.#settled = true;
    this.#outcome.resolve(outcome);
  }

  end(end: RoundEnd): void {
    if ('thrown' in end) this.fail(end.thrown);
    else this.settle(end.outcome);
  }

  /** Does nothing to one that has its outcome. */
  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#outcome.reject(error);
  }
}

/** A retry is to look for the call again: another replica has taken it over. Never leaves this folder. */
export const MOVED = Symbol('moved');
/** In place of a number: the round that goes on, or the last one. */
export const NEWEST = -1;

/** Rounds that a repeated retry can attach to. */
const KEPT_ROUNDS = 4;

/** The rounds of one call. */
export class Rounds {
  readonly #kept = new Map<number, Round>();
  #newest: Round;

  /** `first` is the round that goes on, for a call that another replica made. */
  constructor(first?: { readonly round: number; readonly digest: string }) {
    this.#newest = new Round(first?.round ?? 0, first?.digest ?? '');
    if (first !== undefined) this.#kept.set(first.round, this.#newest);
  }

  get newest(): Round {
    return this.#newest;
  }

  /** Whether the client was asked anything, and so has a state to come back with. */
  get haveAsked(): boolean {
    return this.#newest.number > 0 || this.#newest.settled;
  }

  /** The round that answers to another began; undefined if none did, or too long ago. */
  after(number: number): Round | undefined {
    return this.#kept.get(number + 1);
  }

  /** Answers begin the next round. Gives back what makes them undone. */
  begin(digest: string): () => void {
    const before = this.#newest;
    const next = new Round(before.number + 1, digest);
    this.#newest = next;
    this.#kept.set(next.number, next);
    this.#kept.delete(next.number - KEPT_ROUNDS);
    return () => {
      this.#kept.delete(next.number);
      this.#newest = before;
    };
  }
}
