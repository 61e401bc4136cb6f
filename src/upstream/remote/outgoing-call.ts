import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { readFailure, readOutcome } from './outcome-letter.ts';
import type { RemoteCall } from './replicas.ts';

/** Bytes of notifications that the other replica sends ahead of what was taken here. */
export const WINDOW_BYTES = 256 * 1024;
/** The same in messages. */
export const WINDOW_MESSAGES = 64;

const MAX_WITHDRAWN = 64;

/** What a call at another replica works with. */
export interface OutgoingParts {
  readonly replica: string;
  readonly remote: RemoteCall;
  /** Tells the other replica how far the notifications were taken. */
  readonly acknowledge: (number: number) => void;
  /** Tells the other replica to begin. */
  readonly begin: () => void;
}

/** A call of this replica that another one makes. It takes its letters in their order. */
export class OutgoingCall {
  readonly replica: string;
  readonly outcome: Promise<Outcome>;
  readonly #call: Call;
  readonly #acknowledge: (number: number) => void;
  readonly #settled = Promise.withResolvers<Outcome>();
  readonly #begin: () => void;
  /** False as long as the other replica waits for the word of this one. */
  #mayHaveBegun: boolean;
  #last = 0;
  #over = false;
  /** What was taken is handed on one after the other. */
  #handedOn: Promise<unknown> = Promise.resolve();
  #bytes = 0;
  #messages = 0;
  #withdrawn: string[] = [];
  #onWithdrawn: ((key: string) => void) | undefined;

  constructor({ replica, remote, acknowledge, begin }: OutgoingParts) {
    this.replica = replica;
    this.#call = remote.call;
    this.#mayHaveBegun = remote.once !== true;
    this.#acknowledge = acknowledge;
    this.#begin = begin;
    this.outcome = this.#settled.promise;
    this.outcome.catch(() => undefined);
  }

  /** True once nothing but withdrawals is taken. */
  get over(): boolean {
    return this.#over;
  }

  /** Takes a letter about the call. */
  take(kind: string, letter: JsonText): void {
    if (kind === 'withdrawn') this.#withdraw(letter.get('key')?.string() ?? '');
    else if (this.#over) return;
    else if (kind === 'ready') this.#tellToBegin();
    else if (kind === 'resumable') this.#tellResumable(letter.get('state')?.string());
    else if (kind === 'error') this.#end(() => this.#settled.reject(readFailure(letter.get('error'))));
    else this.#takeInTurn(kind, letter);
  }

  #tellToBegin(): void {
    if (this.#mayHaveBegun) return;
    this.#mayHaveBegun = true;
    this.#begin();
  }

  #tellResumable(state: string | undefined): void {
    if (state !== undefined) this.#call.task?.onResumable(state);
  }

  #takeInTurn(kind: string, letter: JsonText): void {
    const number = Number(letter.get('number')?.text);
    if (number <= this.#last) return;
    if (number > this.#last + 1) {
      this.fail(new GatewardError('UPSTREAM_LOST', { cause: 'a letter of another replica is missing' }));
      return;
    }
    this.#last = number;
    if (kind === 'notification') this.#notify(letter.get('message'), number);
    else if (kind === 'stream') this.#tellStream(letter);
    else if (kind === 'outcome') this.#conclude(letter.get('outcome'));
  }

  /** The other replica is out of reach. */
  lose(cause: unknown): void {
    this.fail(new GatewardError(this.#mayHaveBegun ? 'UPSTREAM_LOST' : 'UPSTREAM_UNAVAILABLE', { cause }));
  }

  /** It has no outcome. */
  fail(error: unknown): void {
    this.#over = true;
    this.#settled.reject(error);
  }

  #notify(message: JsonText | undefined, number: number): void {
    if (message === undefined) return;
    const bytes = message.bytes.length;
    this.#handedOn = this.#handedOn
      .then(() => (this.#call.signal.aborted ? undefined : this.#call.notify(message)))
      .catch(() => undefined)
      .then(() => {
        this.#bytes += bytes;
        this.#messages++;
        if (this.#bytes < WINDOW_BYTES / 2 && this.#messages < WINDOW_MESSAGES / 2) return;
        this.#bytes = 0;
        this.#messages = 0;
        this.#acknowledge(number);
      });
  }

  #tellStream(letter: JsonText): void {
    const stream = this.#call.legacy?.stream;
    const retryMs = letter.get('retryMs');
    this.#handedOn = this.#handedOn.then(() => {
      if (retryMs === undefined) stream?.opened();
      else stream?.hungUp(Number(retryMs.text));
    });
  }

  #conclude(json: JsonText | undefined): void {
    const outcome = readOutcome(json, (run) => this.#listen(run));
    if (outcome === undefined) {
      this.#end(() => this.#settled.reject(new GatewardError('INTERNAL_ERROR', { cause: 'unreadable' })));
    } else this.#end(() => this.#settled.resolve(outcome));
  }

  /** What came before is handed on first. */
  #end(settle: () => void): void {
    this.#over = true;
    void this.#handedOn.then(settle, settle);
  }

  #withdraw(key: string): void {
    if (this.#onWithdrawn !== undefined) this.#onWithdrawn(key);
    else if (this.#withdrawn.length < MAX_WITHDRAWN) this.#withdrawn.push(key);
  }

  #listen(run: (key: string) => void): void {
    this.#onWithdrawn = run;
    for (const key of this.#withdrawn.splice(0)) run(key);
  }
}
