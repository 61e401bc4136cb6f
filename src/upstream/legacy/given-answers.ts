import { digestJson } from '../../lib/digest-json.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { ReverseReply } from './reverse-request.ts';

/** An answer that the server was given, and a digest of its question. */
export interface GivenAnswer {
  readonly question: string;
  readonly reply: ReverseReply;
}

/** Above it nothing is kept any more: calling again then asks the client again. */
const MAX_BYTES = 1_048_576;

/** Names a question by what it asks; what is new with each asking is left out. */
export function questionDigest(method: string, params: JsonText | undefined): string {
  const salient = params?.with({ _meta: undefined, elicitationId: undefined });
  return digestJson([method, salient?.value() ?? null]);
}

/** What the server was answered, so that the same questions need not be asked twice if the call has to be made again. */
export class GivenAnswers {
  #all: GivenAnswer[];
  #bytes = 0;
  /** What has not been used since `replay`. */
  #left: GivenAnswer[] = [];

  constructor(given: readonly GivenAnswer[] = []) {
    this.#all = [];
    for (const answer of given) this.add(answer);
  }

  get all(): readonly GivenAnswer[] {
    return this.#all;
  }

  add(answer: GivenAnswer): void {
    this.#bytes += ('result' in answer.reply ? answer.reply.result : answer.reply.error).bytes.length;
    if (this.#bytes > MAX_BYTES) this.#all = [];
    else this.#all.push(answer);
  }

  /** The call is made again: every answer serves once more. */
  replay(): void {
    this.#left = [...this.#all];
  }

  /** The answer to a question that was answered before; the same question twice takes its answers in their order. */
  take(method: string, params: JsonText | undefined): ReverseReply | undefined {
    if (this.#left.length === 0) return undefined;
    const question = questionDigest(method, params);
    const at = this.#left.findIndex((answer) => answer.question === question);
    return at === -1 ? undefined : this.#left.splice(at, 1)[0]?.reply;
  }
}
