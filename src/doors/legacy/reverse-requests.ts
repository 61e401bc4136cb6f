import { randomBytes } from 'node:crypto';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Message } from '../../wire/message.ts';
import { writeNotification, writeRequest } from '../../wire/message.ts';

/** How a reverse request ended. */
export type Answer =
  | { readonly kind: 'result'; readonly result: JsonText }
  | { readonly kind: 'error'; readonly error: JsonText }
  /** Nobody answered in time, or the client is gone. */
  | { readonly kind: 'expired' }
  /** Who asked does not want to know any more. */
  | { readonly kind: 'withdrawn' };

/** What is asked, and the stream on which it leaves. */
export interface Question {
  /** What the asker calls it, to take it back by name. */
  readonly name?: string | undefined;
  readonly method: string;
  readonly params: JsonText | undefined;
  readonly send: (message: Buffer) => Promise<void> | undefined;
}

/** A reverse request on its way. */
export interface Asked {
  readonly answer: Promise<Answer>;
  /** Takes the question back, and tells the client so. */
  withdraw(): void;
}

interface Waiting {
  readonly name: string | undefined;
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
 * an id that is unique in the session at whichever replica, and carries it as its progress token too.
 */
export class ReverseRequests {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Sends a question. Throws INTERNAL_ERROR when too many wait already. */
  ask({ name, method, params, send }: Question): Asked {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new GatewardError('INTERNAL_ERROR', { detail: 'Too many questions wait for this client.' });
    }
    const id = JSON.stringify(`ask-${randomBytes(12).toString('base64url')}`);
    const answer = Promise.withResolvers<Answer>();
    let callOff = (): void => undefined;
    const finish = (given: Answer): void => {
      if (!this.#waiting.delete(id)) return;
      callOff();
      answer.resolve(given);
    };
    const takeBack = (given: Answer): void => {
      if (!this.#waiting.has(id)) return;
      finish(given);
      void send(writeNotification('notifications/cancelled', JsonText.written(`{"requestId":${id}}`)).bytes);
    };
    const restart = (): void => {
      callOff();
      callOff = this.#clock.after(ANSWER_TIMEOUT_MS, () => takeBack({ kind: 'expired' }));
    };
    this.#waiting.set(id, { name, takeBack, finish, restart });
    restart();
    void send(writeRequest(id, method, withProgressToken(params, id)).bytes);
    return { answer: answer.promise, withdraw: () => takeBack({ kind: 'withdrawn' }) };
  }

  /** Takes a response that the client posted. One that nobody waits for is late, and dropped. */
  answer(message: Extract<Message, { kind: 'result' | 'error' }>): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.kind === 'result') waiting?.finish({ kind: 'result', result: message.result });
    else waiting?.finish({ kind: 'error', error: message.error });
  }

  /** Takes the client's `notifications/progress`: it is at work, so it gets more time. */
  progress(params: JsonText | undefined): void {
    const token = params?.get('progressToken')?.text;
    if (token !== undefined) this.#waiting.get(token)?.restart();
  }

  /** Takes the questions of this name back. */
  withdraw(name: string): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.name === name) waiting.takeBack({ kind: 'withdrawn' });
    }
  }

  /** The client is gone: nobody will answer. */
  expireAll(): void {
    for (const { finish } of [...this.#waiting.values()]) finish({ kind: 'expired' });
  }
}

function withProgressToken(params: JsonText | undefined, token: string): JsonText {
  const holder = params ?? EMPTY;
  const meta = holder.get('_meta');
  const base = meta?.kind === 'object' ? meta : EMPTY;
  return holder.with({ _meta: base.with({ progressToken: JsonText.written(token) }) });
}
