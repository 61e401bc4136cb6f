import { randomUUID } from 'node:crypto';
import type { Failed, InputRequired } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Abortable } from '../../lib/abort.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';
import { type ReverseRequest, toReverseRequest } from '../../wire/rev2025-11-25/reverse-request.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';
import { withoutRelatedTask, withRelatedTask } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';
import { refusal, unansweredReply } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { AskedRound, RoundQuestion } from './call-state.ts';
import type { Outlet } from './outlet.ts';
import type { Answer, Asked, ReverseRequests } from './reverse-requests.ts';

/** The client that a round asks. */
export interface RoundOptions {
  /** Where questions leave. */
  readonly outlet: Outlet;
  readonly questions: ReverseRequests;
  readonly revision: Revision;
  /** What the client can be asked, as `_meta` carries it. */
  readonly capabilities: JsonText;
  readonly signal: Abortable;
  /** Whether a question of another replica is on its way to the client. */
  readonly hasLeft?: ((question: Buffer) => boolean) | undefined;
  /** Id of the task that asks. */
  readonly relatedTask?: string | undefined;
}

type Askable = Extract<ReverseRequest, { kind: 'ask' }>;

const CANCEL = JsonText.of({ action: 'cancel' });
const INVALID_PARAMS = -32_602;

/** The questions of one `input_required` outcome, and what the client says to them. */
export class Round {
  readonly requestState: JsonText | undefined;
  readonly responses: Map<string, JsonText>;
  readonly refusals: Map<string, JsonText>;
  /** Set when the call cannot go on. */
  failure: Failed | undefined;
  readonly #options: RoundOptions;
  readonly #isLegacy: boolean;
  #onWithdrawn: ((run: (key: string) => void) => void) | undefined;
  #questions: readonly RoundQuestion[] = [];
  /** Questions of another replica. */
  #isOld = false;
  readonly #asked = new Map<string, Asked>();

  private constructor(asked: Omit<AskedRound, 'questions'>, options: RoundOptions) {
    this.requestState = asked.requestState;
    this.responses = new Map(asked.responses);
    this.refusals = new Map(asked.refusals);
    this.#isLegacy = asked.isLegacy;
    this.#options = options;
  }

  /** Words the questions of an outcome for the client. */
  static of(outcome: InputRequired, options: RoundOptions): Round {
    const requestState = outcome.result.get('requestState');
    // A task can be told of refusals, as a legacy upstream can.
    const isLegacy = outcome.legacy !== undefined || options.relatedTask !== undefined;
    const empty = new Map<string, JsonText>();
    const round = new Round({ requestState, isLegacy, responses: empty, refusals: empty }, options);
    round.#word(outcome);
    return round;
  }

  /** Goes on with a round of another replica. */
  static goOn(asked: AskedRound, options: RoundOptions): Round {
    const round = new Round(asked, options);
    round.#questions = asked.questions;
    round.#isOld = true;
    return round;
  }

  /** Asks everything and waits for the answers. `note` runs with what is asked, before it leaves. */
  async ask(note: (asked: AskedRound) => void): Promise<void> {
    const { outlet, signal } = this.#options;
    if (this.failure !== undefined) return;
    if (!outlet.open) {
      for (const { key, method } of this.#questions) this.#unanswered(key, method);
      return;
    }
    const withdrawAll = () => {
      for (const asked of this.#asked.values()) asked.withdraw();
    };
    if (!this.#isOld) note(this.#describe());
    signal.addEventListener('abort', withdrawAll, { once: true });
    this.#onWithdrawn?.((key) => this.#asked.get(key)?.withdraw());
    try {
      await Promise.all(this.#questions.map((question) => this.#askOne(question)));
    } catch (thrown) {
      this.failure = failedBy(thrown);
      withdrawAll();
    } finally {
      signal.removeEventListener('abort', withdrawAll);
    }
  }

  /** Nothing is asked before all of a round can be. */
  #word(outcome: InputRequired): void {
    const { revision, capabilities, questions, outlet, relatedTask } = this.#options;
    const related = (params: JsonText | undefined) =>
      relatedTask === undefined ? params : withRelatedTask(params, relatedTask);
    const requests = outcome.result.get('inputRequests');
    const askable = new Map<string, Askable>();
    for (const key of requests?.keys() ?? []) {
      const elicitationId = () => outcome.legacy?.elicitationIds.get(key) ?? randomUUID();
      const client = { revision, capabilities, elicitationId };
      const reverse = toReverseRequest(requests?.get(key) ?? CANCEL, client);
      if (reverse.kind === 'ask') askable.set(key, reverse);
      else if (reverse.kind === 'invalid') this.failure = failedBy(new GatewardError('UPSTREAM_INVALID'));
      else this.#lacking(key, reverse.capability);
    }
    this.#onWithdrawn = outcome.legacy?.onWithdrawn;
    this.#questions = [...askable].map(([key, { method, params }]) => ({
      key,
      method,
      ...questions.word(method, related(params), outlet.stream),
    }));
  }

  #describe(): AskedRound {
    const { requestState, responses, refusals } = this;
    return {
      requestState,
      isLegacy: this.#isLegacy,
      responses: new Map(responses),
      refusals: new Map(refusals),
      questions: this.#questions,
    };
  }

  async #askOne({ key, name, method, message }: RoundQuestion): Promise<void> {
    const { questions, outlet, hasLeft } = this.#options;
    const left = this.#isOld && hasLeft?.(message) === true;
    const asked = questions.ask({
      name,
      message,
      stream: outlet.stream,
      ask: left ? undefined : () => void outlet.ask(message, name),
      send: (withdrawal) => outlet.send(withdrawal),
    });
    this.#asked.set(key, asked);
    this.#take(key, method, await asked.answer);
    // One answer that ends the call makes the others useless.
    if (this.failure !== undefined) for (const other of this.#asked.values()) other.withdraw();
  }

  #take(key: string, method: string, answer: Answer): void {
    if (answer.kind === 'result') this.responses.set(key, withoutRelatedTask(answer.result));
    else if (answer.kind === 'error') this.#refused(key, method, answer.error);
    else if (answer.kind === 'expired') this.#unanswered(key, method);
  }

  /** No error form exists inside: a refused elicitation is a cancelled one, and without anything else the call ends. */
  #refused(key: string, method: string, error: JsonText): void {
    if (method === 'elicitation/create') this.responses.set(key, CANCEL);
    if (this.#isLegacy) this.refusals.set(key, error);
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
    if (this.#isLegacy) this.refusals.set(key, refusal(INVALID_PARAMS, text));
    else this.failure = failedBy(new GatewardError('MISSING_CAPABILITY', { detail: text }));
  }
}

function refusalText(error: JsonText): string {
  return `The client said: ${error.get('message')?.string() ?? 'an error'}`;
}

/** How a call ends whose question got no usable answer. */
export function notGiven(detail: string): Failed {
  return failedBy(new GatewardError('INPUT_NOT_GIVEN', { detail }));
}
