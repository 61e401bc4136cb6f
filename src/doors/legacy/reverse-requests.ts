import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { nameQuestion } from '../../session/question-ids.ts';
import { writeNotification, writeRequest } from '../../wire/message.ts';

/** How a reverse request ended. */
export type Answer =
  | { readonly kind: 'result'; readonly result: JsonText }
  | { readonly kind: 'error'; readonly error: JsonText }
  /** Nobody answered in time, or the client is gone. */
  | { readonly kind: 'expired' }
  /** Who asked does not want to know any more. */
  | { readonly kind: 'withdrawn' };

/** A question in the words in which it leaves. */
export interface WordedQuestion {
  /** Unique in the session, whichever replica asks. */
  readonly name: string;
  /** The whole request to the client. */
  readonly message: Buffer;
}

/** What is asked, and the way on which it leaves. */
export interface Question extends WordedQuestion {
  /** What the asker calls it, to take it back by that. */
  readonly alias?: string | undefined;
  /** Name of the stream that keeps it. */
  readonly stream?: string | undefined;
  /** Sends the question, unless it has left before. */
  readonly ask: (() => void) | undefined;
  readonly send: (message: Buffer) => Promise<void> | undefined;
}

/** A reverse request on its way. */
export interface Asked {
  readonly answer: Promise<Answer>;
  /** Takes the question back, and tells the client so. */
  withdraw(): void;
}

interface Waiting {
  readonly alias: string | undefined;
  readonly stream: string | undefined;
  readonly takeBack: (answer: Answer) => void;
  readonly finish: (answer: Answer) => void;
  restart(): void;
}

/** Milliseconds that a person has for one answer; progress of the client starts them anew. */
const ANSWER_TIMEOUT_MS = 600_000;
const MAX_WAITING = 64;
const EMPTY = JsonText.written('{}');

/**
 * The questions of one session that wait for its client: requests from server to client, answered by a POST. Each has
 * an id that says where its answer belongs, and carries it as its progress token too.
 */
export class ReverseRequests {
  readonly #clock: Clock;
  readonly #idOf: (name: string, stream: string | undefined) => string;
  readonly #waiting = new Map<string, Waiting>();

  /** `idOf` gives the raw id of a question by its name and the stream that keeps it. */
  constructor(clock: Clock, idOf: (name: string, stream: string | undefined) => string) {
    this.#clock = clock;
    this.#idOf = idOf;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Words a question, which is not asked by that. */
  word(method: string, params: JsonText | undefined, stream: string | undefined): WordedQuestion {
    const name = nameQuestion();
    const id = this.#idOf(name, stream);
    return { name, message: writeRequest(id, method, withProgressToken(params, id)).bytes };
  }

  /** Asks, and waits for the answer. Throws INTERNAL_ERROR when too many wait already. */
  ask({ name, message, alias, stream, ask, send }: Question): Asked {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new GatewardError('INTERNAL_ERROR', { detail: 'Too many questions wait for this client.' });
    }
    const answer = Promise.withResolvers<Answer>();
    let callOff = (): void => undefined;
    const finish = (given: Answer): void => {
      if (!this.#waiting.delete(name)) return;
      callOff();
      answer.resolve(given);
    };
    const takeBack = (given: Answer): void => {
      if (!this.#waiting.has(name)) return;
      finish(given);
      void send(writeWithdrawal(message));
    };
    const restart = (): void => {
      callOff();
      callOff = this.#clock.after(ANSWER_TIMEOUT_MS, () => takeBack({ kind: 'expired' }));
    };
    this.#waiting.set(name, { alias, stream, takeBack, finish, restart });
    restart();
    ask?.();
    return { answer: answer.promise, withdraw: () => takeBack({ kind: 'withdrawn' }) };
  }

  /** Takes the answer to a question. False where nobody waits for it: it is late, or another replica's. */
  finish(name: string, answer: Answer): boolean {
    const waiting = this.#waiting.get(name);
    waiting?.finish(answer);
    return waiting !== undefined;
  }

  /** The client is at work on it, so it gets more time. False where nobody waits for it. */
  restart(name: string): boolean {
    const waiting = this.#waiting.get(name);
    waiting?.restart();
    return waiting !== undefined;
  }

  /** Whether a question waits that left on this stream. */
  isWaitingOn(stream: string): boolean {
    for (const waiting of this.#waiting.values()) if (waiting.stream === stream) return true;
    return false;
  }

  /** Takes the questions back that their asker calls so. */
  withdraw(alias: string): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.alias === alias) waiting.takeBack({ kind: 'withdrawn' });
    }
  }

  /** Forgets the questions of a stream that another replica goes on with. */
  drop(stream: string): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.stream === stream) waiting.finish({ kind: 'withdrawn' });
    }
  }

  /** The client is gone: nobody will answer. */
  expireAll(): void {
    for (const { finish } of [...this.#waiting.values()]) finish({ kind: 'expired' });
  }
}

function writeWithdrawal(question: Buffer): Buffer {
  const requestId = JsonText.parse(question).get('id');
  return writeNotification('notifications/cancelled', JsonText.written('{}').with({ requestId })).bytes;
}

function withProgressToken(params: JsonText | undefined, token: string): JsonText {
  const holder = params ?? EMPTY;
  const meta = holder.get('_meta');
  const base = meta?.kind === 'object' ? meta : EMPTY;
  return holder.with({ _meta: base.with({ progressToken: JsonText.written(token) }) });
}
