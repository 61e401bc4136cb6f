import type { Call, Outcome, StreamHints } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import {
  callNotification,
  type LegacyNotification,
} from '../../wire/rev2025-11-25/upstream-notifications.ts';
import type { RequiredCapabilities } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { InputAnswers } from './input-answers.ts';
import type { Exchange, ExchangeOwner, Reply } from './legacy-exchange.ts';
import { NotificationQueue } from './notification-queue.ts';
import { OpenQuestions } from './open-questions.ts';
import type { ReverseRequest } from './reverse-request.ts';

/** What one call to a legacy server works with. */
export interface InteractiveCallParts {
  readonly clock: Clock;
  /** Whether it may end in `input_required`. */
  readonly interactive: boolean;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  /** Milliseconds for which the client's answers are awaited. */
  readonly inputTimeoutMs: number;
  /** Milliseconds for which a retry that comes again gets the same outcome. */
  readonly replayMs: number;
  /** Keeps the call, so that a retry finds it, and gives the state for it; undefined if there is no room. */
  readonly park: (round: number) => string | undefined;
  /** No retry will come any more. */
  readonly forget: () => void;
  readonly toOutcome: (reply: Reply, call: Call, missing: RequiredCapabilities | undefined) => Outcome;
}

/** A retry of a parked call. */
export interface Retry {
  readonly call: Call;
  /** The round whose questions it answers. */
  readonly round: number;
  readonly answers: InputAnswers;
}

/** One stretch of the call between two messages of the client: it ends in the outcome of one request of the client. */
class Round {
  readonly number: number;
  /** Of the answers that began it. */
  readonly digest: string;
  readonly outcome = Promise.withResolvers<Outcome>();
  /** The client requests that wait for it, newest last. */
  readonly riders: Call[] = [];
  settled = false;

  constructor(number: number, digest: string) {
    this.number = number;
    this.digest = digest;
    this.outcome.promise.catch(() => undefined);
  }
}

/** Rounds that a repeated retry can attach to. */
const KEPT_ROUNDS = 4;

/** The reply of the server, or why there is none. */
type End = { readonly reply: Reply } | { readonly error: unknown };

type Phase = 'running' | 'collecting' | 'parking' | 'parked' | 'over';

/**
 * One call to a legacy server. While it runs, a client's request rides on it; when the server asks back, that request
 * ends in `input_required` and the call is parked until a retry brings the answers (DESIGN: "The one idea").
 */
export class InteractiveCall implements ExchangeOwner {
  readonly #parts: InteractiveCallParts;
  readonly #questions = new OpenQuestions((key) => this.#withdrawn(key));
  readonly #notifications = new NotificationQueue<LegacyNotification>(
    ({ method, params }) => method.length + (params?.bytes.length ?? 0),
  );
  readonly #rounds = new Map<number, Round>();
  #call: Call;
  #round = new Round(0, '');
  #phase: Phase = 'running';
  #exchange: Exchange | undefined;
  #end: End | undefined;
  #onWithdrawn: (key: string) => void = () => undefined;
  #stopTimer: () => void = () => undefined;
  #wasParked = false;
  /** True once the server got an answer of this caller: what it knows from it must not reach another. */
  answered = false;

  constructor(parts: InteractiveCallParts, call: Call) {
    this.#parts = parts;
    this.#call = call;
  }

  get interactive(): boolean {
    return this.#parts.interactive;
  }

  get stream(): StreamHints | undefined {
    return this.#call.legacy?.stream;
  }

  /** Sends the call. Resolves with the outcome of the first round; rejects as the exchange does. */
  start(launch: (owner: ExchangeOwner) => Exchange): Promise<Outcome> {
    const exchange = launch(this);
    this.#exchange = exchange;
    exchange.reply.then(
      (reply) => this.#ended({ reply }),
      (error: unknown) => this.#ended({ error }),
    );
    return this.#ride(this.#round, this.#call);
  }

  /** Goes on with a retry. Throws STATE_INVALID if it answers nothing that is open, or differs from one before. */
  resume({ call, round, answers }: Retry): Promise<Outcome> {
    const before = this.#rounds.get(round + 1);
    if (before !== undefined) {
      if (before.digest !== answers.digest) throw new GatewardError('STATE_INVALID');
      return this.#ride(before, call);
    }
    if (this.#phase !== 'parked' || round !== this.#round.number) throw new GatewardError('STATE_INVALID');
    const next = new Round(round + 1, answers.digest);
    this.#rounds.set(next.number, next);
    this.#rounds.delete(next.number - KEPT_ROUNDS);
    this.#stopTimer();
    this.#onWithdrawn = () => undefined;
    this.#round = next;
    this.#call = call;
    this.#phase = 'running';
    const outcome = this.#ride(next, call);
    if (!call.signal.aborted) this.#goOn(answers);
    return outcome;
  }

  onNotification(notification: LegacyNotification): Promise<void> | undefined {
    return this.#notifications.push(notification);
  }

  onReverse(reverse: ReverseRequest): void {
    if (this.#phase === 'over' || this.#end !== undefined) return;
    this.#questions.add(reverse);
    // While nobody rides on it, nobody's capabilities count.
    if (this.#phase !== 'parked') this.#collect();
  }

  /** The gateway stops: nothing waits any more. */
  dispose(): void {
    if (this.#phase === 'over' && this.#end === undefined) return;
    this.#finish();
    this.#fail(new GatewardError('UPSTREAM_LOST'));
    this.#parts.forget();
  }

  #goOn(answers: InputAnswers): void {
    if (this.#questions.answer(answers)) this.answered = true;
    if (this.#end === undefined) this.#collect();
    else void this.#conclude(this.#end);
  }

  /** A request of the client waits for the outcome of a round; if the last one gives up, so does the call. */
  #ride(round: Round, call: Call): Promise<Outcome> {
    if (round.settled) return round.outcome.promise;
    round.riders.push(call);
    this.#attach(call);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(call.signal.reason);
        this.#leave(round, call);
      };
      round.outcome.promise
        .then(resolve, reject)
        .finally(() => call.signal.removeEventListener('abort', onAbort));
      if (call.signal.aborted) onAbort();
      else call.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #leave(round: Round, call: Call): void {
    round.riders.splice(round.riders.indexOf(call), 1);
    if (round.settled) return;
    const left = round.riders.at(-1);
    if (left === undefined) this.#cancel(call.signal.reason);
    else this.#attach(left);
  }

  #attach(call: Call): void {
    this.#notifications.attach((notification) => {
      const own = {
        ownToken: this.#exchange?.id ?? '',
        progressToken: call.meta.progressToken,
        logLevel: call.meta.logLevel,
      };
      const written = callNotification(notification, own);
      return written === undefined ? undefined : call.notify(written);
    });
  }

  /** Waits a little for more questions before the client is asked. */
  #collect(): void {
    this.#questions.screen(this.#call.meta.clientCapabilities);
    if (this.#phase !== 'running' || this.#questions.size === 0) return;
    this.#phase = 'collecting';
    this.#stopTimer = this.#parts.clock.after(this.#parts.collectMs, () => void this.#park());
  }

  async #park(): Promise<void> {
    this.#phase = 'parking';
    await this.#notifications.drained();
    if (this.#phase !== 'parking') return;
    if (this.#questions.size === 0) {
      this.#phase = 'running';
      return;
    }
    const state = this.#parts.park(this.#round.number);
    if (state === undefined) return this.#giveUp();
    this.#wasParked = true;
    this.#phase = 'parked';
    this.#notifications.detach();
    const { result, elicitationIds } = this.#questions.ask(this.#call.meta.clientCapabilities, state);
    const onWithdrawn = (run: (key: string) => void) => {
      this.#onWithdrawn = run;
    };
    this.#stopTimer = this.#parts.clock.after(this.#parts.inputTimeoutMs, () => this.#giveUp());
    this.#settle({ kind: 'input_required', result, legacy: { elicitationIds, onWithdrawn } });
  }

  #withdrawn(key: string): void {
    this.#onWithdrawn(key);
    if (this.#phase !== 'collecting' || this.#questions.size > 0) return;
    this.#stopTimer();
    this.#phase = 'running';
  }

  /** The upstream is done, however it ended. While the call is parked, its end waits for the retry. */
  #ended(end: End): void {
    if (this.#phase === 'over') return;
    this.#end = end;
    this.#questions.clear();
    if (this.#phase !== 'parked') void this.#conclude(end);
  }

  async #conclude(end: End): Promise<void> {
    this.#stopTimer();
    this.#phase = 'over';
    await this.#notifications.drained();
    this.#notifications.clear();
    if (this.#round.settled) return;
    if ('reply' in end) this.#settle(this.#parts.toOutcome(end.reply, this.#call, this.#questions.missing));
    else this.#fail(end.error);
    if (this.#wasParked) this.#stopTimer = this.#parts.clock.after(this.#parts.replayMs, this.#parts.forget);
  }

  /** The client did not answer in time, or there is no room to wait for it. */
  #giveUp(): void {
    this.#questions.giveUp();
    this.#cancel(new GatewardError('INPUT_NOT_GIVEN'));
  }

  /** Nobody waits for the call any more: the server is told to stop. */
  #cancel(reason: unknown): void {
    if (this.#phase === 'over' && this.#round.settled) return;
    if (this.#end === undefined) this.#exchange?.cancel(reasonText(reason));
    this.#end = undefined;
    this.#finish();
    this.#fail(reason);
    if (this.#wasParked) this.#parts.forget();
  }

  #finish(): void {
    this.#phase = 'over';
    this.#stopTimer();
    this.#questions.clear();
    this.#notifications.clear();
  }

  #settle(outcome: Outcome): void {
    this.#round.settled = true;
    this.#round.outcome.resolve(outcome);
  }

  #fail(error: unknown): void {
    if (this.#round.settled) return;
    this.#round.settled = true;
    this.#round.outcome.reject(error);
  }
}

/** What the server is told of a cancellation. */
function reasonText(reason: unknown): string {
  if (reason instanceof GatewardError && reason.code === 'UPSTREAM_TIMEOUT') return 'The call took too long.';
  if (reason instanceof GatewardError && reason.code === 'INPUT_NOT_GIVEN')
    return 'The client did not answer.';
  return 'The client cancelled the call.';
}
