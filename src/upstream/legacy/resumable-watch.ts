import { Countdown } from '../../lib/countdown.ts';
import type { InteractiveCallParts } from './interactive-call-parts.ts';
import type { ParkedImage } from './parked-image.ts';
import { NEWEST } from './round.ts';

/** The call that is watched. */
export interface Watched {
  /** What another replica needs as it is now; undefined while none could go on with it. */
  readonly image: () => ParkedImage | undefined;
  /** Another replica has it. */
  readonly onMoved: () => void;
}

/** Milliseconds before a call is written down: most are over by then. */
const FIRST_MS = 1_000;
/** Milliseconds between two looks at how far it is. */
const EVERY_MS = 1_000;
/** The row and its state are made to last anew after this part of their time. */
const RENEWALS = 4;

/** Writes down how far a running call is, so that another replica can go on with it (Call.task). */
export class ResumableWatch {
  readonly #parts: InteractiveCallParts;
  readonly #call: Watched;
  readonly #timer: Countdown;
  #isStopped = false;
  #isKept = false;
  #lastEventId: string | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: InteractiveCallParts, call: Watched) {
    this.#parts = parts;
    this.#call = call;
    this.#timer = new Countdown(parts.clock);
  }

  start(): void {
    this.#lookAfter(FIRST_MS);
  }

  /** Nothing is written any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }

  #lookAfter(delayMs: number): void {
    if (!this.#isStopped) this.#timer.start(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const image = this.#call.image();
    if (image !== undefined && !(await this.#write(image))) return;
    this.#lookAfter(EVERY_MS);
  }

  /** False if there is nothing to look for any more. */
  async #write(image: ParkedImage): Promise<boolean> {
    const { clock, record, stateOf, onResumable, inputTimeoutMs, replayMs } = this.#parts;
    const now = clock.now();
    const renews = now - this.#renewedAt >= (inputTimeoutMs + replayMs) / RENEWALS;
    const { lastEventId } = image.upstream ?? {};
    if (lastEventId === this.#lastEventId && !renews) return true;
    this.#isKept ||= this.#parts.keep();
    if (!this.#isKept) return false;
    const result = await record.park(image);
    if (this.#isStopped) return false;
    if (result === 'moved') {
      this.#call.onMoved();
      return false;
    }
    if (result !== 'kept') return result.code !== 'INPUT_NOT_GIVEN';
    this.#lastEventId = lastEventId;
    if (!renews) return true;
    this.#renewedAt = now;
    onResumable?.(stateOf(NEWEST));
    return true;
  }
}
