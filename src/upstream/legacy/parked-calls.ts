import { randomUUID } from 'node:crypto';
import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Seal } from '../../lib/seal.ts';
import { methodRuleOf } from '../../wire/rev2026-07-28/registry.ts';
import { readAnswers } from './input-answers.ts';
import { InteractiveCall, type InteractiveCallParts } from './interactive-call.ts';
import type { Exchange, ExchangeOwner } from './legacy-exchange.ts';
import { openState, sealState } from './request-state.ts';

/** Where parked calls are kept until their retries come. */
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
  /** Milliseconds that a call waits for the client's answers. */
  readonly inputTimeoutMs: number;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  readonly store: ParkedStore;
}

/** What starts a call. */
export interface StartCall {
  readonly call: Call;
  readonly context: AuthorizationContext;
  readonly launch: (owner: ExchangeOwner) => Exchange;
  readonly toOutcome: InteractiveCallParts['toOutcome'];
  /**
   * Called once the server is done with the call. `marked` tells that the session must not serve another caller: the
   * server got answers of this one, or may still be at work for it.
   */
  readonly ended: (marked: boolean) => void;
}

/** Milliseconds for which a retry that comes again gets the same outcome. */
const REPLAY_MS = 60_000;

/** The calls to one legacy upstream: runs them, parks them when the server asks back, and goes on with retries. */
export class ParkedCalls {
  readonly #options: ParkedCallsOptions;

  constructor(options: ParkedCallsOptions) {
    this.#options = options;
  }

  /** Runs a call. Resolves with its outcome, which may be `input_required`; rejects as its exchange does. */
  start({ call, context, launch, toOutcome, ended }: StartCall): Promise<Outcome> {
    const { upstream, seal, clock, inputTimeoutMs, collectMs, store } = this.#options;
    const id = randomUUID();
    const running: InteractiveCall = new InteractiveCall(
      {
        clock,
        collectMs,
        inputTimeoutMs,
        replayMs: REPLAY_MS,
        interactive: methodRuleOf(call.method)?.mayAskForInput === true,
        toOutcome,
        park: (round) => {
          if (!store.put(id, running)) return undefined;
          const expiresAtMs = clock.now() + inputTimeoutMs + REPLAY_MS;
          return sealState(seal, { upstream, call, context }, { id, round, expiresAtMs });
        },
        forget: () => store.delete(id),
      },
      call,
    );
    return running.start((owner) => {
      const exchange = launch(owner);
      exchange.reply.then(
        () => ended(running.answered),
        () => ended(true),
      );
      return exchange;
    });
  }

  /** Goes on with a parked call. Throws STATE_INVALID if there is none for this state, call and caller. */
  async resume(call: Call, context: AuthorizationContext, requestState: string): Promise<Outcome> {
    const { upstream, seal, clock, store } = this.#options;
    const owner = { upstream, call, context };
    const ref = openState(seal, owner, { text: requestState, nowMs: clock.now() });
    const parked = ref === undefined ? undefined : store.get(ref.id);
    if (ref === undefined || parked === undefined) throw new GatewardError('STATE_INVALID');
    return await parked.resume({ call, round: ref.round, answers: readAnswers(call) });
  }

  /** The gateway stops: nothing waits any more. */
  close(): void {
    for (const call of this.#options.store.all()) call.dispose();
  }
}
