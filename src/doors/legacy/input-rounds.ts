import type { Complete, Failed, InputRequired, Outcome, TaskMade } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { failedBy } from '../../wire/failure.ts';
import { type CallState, FIRST_CALL, type RoundAnswers } from './call-state.ts';
import { notGiven, Round, type RoundOptions } from './input-round.ts';
import type { Journal } from './journal.ts';

/** One call of a legacy client, and what its rounds need. */
export interface RoundsOptions extends RoundOptions {
  /** Calls the inside: first without answers, then once for each round. */
  readonly call: (answers: RoundAnswers | undefined, round: number) => Promise<Outcome>;
  readonly clock: Clock;
  /** Takes how far the call is. */
  readonly journal: Journal;
  /** How far another replica was; undefined for a call that begins. */
  readonly from?: CallState | undefined;
}

/** A call that never ends may keep asking only so often. */
const MAX_ROUNDS = 8;
/** One call of a legacy server asks one thing after another as often as it likes; this only ends what has no end. */
const MAX_PARKED_ROUNDS = 1000;
/** Milliseconds before a retry that answers nothing. */
const PACE_MS = 250;
const NO_REFUSALS: ReadonlyMap<string, JsonText> = new Map();

/**
 * Runs a call to its end: what the inside asks in `input_required` outcomes goes to the client as reverse requests, and
 * its answers go back in a retry (2026-07-28 basic/patterns/mrtr). When the signal aborts, questions are taken back.
 * Throws what the journal throws.
 */
export async function runRounds(options: RoundsOptions): Promise<Complete | TaskMade | Failed> {
  let state = options.from ?? FIRST_CALL;
  for (;;) {
    if (state.phase === 'asking') {
      const answers = await answersOf(Round.goOn(state.asked, options), state.round, options);
      if ('kind' in answers) return answers;
      state = await retryWith(answers, state.round, options);
    }
    const { round } = state;
    const outcome = await options.call(state.answers, round);
    if (outcome.kind !== 'input_required') return outcome;
    if (options.signal.aborted) return notGiven('The call was cancelled.');
    const most = isParked(outcome, options) ? MAX_PARKED_ROUNDS : MAX_ROUNDS;
    if (round >= most) return notGiven(`It asked more than ${most} times.`);
    const next = await answerRound(outcome, round, options);
    if ('kind' in next) return next;
    state = await retryWith(next, round, options);
  }
}

/** True while a task, or a call of a legacy server, waits for the answers; otherwise the retry calls anew. */
function isParked({ legacy, result }: InputRequired, { relatedTask }: RoundsOptions): boolean {
  if (relatedTask !== undefined) return true;
  return legacy !== undefined && result.get('requestState') !== undefined;
}

async function retryWith(answers: RoundAnswers, round: number, { journal }: RoundsOptions) {
  const state = { phase: 'calling', round: round + 1, answers } as const;
  await journal.calling(state);
  return state;
}

async function answerRound(
  outcome: InputRequired,
  round: number,
  options: RoundsOptions,
): Promise<RoundAnswers | Failed> {
  const requestState = outcome.result.get('requestState');
  if ((outcome.result.get('inputRequests')?.keys() ?? []).length > 0)
    return answersOf(Round.of(outcome, options), round, options);
  if (requestState === undefined) return failedBy(new GatewardError('UPSTREAM_INVALID'));
  await wait(options.clock, PACE_MS, options.signal);
  return { responses: undefined, requestState, refusals: NO_REFUSALS };
}

async function answersOf(
  round: Round,
  number: number,
  { journal, signal }: RoundsOptions,
): Promise<RoundAnswers | Failed> {
  await round.ask((asked) => journal.asking({ phase: 'asking', round: number, asked }));
  const { failure, responses, requestState, refusals } = round;
  if (signal.aborted) return notGiven('The call was cancelled.');
  return failure ?? { responses, requestState, refusals };
}
