import type { JsonText } from '../../lib/json-text.ts';
import { inputRequest, inputRequiredResult } from '../../wire/rev2025-11-25/upstream-result.ts';
import {
  missingCapability,
  type RequiredCapabilities,
  refusal,
  unansweredReply,
  withinContext,
} from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { InputAnswers } from './input-answers.ts';
import type { ReverseReply, ReverseRequest } from './reverse-request.ts';

interface Question {
  readonly reverse: ReverseRequest;
  /** True once the client was asked; nobody can answer what was not asked. */
  asked: boolean;
}

/** How the client is asked: a whole InputRequiredResult, and what legacy clients are told beside it. */
export interface Asking {
  readonly result: JsonText;
  readonly elicitationIds: ReadonlyMap<string, string>;
}

const MAX_QUESTIONS = 64;
const NOT_DECLARED = refusal(-32601, 'The client did not declare the capability for this request.');
const TOO_MANY = refusal(-32603, 'The call asks for too much at once.');

/** What a legacy server asks during one call and nobody has answered yet. */
export class OpenQuestions {
  readonly #questions = new Map<string, Question>();
  readonly #onWithdrawn: (key: string) => void;
  #lastKey = 0;
  /** What the server asked for although the caller does not declare it. */
  missing: RequiredCapabilities | undefined;

  constructor(onWithdrawn: (key: string) => void) {
    this.#onWithdrawn = onWithdrawn;
  }

  get size(): number {
    return this.#questions.size;
  }

  add(reverse: ReverseRequest): void {
    if (this.#questions.size >= MAX_QUESTIONS) {
      reverse.respond({ error: TOO_MANY });
      return;
    }
    const key = `input-${++this.#lastKey}`;
    this.#questions.set(key, { reverse, asked: false });
    const onWithdrawn = () => {
      if (this.#questions.delete(key)) this.#onWithdrawn(key);
    };
    reverse.withdrawn.addEventListener('abort', onWithdrawn, { once: true });
  }

  /** Refuses what these capabilities do not allow to ask (2026-07-28 patterns/mrtr: never ask for it). */
  screen(capabilities: JsonText): void {
    for (const [key, { reverse }] of this.#questions) {
      const missing = missingCapability(reverse, capabilities);
      if (missing === undefined) continue;
      this.missing = merge(this.missing, missing);
      this.#questions.delete(key);
      reverse.respond({ error: NOT_DECLARED });
    }
  }

  /** Asks for everything that is open. */
  ask(capabilities: JsonText, requestState: string): Asking {
    const requests = new Map<string, JsonText>();
    const elicitationIds = new Map<string, string>();
    for (const [key, question] of this.#questions) {
      question.asked = true;
      const { method, params } = question.reverse;
      const { request, elicitationId } = inputRequest(method, withinContext(params, capabilities));
      requests.set(key, request);
      if (elicitationId !== undefined) elicitationIds.set(key, elicitationId);
    }
    return { result: inputRequiredResult(requests, requestState), elicitationIds };
  }

  /** Gives the server the answers to what was asked; other keys mean nothing. True if there was one. */
  answer({ replies }: InputAnswers): boolean {
    let any = false;
    for (const [key, reply] of replies) {
      const question = this.#questions.get(key);
      if (question?.asked !== true) continue;
      this.#respond(key, question, reply);
      any = true;
    }
    return any;
  }

  /** Nobody will answer any more. */
  giveUp(): void {
    for (const [key, question] of this.#questions)
      this.#respond(key, question, unansweredReply(question.reverse.method));
  }

  /** The server no longer waits for answers. */
  clear(): void {
    this.#questions.clear();
  }

  #respond(key: string, { reverse }: Question, reply: ReverseReply): void {
    this.#questions.delete(key);
    reverse.respond(reply);
  }
}

function merge(one: RequiredCapabilities | undefined, other: RequiredCapabilities): RequiredCapabilities {
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, { ...one?.[name], ...other[name] }]));
}
