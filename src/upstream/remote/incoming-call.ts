import type { Call, LegacyCall, Outcome } from '../../call.ts';
import { GatewardError, toGatewardError } from '../../errors.ts';
import { Abort } from '../../lib/abort.ts';
import { JsonText } from '../../lib/json-text.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { isEndless } from '../deadline.ts';
import { isRetry } from '../is-repeatable.ts';
import type { CallLetter } from './call-letter.ts';
import { writeFailure, writeOutcome } from './outcome-letter.ts';
import { WINDOW_BYTES, WINDOW_MESSAGES } from './outgoing-call.ts';
import type { RemoteSessions } from './remote-session.ts';

/** What a call of another replica works with. */
export interface IncomingParts {
  readonly letter: CallLetter;
  /** Makes the call at the upstream. */
  readonly run: (call: Call) => Promise<Outcome>;
  readonly sessions: RemoteSessions;
  /** Sends a letter about it. Rejects if it may not have arrived. */
  readonly send: (kind: string, letter: JsonText) => Promise<void>;
  /** The same for the last one: goes on trying for as long as it makes sense. Never rejects. */
  readonly sendAtAnyRate: (kind: string, letter: JsonText) => Promise<void>;
}

/** A call that another replica wants made here. */
export class IncomingCall {
  readonly #parts: IncomingParts;
  readonly #abort = new Abort();
  readonly #begun = Promise.withResolvers<void>();
  #number = 0;
  /** Sizes of the notifications that the other replica has not taken yet, by number. */
  readonly #ahead = new Map<number, number>();
  #aheadBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;
  /** Whether others have what they need to go on with it. */
  #isResumable = false;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** Whether it is meant to last as long as its caller does. */
  get isEndless(): boolean {
    return isEndless(this.#parts.letter.call.method);
  }

  /** Makes the call and tells what becomes of it. Never rejects. */
  async run(): Promise<void> {
    const { sendAtAnyRate } = this.#parts;
    try {
      const call = await this.#makeCall();
      if (this.#parts.letter.once) await this.#untilTold();
      const outcome = await this.#parts.run(call);
      this.#tellWithdrawals(outcome);
      const number = ++this.#number;
      await sendAtAnyRate('outcome', JsonText.of({ number }).with({ outcome: writeOutcome(outcome) }));
    } catch (thrown) {
      const error = writeFailure(toGatewardError(thrown));
      await sendAtAnyRate('error', JsonText.written('{}').with({ error }));
    }
  }

  /** The replica that asks knows that the call is here. */
  begin(): void {
    this.#begun.resolve();
  }

  cancel(reason: GatewardError): void {
    this.#abort.abort(reason);
    this.#makeRoom();
  }

  /** The replica that asked is gone. What somebody may come back for goes on; nobody hears of anything else. */
  orphan(): void {
    if (!isRetry(this.#parts.letter.call) && !this.#isResumable)
      this.cancel(new GatewardError('UPSTREAM_LOST', { cause: 'the asking replica is gone' }));
    this.#makeRoom();
  }

  /** The other replica has taken all up to a number. */
  acknowledged(number: number): void {
    for (const [sent, bytes] of this.#ahead) {
      if (sent > number) break;
      this.#ahead.delete(sent);
      this.#aheadBytes -= bytes;
    }
    if (!this.#isFull()) this.#freeRoom();
  }

  #lose(cause: unknown): void {
    this.cancel(new GatewardError('UPSTREAM_LOST', { cause }));
  }

  async #untilTold(): Promise<void> {
    this.#parts.send('ready', JsonText.written('{}')).catch((cause: unknown) => this.#lose(cause));
    await raceAbort(this.#begun.promise, this.#abort);
  }

  async #makeCall(): Promise<Call> {
    const { call, task } = this.#parts.letter;
    return {
      ...call,
      ...(task && { task: { ...task, onResumable: (state) => this.#tellResumable(state) } }),
      signal: this.#abort,
      notify: (message) => this.#notify(message),
      legacy: await this.#makeLegacy(),
      forwarded: true,
    };
  }

  async #makeLegacy(): Promise<LegacyCall | undefined> {
    const { letter, sessions } = this.#parts;
    if (letter.legacy === undefined) return undefined;
    const { session: description, refusals, again, stream } = letter.legacy;
    const session = await sessions.find(description);
    if (session === undefined) throw new GatewardError('SESSION_NOT_FOUND');
    const hints = {
      opened: () => this.#tell('stream', JsonText.written('{}')),
      hungUp: (retryMs: number) => this.#tell('stream', JsonText.of({ retryMs })),
    };
    return { session, refusals, again, stream: stream ? hints : undefined };
  }

  #tellResumable(state: string): void {
    this.#isResumable = true;
    void this.#parts.sendAtAnyRate('resumable', JsonText.of({ state }));
  }

  #notify(message: JsonText): Promise<void> | undefined {
    const bytes = message.bytes.length;
    this.#tell('notification', JsonText.written('{}').with({ message }));
    this.#ahead.set(this.#number, bytes);
    this.#aheadBytes += bytes;
    if (!this.#isFull() || this.#abort.aborted) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #isFull(): boolean {
    return this.#aheadBytes >= WINDOW_BYTES || this.#ahead.size >= WINDOW_MESSAGES;
  }

  /** Nobody takes notifications any more. */
  #makeRoom(): void {
    this.#ahead.clear();
    this.#aheadBytes = 0;
    this.#freeRoom();
  }

  #freeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Whoever misses one of these letters cannot make sense of what follows. */
  #tell(kind: string, letter: JsonText): void {
    const number = JsonText.of(++this.#number);
    this.#parts.send(kind, letter.with({ number })).catch((cause: unknown) => this.#lose(cause));
  }

  #tellWithdrawals(outcome: Outcome): void {
    if (outcome.kind !== 'input_required') return;
    outcome.legacy?.onWithdrawn((key) => {
      this.#parts.send('withdrawn', JsonText.of({ key })).catch(() => undefined);
    });
  }
}
