import { randomUUID } from 'node:crypto';
import type { Complete, Failed, InputRequired, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { failedBy } from '../../wire/failure.ts';
import { type ReverseRequest, toReverseRequest } from '../../wire/rev2025-11-25/reverse-request.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';
import { refusal, unansweredReply } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { Outlet } from './outlet.ts';
import type { Answer, Asked, ReverseRequests } from './reverse-requests.ts';

/** What a retry says: the answers to what the round before asked. */
export interface RoundAnswers {
  /** Members of `inputResponses`; undefined where nothing was asked. */
  readonly responses: ReadonlyMap<string, JsonText> | undefined;
  /** As the round before gave it, byte for byte. */
  readonly requestState: JsonText | undefined;
  /** Answers that were errors, for a legacy upstream. */
  readonly refusals: ReadonlyMap<string, JsonText>;
}

/** One call of a legacy client, and what its rounds need. */
export interface RoundsOptions {
  /** Calls the inside: first without answers, then once for each round. */
  readonly call: (answers: RoundAnswers | undefined, round: number) => Promise<Outcome>;
  /** Where questions leave. */
  readonly outlet: Outlet;
  readonly questions: ReverseRequests;
  readonly revision: Revision;
  /** What the client can be asked, as `_meta` carries it. */
  readonly capabilities: JsonText;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A call that never ends may keep asking only so often. */
const MAX_ROUNDS = 8;
/** One call of a legacy server asks one thing after another as often as it likes; this only ends what has no end. */
const MAX_PARKED_ROUNDS = 1000;
/** Milliseconds before a retry that answers nothing. */
const PACE_MS = 250;
const CANCEL = JsonText.of({ action: 'cancel' });
const INVALID_PARAMS = -32_602;
const NO_REFUSALS: ReadonlyMap<string, JsonText> = new Map();

/**
 * Runs a call to its end: what the inside asks in `input_required` outcomes goes to the client as reverse requests, and
 * its answers go back in a retry (2026-07-28 basic/patterns/mrtr). When the signal aborts, questions are taken back.
 */
export async function runRounds(options: RoundsOptions): Promise<Complete | Failed> {
  let answers: RoundAnswers | undefined;
  for (let round = 0; ; round++) {
    const outcome = await options.call(answers, round);
    if (outcome.kind !== 'input_required') return outcome;
    if (options.signal.aborted) return notGiven('The call was cancelled.');
    const most = isParked(outcome) ? MAX_PARKED_ROUNDS : MAX_ROUNDS;
    if (round >= most) return notGiven(`It asked more than ${most} times.`);
    const next = await answerRound(outcome, options);
    if ('kind' in next) return next;
    answers = next;
  }
}

/** True while a call of a legacy server waits for the answers; otherwise the retry calls anew. */
function isParked({ legacy, result }: InputRequired): boolean {
  return legacy !== undefined && result.get('requestState') !== undefined;
}

async function answerRound(outcome: InputRequired, options: RoundsOptions): Promise<RoundAnswers | Failed> {
  const requests = outcome.result.get('inputRequests');
  const requestState = outcome.result.get('requestState');
  const keys = requests?.keys() ?? [];
  if (keys.length === 0) {
    if (requestState === undefined) return failedBy(new GatewardError('UPSTREAM_INVALID'));
    await wait(options.clock, PACE_MS, options.signal);
    return { responses: undefined, requestState, refusals: NO_REFUSALS };
  }
  const round = new Round(outcome, options);
  for (const key of keys) round.prepare(key, requests?.get(key) ?? CANCEL);
  await round.ask();
  return round.failure ?? { responses: round.responses, requestState, refusals: round.refusals };
}

/** The questions of one `input_required` outcome. */
class Round {
  readonly responses = new Map<string, JsonText>();
  readonly refusals = new Map<string, JsonText>();
  /** Set when the call cannot go on. */
  failure: Failed | undefined;
  readonly #outcome: InputRequired;
  readonly #options: RoundsOptions;
  readonly #prepared = new Map<string, Extract<ReverseRequest, { kind: 'ask' }>>();
  readonly #asked = new Map<string, Asked>();

  constructor(outcome: InputRequired, options: RoundsOptions) {
    this.#outcome = outcome;
    this.#options = options;
  }

  /** Words one question for the client. Nothing is sent before all of a round can be asked. */
  prepare(key: string, request: JsonText): void {
    const { revision, capabilities } = this.#options;
    const elicitationId = () => this.#outcome.legacy?.elicitationIds.get(key) ?? randomUUID();
    const reverse = toReverseRequest(request, { revision, capabilities, elicitationId });
    if (reverse.kind === 'ask') this.#prepared.set(key, reverse);
    else if (reverse.kind === 'invalid') this.failure = failedBy(new GatewardError('UPSTREAM_INVALID'));
    else this.#lacking(key, reverse.capability);
  }

  /** Asks everything and waits for the answers. */
  async ask(): Promise<void> {
    const { outlet, signal } = this.#options;
    if (this.failure !== undefined) return;
    if (!outlet.open) {
      for (const [key, { method }] of this.#prepared) this.#unanswered(key, method);
      return;
    }
    const withdrawAll = () => {
      for (const asked of this.#asked.values()) asked.withdraw();
    };
    signal.addEventListener('abort', withdrawAll, { once: true });
    this.#outcome.legacy?.onWithdrawn((key) => this.#asked.get(key)?.withdraw());
    try {
      await Promise.all([...this.#prepared].map(([key, reverse]) => this.#askOne(key, reverse)));
    } catch (thrown) {
      this.failure = failedBy(thrown);
      withdrawAll();
    } finally {
      signal.removeEventListener('abort', withdrawAll);
    }
  }

  async #askOne(key: string, { method, params }: Extract<ReverseRequest, { kind: 'ask' }>): Promise<void> {
    const { questions, outlet } = this.#options;
    const asked = questions.ask({ method, params, send: (message) => outlet.send(message) });
    this.#asked.set(key, asked);
    this.#take(key, method, await asked.answer);
    // One answer that ends the call makes the others useless.
    if (this.failure !== undefined) for (const other of this.#asked.values()) other.withdraw();
  }

  #take(key: string, method: string, answer: Answer): void {
    if (answer.kind === 'result') this.responses.set(key, answer.result);
    else if (answer.kind === 'error') this.#refused(key, method, answer.error);
    else if (answer.kind === 'expired') this.#unanswered(key, method);
  }

  /** No error form exists inside: a refused elicitation is a cancelled one, and without anything else the call ends. */
  #refused(key: string, method: string, error: JsonText): void {
    if (method === 'elicitation/create') this.responses.set(key, CANCEL);
    if (this.#outcome.legacy !== undefined) this.refusals.set(key, error);
    else if (method !== 'elicitation/create') this.failure = notGiven(refusalText(error));
  }

  #unanswered(key: string, method: string): void {
    const reply = unansweredReply(method);
    if ('result' in reply) this.responses.set(key, reply.result);
    else this.#refused(key, method, reply.error);
  }

  /** A legacy upstream hears of it and goes on; for a modern one the call ends. */
  #lacking(key: string, capability: string): void {
    const text = `The client does not offer ${capability}.`;
    if (this.#outcome.legacy !== undefined) this.refusals.set(key, refusal(INVALID_PARAMS, text));
    else this.failure = failedBy(new GatewardError('MISSING_CAPABILITY', { detail: text }));
  }
}

function refusalText(error: JsonText): string {
  return `The client said: ${error.get('message')?.string() ?? 'an error'}`;
}

function notGiven(detail: string): Failed {
  return failedBy(new GatewardError('INPUT_NOT_GIVEN', { detail }));
}
