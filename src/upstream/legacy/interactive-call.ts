import type { Call, Outcome, StreamHints } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { Countdown } from '../../lib/countdown.ts';
import type { LegacyNotification } from '../../wire/rev2025-11-25/upstream-notifications.ts';
import { CallNotifications } from './call-notifications.ts';
import { CallRun } from './call-run.ts';
import { type GivenAnswer, GivenAnswers } from './given-answers.ts';
import type { InputAnswers } from './input-answers.ts';
import type {
  Asking,
  Continuation,
  End,
  InteractiveCallParts,
  Left,
  Phase,
  Retry,
} from './interactive-call-parts.ts';
import type { ExchangeOwner, Reply } from './legacy-exchange.ts';
import { OpenQuestions } from './open-questions.ts';
import type { ParkedImage } from './parked-image.ts';
import { ResumableWatch } from './resumable-watch.ts';
import type { ReverseRequest } from './reverse-request.ts';
import { MOVED, NEWEST, type Round, Rounds } from './round.ts';
import type { Seat } from './seat.ts';

/** Milliseconds for a sign that the server has answers of which nobody knows whether they were sent. */
const DOUBT_MS = 3_000;

/**
 * One call to a legacy server. While it runs, a client's request rides on it; when the server asks back, that request
 * ends in `input_required` and the call is parked until a retry brings the answers (DESIGN: "The one idea").
 */
export class InteractiveCall implements ExchangeOwner {
  readonly interactive: boolean;
  readonly #parts: InteractiveCallParts;
  readonly #questions = new OpenQuestions(() => this.#withdrawn());
  readonly #notifications = new CallNotifications();
  readonly #run = new CallRun();
  readonly #rounds: Rounds;
  readonly #given: GivenAnswers;
  /** Of a call that others can go on with before it asks anything. */
  readonly #watch?: ResumableWatch;
  #call: Call;
  #phase: Phase;
  #end: End | undefined;
  /** Makes the call again once there are answers; see Continuation. */
  #again: ((call: Call) => Promise<Seat>) | undefined;
  readonly #timer: Countdown;
  /** Where another replica can go on: as it was when the client was asked last. */
  #position: ParkedImage['upstream'];
  #doubtful = false;
  #wasParked: boolean;
  /** True once the server got an answer of this caller: what it knows from it must not reach another. */
  #answered: boolean;

  /** `left` is given for a call that another replica made; `continueBy` has to follow. */
  constructor(parts: InteractiveCallParts, call: Call, left?: Left) {
    this.#parts = parts;
    this.#timer = new Countdown(parts.clock);
    this.interactive = parts.interactive;
    this.#call = call;
    this.#given = new GivenAnswers(left?.image.given);
    this.#rounds = new Rounds(left?.image);
    const runs = left === undefined || left.image.runs === true;
    this.#phase = runs || left.answers !== 'none' ? 'running' : 'parked';
    if (runs && parts.onResumable !== undefined)
      this.#watch = new ResumableWatch(parts, {
        image: () => this.#runningImage(),
        onMoved: () => this.#drop(),
      });
    this.#position = left?.image.upstream;
    this.#wasParked = this.#answered = left !== undefined;
  }

  get stream(): StreamHints | undefined {
    return this.#call.legacy?.stream;
  }

  get #isOver(): boolean {
    return this.#phase === 'over';
  }

  get #round(): Round {
    return this.#rounds.newest;
  }

  /** Sends the call. Resolves with the outcome of the first round; rejects as the exchange does. */
  start(seat: Seat): Promise<Outcome> {
    this.#follow(this.#run.send(seat, this.#call, this));
    return this.#ride(this.#round, this.#call);
  }

  /** The questions of a call that another replica made; before anything of the server comes. */
  restore(asked: readonly (readonly [key: string, reverse: ReverseRequest])[], lastKey: number): void {
    this.#questions.restore(asked, lastKey);
  }

  /** Goes on with a call that another replica made, once its questions are restored. */
  continueBy(how: Continuation): void {
    if (this.#phase === 'parked') {
      this.#awaitAnswers();
      this.#round.settle(this.#ask());
    }
    if (how.kind === 'resumed') {
      this.#follow(this.#run.follow(how.seat, how.exchange));
      this.#doubtful = how.doubtful;
      if (how.doubtful) this.#doubt();
    } else if (how.kind === 'lost') this.#ended({ error: how.error });
    else if (this.#phase === 'running') void this.#sendAgain(how.open);
    else this.#again = how.open;
  }

  /** Goes on with a retry. Throws STATE_INVALID if it answers nothing that is open, or differs from one before. */
  resume({ call, round, answers }: Retry): Promise<Outcome> {
    if (round === NEWEST) return this.#ride(this.#round, call);
    const before = this.#rounds.after(round);
    if (before !== undefined) {
      if (before.digest !== answers.digest) throw new GatewardError('STATE_INVALID');
      return this.#ride(before, call);
    }
    if (this.#phase !== 'parked' || round !== this.#round.number) throw new GatewardError('STATE_INVALID');
    const undo = this.#rounds.begin(answers.digest);
    this.#timer.stop();
    this.#call = call;
    this.#phase = 'answering';
    const outcome = this.#ride(this.#round, call);
    if (!call.signal.aborted) void this.#answer(answers, undo);
    return outcome;
  }

  onNotification(notification: LegacyNotification): Promise<void> | undefined {
    if (this.#doubtful) this.#doubt();
    return this.#notifications.push(notification);
  }

  onReverse(reverse: ReverseRequest): void {
    if (this.#phase === 'over' || this.#end !== undefined) return;
    const known = this.#given.take(reverse.method, reverse.params);
    if (known === undefined) this.#questions.add(reverse);
    else void reverse.respond(known);
    // While nobody rides on it, nobody's capabilities count.
    if (this.#phase !== 'parked' && this.#phase !== 'answering') this.#collect();
  }

  /** The others counted this replica as dead for a while: a call that one of them took over is dropped without a word. */
  async check(): Promise<void> {
    if (this.#isOver) return;
    const holds = await this.#parts.record.holds();
    if (holds === 'moved' && !this.#isOver) this.#drop();
  }

  /** The gateway stops: nothing waits here any more. What another replica can go on with is left to it. */
  dispose(): void {
    if (this.#phase === 'over' && this.#end === undefined) return;
    const { record } = this.#parts;
    const isKnown = this.#rounds.haveAsked || this.#watch !== undefined;
    if (this.#wasParked && record.kept && isKnown) this.#run.abandon();
    else record.forget();
    this.#finish();
    this.#parts.forget();
    this.#round.fail(new GatewardError('UPSTREAM_LOST'));
  }

  #runningImage(): ParkedImage | undefined {
    const position = this.#phase === 'running' ? this.#run.position() : undefined;
    if (position === undefined) return undefined;
    this.#wasParked = true;
    this.#position = position;
    return { ...this.#image(), runs: true };
  }

  #follow(reply: Promise<Reply>): void {
    this.#watch?.start();
    reply.then(
      (got) => this.#ended({ reply: got }),
      (error: unknown) => this.#ended({ error }),
    );
  }

  async #sendAgain(open: (call: Call) => Promise<Seat>): Promise<void> {
    this.#again = undefined;
    this.#questions.clear();
    this.#given.replay();
    try {
      const seat = await open(this.#call);
      if (this.#phase === 'over') seat.leave('none');
      else this.#follow(this.#run.send(seat, this.#call, this));
    } catch (error) {
      this.#ended({ error });
    }
  }

  /** The answers of a retry, on their way to the server; `undo` goes back to the round that asked for them. */
  async #answer(answers: InputAnswers, undo: () => void): Promise<void> {
    if (this.#end !== undefined) return this.#conclude(this.#end);
    const given = this.#parts.repeatable ? this.#questions.answeredBy(answers) : [];
    try {
      const held = await this.#parts.record.sending(this.#image(answers, given));
      if (this.#phase !== 'answering') return;
      if (!held) return this.#drop();
    } catch (error) {
      if (this.#phase === 'answering') this.#parkAgain(undo, error);
      return;
    }
    for (const answer of given) this.#given.add(answer);
    this.#goOn(answers);
  }

  #goOn(answers: InputAnswers): void {
    this.#phase = 'running';
    if (this.#again !== undefined) return void this.#sendAgain(this.#again);
    const delivered = this.#questions.answer(answers);
    if (delivered !== undefined) this.#answered = true;
    void (delivered ?? Promise.resolve(true)).then((all) => {
      if (all && this.#phase !== 'over') this.#parts.record.sent();
    });
    this.#collect();
  }

  /** The answers could not be written down, so they must not be sent; the same retry may come again. */
  #parkAgain(undo: () => void, error: unknown): void {
    const failed = this.#round;
    undo();
    this.#phase = 'parked';
    this.#notifications.detach();
    this.#awaitAnswers();
    failed.fail(error);
  }

  /** A request of the client waits for the outcome of a round; if the last one gives up, so does the call. */
  #ride(round: Round, call: Call): Promise<Outcome> {
    const attach = (to: Call) => this.#notifications.attach(to, () => this.#run.requestId);
    if (!round.settled) attach(call);
    return round.ride(call, (left) => {
      if (left === undefined) this.#cancel(call.signal.reason);
      else attach(left);
    });
  }

  /** Waits a little for more questions before the client is asked; other replicas learn of it meanwhile. */
  #collect(): void {
    this.#questions.screen(this.#call.meta.clientCapabilities);
    if (this.#phase !== 'running' || this.#questions.size === 0) return;
    this.#phase = 'collecting';
    this.#doubtful = false;
    let early: Asking | undefined;
    this.#timer.start(this.#parts.collectMs, () => void this.#park(early));
    early = this.#prepare();
    this.#run.asked();
  }

  async #park(early: Asking | undefined): Promise<void> {
    this.#phase = 'parking';
    await this.#notifications.drained();
    if (this.#phase !== 'parking') return;
    if (this.#questions.size === 0) {
      this.#phase = 'running';
      return;
    }
    const { outcome, kept } = early?.moment === this.#moment() ? early : this.#prepare();
    const result = await kept;
    // It ended, or its client gave up, meanwhile.
    if (this.#phase !== 'parking') return;
    if (result === 'moved') return this.#drop();
    if (result !== 'kept') return this.#giveUp(result);
    this.#phase = 'parked';
    this.#notifications.detach();
    this.#awaitAnswers();
    this.#round.settle(outcome);
  }

  #prepare(): Asking {
    this.#wasParked = true;
    this.#watch?.stop();
    this.#position = this.#run.position();
    const outcome = this.#ask();
    const kept = this.#parts.keep()
      ? this.#parts.record.park(this.#image())
      : Promise.resolve(new GatewardError('INPUT_NOT_GIVEN'));
    return { outcome, moment: this.#moment(), kept };
  }

  /** Another text once the server has sent something for the call. */
  #moment(): string {
    return `${this.#questions.version} ${this.#run.lastEventId}`;
  }

  /** What another replica needs; with answers on their way, as it is once the server has them. */
  #image(answers?: InputAnswers, given: readonly GivenAnswer[] = []): ParkedImage {
    return {
      upstream: this.#position,
      round: this.#round.number,
      digest: this.#round.digest,
      questions: this.#questions.open(answers),
      lastKey: this.#questions.lastKey,
      given: [...this.#given.all, ...given],
      end: undefined,
    };
  }

  #ask(): Outcome {
    const state = this.#parts.stateOf(this.#round.number);
    return this.#questions.ask(this.#call.meta.clientCapabilities, state);
  }

  #awaitAnswers(): void {
    const timeOut = async (): Promise<void> => {
      const holds = await this.#parts.record.holds();
      if (this.#phase !== 'parked') return;
      if (holds === 'held') this.#giveUp(new GatewardError('INPUT_NOT_GIVEN'));
      else this.#drop();
    };
    this.#timer.start(this.#parts.inputTimeoutMs, () => void timeOut());
  }

  #withdrawn(): void {
    if (this.#phase !== 'collecting' || this.#questions.size > 0) return;
    this.#timer.stop();
    this.#phase = 'running';
  }

  /** The upstream is done, however it ended. While the call is parked, its end waits for the retry. */
  #ended(end: End): void {
    if (this.#phase === 'over') {
      this.#run.leave('error' in end || this.#answered ? 'caller' : 'none');
      return;
    }
    this.#end = end;
    this.#questions.clear();
    if (this.#phase !== 'parked') void this.#conclude(end);
    // Until then the session stays, so that another replica finds the reply there.
    else if (!this.#parts.record.kept) this.#run.leave('caller');
  }

  async #conclude(end: End): Promise<void> {
    this.#timer.stop();
    this.#watch?.stop();
    this.#phase = 'over';
    const { replayMs, record } = this.#parts;
    const trace = 'error' in end || this.#answered ? 'caller' : 'none';
    if (!this.#wasParked) this.#run.leave(trace);
    // What failed here may go well where the call is now.
    else if ('error' in end && (await record.holds()) === 'moved') return this.#drop();
    await this.#notifications.drained();
    this.#notifications.clear();
    if (this.#round.settled) return;
    const settled = this.#run.endOf(end, this.#call, this.#questions.missing);
    this.#round.end(settled);
    if (!this.#wasParked) return;
    void this.#run.leaveHeld(trace, record.over({ ...this.#image(), end: settled }, replayMs));
    this.#timer.start(replayMs, () => {
      this.#parts.forget();
      record.forget();
    });
  }

  /** The client did not answer in time, or there is no room to wait for it. */
  #giveUp(reason: GatewardError): void {
    this.#questions.giveUp();
    this.#cancel(reason);
  }

  /** Nobody waits for the call any more: the server is told to stop. */
  #cancel(reason: unknown): void {
    if (this.#phase === 'over' && this.#round.settled) return;
    const runs = this.#end === undefined;
    this.#end = undefined;
    this.#finish();
    this.#round.fail(reason);
    this.#parts.forget();
    if (!this.#wasParked) this.#run.cancel(reason);
    else void this.#run.cancelHeld(this.#parts.record, runs, reason);
  }

  /** Another replica has the call now. */
  #drop(): void {
    this.#run.abandon();
    this.#finish();
    this.#parts.forget();
    this.#round.fail(MOVED);
  }

  #finish(): void {
    this.#phase = 'over';
    this.#timer.stop();
    this.#watch?.stop();
    this.#questions.clear();
    this.#notifications.clear();
  }

  /** Gives the server a while to show that it has the answers. */
  #doubt(): void {
    const giveUp = async (): Promise<void> => {
      await this.check();
      if (this.#phase === 'running') this.#run.cancel(new GatewardError('UPSTREAM_LOST'));
    };
    this.#timer.start(DOUBT_MS, () => void giveUp());
  }
}
