import type { Call } from '../../call.ts';
import { GatewardError, toGatewardError } from '../../errors.ts';
import { legacyParams } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { RequiredCapabilities } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { CallRecord } from './call-record.ts';
import type { End } from './interactive-call-parts.ts';
import type { Exchange, ExchangeOwner, Reply } from './legacy-exchange.ts';
import type { ParkedImage, RoundEnd } from './parked-image.ts';
import type { Seat, Trace } from './seat.ts';

/** The server's side of a call: the session that the call has, and its request there. Empty until it has them. */
export class CallRun {
  #seat: Seat | undefined;
  #exchange: Exchange | undefined;

  /** Sends the call. */
  send(seat: Seat, { method, message, meta }: Call, owner: ExchangeOwner): Promise<Reply> {
    const params = legacyParams(message);
    const wantsProgress = meta.progressToken !== undefined;
    return this.follow(seat, seat.connection.request({ method, params, wantsProgress, owner }));
  }

  /** Takes a request that is under way. */
  follow(seat: Seat, exchange: Exchange): Promise<Reply> {
    this.#seat = seat;
    this.#exchange = exchange;
    return exchange.reply;
  }

  /** The raw id of the request, which is its progress token too. */
  get requestId(): string {
    return this.#exchange?.id ?? '';
  }

  /** The newest event that the server sent for the call, where it names them. */
  get lastEventId(): string | undefined {
    return this.#exchange?.lastEventId();
  }

  /** Where another replica can go on; undefined where none can. */
  position(): ParkedImage['upstream'] {
    const session = this.#seat?.connection.snapshot();
    const { lastEventId } = this;
    if (session === undefined || lastEventId === undefined) return undefined;
    return { session, requestId: this.requestId, lastEventId, shared: this.#seat?.shared };
  }

  /** What the end of the request means for a call. */
  endOf(end: End, call: Call, missing: RequiredCapabilities | undefined): RoundEnd {
    if ('error' in end) return { thrown: toGatewardError(end.error) };
    if (this.#seat === undefined) throw new TypeError('There is no reply without a session.');
    return { outcome: this.#seat.toOutcome(end.reply, call, missing) };
  }

  /** The server asks back. */
  asked(): void {
    this.#seat?.asked();
  }

  /** Tells the server to stop, and why. */
  cancel(reason: unknown): void {
    this.#exchange?.cancel(reasonText(reason));
  }

  /** The same for a parked call, which only the replica that holds it may stop; `runs`: it has not ended. */
  async cancelHeld(record: CallRecord, runs: boolean, reason: unknown): Promise<void> {
    if ((await record.holds()) !== 'held') this.abandon();
    else if (runs) this.cancel(reason);
    else this.leave('caller');
    record.forget();
  }

  /** Another replica goes on with it. */
  abandon(): void {
    this.leave('replica');
    this.#exchange?.abandon();
  }

  /** Gives the session back once it is known that the call is over here, and so nowhere else. */
  async leaveHeld(trace: Trace, isHeld: Promise<boolean>): Promise<void> {
    if (await isHeld) this.leave(trace);
    else this.abandon();
  }

  /** Gives the session back; the first time counts. */
  leave(trace: Trace): void {
    this.#seat?.leave(trace);
  }
}

/** What the server is told of a cancellation. */
function reasonText(reason: unknown): string {
  if (!(reason instanceof GatewardError)) return 'The client cancelled the call.';
  if (reason.code === 'UPSTREAM_TIMEOUT') return 'The call took too long.';
  if (reason.code === 'INPUT_NOT_GIVEN') return 'The client did not answer.';
  return 'The call cannot go on.';
}
