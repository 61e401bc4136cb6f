import type { JsonText } from '../../lib/json-text.ts';
import { SparseMap } from '../../lib/sparse-map.ts';

/** How a client answered a reverse request. */
export type ReverseReply = { readonly result: JsonText } | { readonly error: JsonText };

/** What a legacy server asks of its client: `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export interface ReverseRequest {
  /** The raw text of its id. */
  readonly id: string;
  readonly method: string;
  readonly params: JsonText | undefined;
  /** Aborts when the server takes the question back, or is gone. */
  readonly withdrawn: AbortSignal;
  /**
   * Sends the answer. Only the first counts, and none after the question was taken back. Resolves with whether the
   * server has it. Never rejects.
   */
  respond(reply: ReverseReply): Promise<boolean>;
}

const MAX_OPEN = 256;

/** The reverse requests of one connection that wait for an answer, by the raw text of their ids. */
export class OpenReverseRequests {
  readonly #open = new SparseMap<string, AbortController>();
  readonly #send: (id: string, reply: ReverseReply) => Promise<boolean>;

  /** `send` gives what `ReverseRequest.respond` does. */
  constructor(send: (id: string, reply: ReverseReply) => Promise<boolean>) {
    this.#send = send;
  }

  /** Notes a request; undefined if too many wait already, or one with this id does. */
  add(id: string, method: string, params: JsonText | undefined): ReverseRequest | undefined {
    if (this.#open.size >= MAX_OPEN || this.#open.has(id)) return undefined;
    const withdrawn = new AbortController();
    this.#open.set(id, withdrawn);
    return {
      id,
      method,
      params,
      withdrawn: withdrawn.signal,
      respond: async (reply) => {
        if (this.#open.get(id) !== withdrawn) return false;
        this.#open.delete(id);
        return this.#send(id, reply);
      },
    };
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** The server takes a request back. */
  withdraw(id: string): void {
    const withdrawn = this.#open.get(id);
    this.#open.delete(id);
    withdrawn?.abort();
  }

  /** The server is gone. */
  withdrawAll(): void {
    for (const id of this.#open.keys()) this.withdraw(id);
  }
}
