import { randomUUID } from 'node:crypto';
import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Holding } from '../../store/holding.ts';
import type { ParkedRow } from '../../store/store.ts';
import { methodRuleOf } from '../../wire/rev2026-07-28/registry.ts';
import type { Replicas } from '../remote/replicas.ts';
import { CallRow, NO_RECORD } from './call-record.ts';
import { type InputAnswers, readAnswers } from './input-answers.ts';
import { InteractiveCall } from './interactive-call.ts';
import type { InteractiveCallParts } from './interactive-call-parts.ts';
import { openImage, type ParkedImage } from './parked-image.ts';
import { openState, type ParkedRef, sealState } from './request-state.ts';
import { MOVED, NEWEST } from './round.ts';
import type { Seat, Seats } from './seat.ts';
import { takeOver } from './take-over.ts';

/** Where parked calls are kept in this process until their retries come. */
export interface ParkedStore {
  /** Keeps one, or again; false if there is no room. */
  put(id: string, call: InteractiveCall): boolean;
  get(id: string): InteractiveCall | undefined;
  delete(id: string): void;
  all(): Iterable<InteractiveCall>;
}

/** Keeps parked calls in this process, at most so many. */
export function createParkedStore(maxCalls = 10_000): ParkedStore {
  const calls = new Map<string, InteractiveCall>();
  return {
    put: (id, call) => {
      if (!calls.has(id) && calls.size >= maxCalls) return false;
      calls.set(id, call);
      return true;
    },
    get: (id) => calls.get(id),
    delete: (id) => calls.delete(id),
    all: () => [...calls.values()],
  };
}

/** What parked calls of one upstream need. */
export interface ParkedCallsOptions {
  readonly upstream: string;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds that a call waits for the client's answers. */
  readonly inputTimeoutMs: number;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  readonly store: ParkedStore;
  readonly seats: Seats;
  /** The other replicas; undefined where there are none, and nothing outlives this process. */
  readonly replicas: Replicas | undefined;
}

/** A retry, and what it says of itself. */
interface Asked {
  readonly call: Call;
  readonly context: AuthorizationContext;
  readonly ref: ParkedRef;
  readonly answers: InputAnswers;
}

/** Milliseconds for which a retry that comes again gets the same outcome. */
const REPLAY_MS = 60_000;
/** Times that a retry follows a call from replica to replica while these die. */
const MAX_MOVES = 5;
const CHECKS_AT_ONCE = 8;

/** The calls to one legacy upstream: runs them, parks them when the server asks back, and goes on with retries. */
export class ParkedCalls {
  readonly #options: ParkedCallsOptions;
  /** Calls that are being taken over, by id. */
  readonly #taking = new Map<string, Promise<void>>();
  readonly #stopWatching: (() => void) | undefined;
  #closed = false;

  constructor(options: ParkedCallsOptions) {
    this.#options = options;
    this.#stopWatching = options.replicas?.onFenced(() => this.#checkAll());
  }

  /** Runs a call. Resolves with its outcome, which may be `input_required`; rejects as its exchange does. */
  start(call: Call, context: AuthorizationContext, seat: Seat): Promise<Outcome> {
    const id = randomUUID();
    const running: InteractiveCall = new InteractiveCall(
      this.#partsOf({ id, call, context, itself: () => running }),
      call,
    );
    return running.start(seat).catch((thrown: unknown) => {
      // Only one that others can go on with moves before it asks: whoever made it finds it by its state.
      throw thrown === MOVED ? new GatewardError('UPSTREAM_LOST') : thrown;
    });
  }

  /**
   * Goes on with a parked call, wherever it is. Throws STATE_INVALID if there is none for this state, call and caller;
   * UPSTREAM_UNAVAILABLE if it is at a replica that cannot be reached; UPSTREAM_LOST if it cannot go on.
   */
  async resume(call: Call, context: AuthorizationContext, requestState: string): Promise<Outcome> {
    const { upstream, seal, clock } = this.#options;
    const owner = { upstream, call, context };
    const ref = openState(seal, owner, { text: requestState, nowMs: clock.now() });
    if (ref === undefined) throw notFound(call, undefined);
    const asked: Asked = { call, context, ref, answers: readAnswers(call) };
    if (ref.round === NEWEST && asked.answers.replies.size > 0) throw new GatewardError('STATE_INVALID');
    for (let moves = 0; moves < MAX_MOVES; moves++) {
      const taking = this.#taking.get(ref.id);
      if (taking !== undefined) await raceAbort(taking, call.signal);
      const outcome = (await this.#resumeHere(asked)) ?? (await this.#resumeElsewhere(asked, moves === 0));
      if (outcome !== undefined) return outcome;
    }
    throw new GatewardError('UPSTREAM_UNAVAILABLE');
  }

  /** The gateway stops: nothing waits here any more. */
  close(): void {
    this.#closed = true;
    this.#stopWatching?.();
    for (const call of this.#options.store.all()) call.dispose();
  }

  /** The others counted this replica as dead for a while, and may have taken over what it holds. */
  #checkAll(): void {
    const calls = [...this.#options.store.all()];
    const checkOn = async (): Promise<void> => {
      for (let call = calls.pop(); call !== undefined; call = calls.pop()) await call.check();
    };
    for (let n = 0; n < CHECKS_AT_ONCE; n++) void checkOn();
  }

  /** Undefined if the call is not here, or not any more. */
  async #resumeHere({ call, ref, answers }: Asked): Promise<Outcome | undefined> {
    const parked = this.#options.store.get(ref.id);
    try {
      return await parked?.resume({ call, round: ref.round, answers });
    } catch (thrown) {
      if (thrown === MOVED) return undefined;
      throw thrown;
    }
  }

  /** Undefined if it is to be looked for again. `guess`: where it was when the client was asked, it may still be. */
  async #resumeElsewhere(asked: Asked, guess: boolean): Promise<Outcome | undefined> {
    const { replicas, seal } = this.#options;
    const { call, ref } = asked;
    if (replicas === undefined) throw notFound(call, ref);
    const { self } = replicas;
    if (guess && call.forwarded !== true && ref.holder !== self && replicas.isAlive(ref.holder))
      return this.#resumeAt(ref.holder, asked, replicas);
    const row = await replicas.parked.read(ref.id);
    const image = row === undefined ? undefined : openImage(seal, ref.id, row.body);
    if (row === undefined || image === undefined || !fits(image, row, asked)) throw notFound(call, ref);
    if (image.end !== undefined) {
      if ('thrown' in image.end) throw image.end.thrown;
      return image.end.outcome;
    }
    if (row.holder === self) {
      // Another retry may have taken it over since this one looked for it here.
      if (this.#taking.has(ref.id) || this.#options.store.get(ref.id) !== undefined) return undefined;
      throw notFound(call, ref);
    }
    if (!replicas.isAlive(row.holder)) {
      await this.#take(row, asked);
      return undefined;
    }
    if (call.forwarded === true) throw new GatewardError('UPSTREAM_UNAVAILABLE');
    return this.#resumeAt(row.holder, asked, replicas);
  }

  async #resumeAt(
    holder: string,
    { call, context }: Asked,
    replicas: Replicas,
  ): Promise<Outcome | undefined> {
    try {
      return await replicas.callAt(holder, { upstream: this.#options.upstream, call, context });
    } catch (thrown) {
      const code = thrown instanceof GatewardError ? thrown.code : undefined;
      const gone = code === 'UPSTREAM_LOST' && !replicas.isAlive(holder);
      if (gone || code === 'UPSTREAM_UNAVAILABLE') return undefined;
      throw thrown;
    }
  }

  /** Takes a call over from a replica that died, unless another one does. Goes on if the retry gives up. */
  async #take(row: ParkedRow, asked: Asked): Promise<void> {
    const { id } = row;
    const before = this.#taking.get(id);
    const taking = before ?? this.#claim(row, asked).finally(() => this.#taking.delete(id));
    if (before === undefined) this.#taking.set(id, taking);
    await raceAbort(taking, asked.call.signal);
  }

  async #claim(row: ParkedRow, { call, context }: Asked): Promise<void> {
    const { replicas, seal, seats, store } = this.#options;
    const { id } = row;
    const claimed = await replicas?.parked.claim(id, row, replicas.self);
    const image = claimed === undefined ? undefined : openImage(seal, id, claimed.body);
    // Undefined: another replica was faster. With an end there is nothing to go on with.
    if (claimed === undefined || image === undefined || image.end !== undefined) return;
    const parts = this.#partsOf({ id, call, context, itself: () => restored, by: claimed });
    const orphan = { image, answers: claimed.answers, call, context };
    const restored: InteractiveCall = await takeOver(orphan, seats, parts);
    if (this.#closed || !store.put(id, restored)) restored.dispose();
  }

  #partsOf({ id, call, context, itself, by }: CallToKeep): InteractiveCallParts {
    const { upstream, seal, clock, inputTimeoutMs, collectMs, store, replicas, seats, log } = this.#options;
    const holder = replicas?.self ?? '';
    const ttlMs = inputTimeoutMs + REPLAY_MS;
    return {
      clock,
      collectMs,
      inputTimeoutMs,
      replayMs: REPLAY_MS,
      interactive: methodRuleOf(call.method)?.mayAskForInput === true,
      repeatable: seats.repeatable(call),
      stateOf: (round) =>
        sealState(seal, { upstream, call, context }, { id, round, holder, expiresAtMs: clock.now() + ttlMs }),
      keep: () => store.put(id, itself()),
      forget: () => store.delete(id),
      onResumable: replicas && call.task?.onResumable,
      record:
        replicas === undefined
          ? NO_RECORD
          : new CallRow({ id, table: replicas.parked, self: replicas.self, seal, ttlMs, log }, by),
    };
  }
}

/** A call, and how it is kept. */
interface CallToKeep {
  readonly id: string;
  readonly call: Call;
  readonly context: AuthorizationContext;
  readonly itself: () => InteractiveCall;
  /** Given for one that was taken over. */
  readonly by?: Holding;
}

/** Whether a retry is the next one, or the newest one again. */
function fits(image: ParkedImage, { answers }: ParkedRow, asked: Asked): boolean {
  if (asked.ref.round === NEWEST) return true;
  const begun = asked.ref.round + 1;
  if (begun === image.round) return image.digest === asked.answers.digest;
  return begun === image.round + 1 && answers === 'none' && image.end === undefined;
}

/** Of a task's call that ran, nothing is known any more; a state of any other call has to be good. */
function notFound({ task }: Call, ref: ParkedRef | undefined): GatewardError {
  const ran = task?.again === true || ref?.round === NEWEST;
  return new GatewardError(ran ? 'UPSTREAM_LOST' : 'STATE_INVALID');
}
