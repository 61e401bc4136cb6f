import type { InputRequired } from '../../call.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { asksForUnsafeUrl } from '../../wire/asked-url.ts';
import { inputRequest, inputRequiredResult } from '../../wire/rev2025-11-25/upstream-result.ts';
import {
  missingCapability,
  type RequiredCapabilities,
  refusal,
  unansweredReply,
  withinContext,
} from '../../wire/rev2025-11-25/upstream-reverse.ts';
import { type GivenAnswer, questionDigest } from './given-answers.ts';
import type { InputAnswers } from './input-answers.ts';
import type { AskedQuestion } from './parked-image.ts';
import type { ReverseReply, ReverseRequest } from './reverse-request.ts';

interface Question {
  readonly reverse: ReverseRequest;
  /** True once the client was asked; nobody can answer what was not asked. */
  asked: boolean;
}

const MAX_QUESTIONS = 64;
const NOT_DECLARED = refusal(-32601, 'The client did not declare the capability for this request.');
const UNSAFE_URL = refusal(-32602, 'Only addresses with http and https can be opened.');
const TOO_MANY = refusal(-32603, 'The call asks for too much at once.');

/** What a legacy server asks during one call and nobody has answered yet. */
export class OpenQuestions {
  readonly #questions = new Map<string, Question>();
  readonly #onWithdrawn: (key: string) => void;
  /** Tells the client that was asked. */
  #tellWithdrawn: (key: string) => void = () => undefined;
  #lastKey = 0;
  #version = 0;
  /** What the server asked for although the caller does not declare it. */
  missing: RequiredCapabilities | undefined;

  constructor(onWithdrawn: (key: string) => void) {
    this.#onWithdrawn = onWithdrawn;
  }

  get size(): number {
    return this.#questions.size;
  }

  /** Grows with each question that comes or goes. */
  get version(): number {
    return this.#version;
  }

  add(reverse: ReverseRequest): void {
    if (this.#questions.size >= MAX_QUESTIONS) {
      void reverse.respond({ error: TOO_MANY });
      return;
    }
    if (asksForUnsafeUrl(reverse.method, reverse.params)) {
      void reverse.respond({ error: UNSAFE_URL });
      return;
    }
    this.#put(`input-${++this.#lastKey}`, reverse, false);
  }

  /** What another replica asked the client. */
  restore(asked: readonly (readonly [key: string, reverse: ReverseRequest])[], lastKey: number): void {
    this.#questions.clear();
    this.#lastKey = lastKey;
    for (const [key, reverse] of asked) this.#put(key, reverse, true);
  }

  /** Number of the last key that was given. */
  get lastKey(): number {
    return this.#lastKey;
  }

  /** What the client was asked and these answers leave open. */
  open(answers?: InputAnswers): AskedQuestion[] {
    const open = [...this.#questions].filter(
      ([key, { asked }]) => asked && answers?.replies.has(key) !== true,
    );
    return open.map(([key, { reverse }]) => {
      const { id, method, params } = reverse;
      return { key, id, method, params };
    });
  }

  /** What these answers answer. */
  answeredBy({ replies }: InputAnswers): GivenAnswer[] {
    const given: GivenAnswer[] = [];
    for (const [key, reply] of replies) {
      const question = this.#questions.get(key);
      if (question?.asked !== true) continue;
      const { method, params } = question.reverse;
      given.push({ question: questionDigest(method, params), reply });
    }
    return given;
  }

  #put(key: string, reverse: ReverseRequest, asked: boolean): void {
    this.#version++;
    this.#questions.set(key, { reverse, asked });
    const onWithdrawn = () => {
      if (this.#questions.get(key)?.reverse !== reverse) return;
      this.#version++;
      this.#questions.delete(key);
      this.#tellWithdrawn(key);
      this.#onWithdrawn(key);
    };
    reverse.withdrawn.addEventListener('abort', onWithdrawn, { once: true });
  }

  /** Refuses what these capabilities do not allow to ask (2026-07-28 patterns/mrtr: never ask for it). */
  screen(capabilities: JsonText): void {
    for (const [key, { reverse }] of this.#questions) {
      const missing = missingCapability(reverse, capabilities);
      if (missing === undefined) continue;
      this.missing = merge(this.missing, missing);
      this.#version++;
      this.#questions.delete(key);
      void reverse.respond({ error: NOT_DECLARED });
    }
  }

  /** Asks for everything that is open. */
  ask(capabilities: JsonText, requestState: string): InputRequired {
    const requests = new Map<string, JsonText>();
    const elicitationIds = new Map<string, string>();
    for (const [key, question] of this.#questions) {
      question.asked = true;
      const { method, params } = question.reverse;
      const { request, elicitationId } = inputRequest(method, withinContext(params, capabilities));
      requests.set(key, request);
      if (elicitationId !== undefined) elicitationIds.set(key, elicitationId);
    }
    const onWithdrawn = (run: (key: string) => void): void => {
      this.#tellWithdrawn = run;
    };
    const result = inputRequiredResult(requests, requestState);
    return { kind: 'input_required', result, legacy: { elicitationIds, onWithdrawn } };
  }

  /**
   * Gives the server the answers to what was asked; other keys mean nothing. Resolves with whether it has them all;
   * undefined if there was nothing to give.
   */
  answer({ replies }: InputAnswers): Promise<boolean> | undefined {
    this.#tellWithdrawn = () => undefined;
    const given: Promise<boolean>[] = [];
    for (const [key, reply] of replies) {
      const question = this.#questions.get(key);
      if (question?.asked === true) given.push(this.#respond(key, question, reply));
    }
    if (given.length === 0) return undefined;
    return Promise.all(given).then((delivered) => !delivered.includes(false));
  }

  /** Nobody will answer any more. */
  giveUp(): void {
    for (const [key, question] of this.#questions)
      void this.#respond(key, question, unansweredReply(question.reverse.method));
  }

  /** The server no longer waits for answers. */
  clear(): void {
    this.#tellWithdrawn = () => undefined;
    this.#questions.clear();
  }

  #respond(key: string, { reverse }: Question, reply: ReverseReply): Promise<boolean> {
    this.#questions.delete(key);
    return reverse.respond(reply);
  }
}

function merge(one: RequiredCapabilities | undefined, other: RequiredCapabilities): RequiredCapabilities {
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, { ...one?.[name], ...other[name] }]));
}
