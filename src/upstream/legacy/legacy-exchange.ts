import type { StreamHints } from '../../call.ts';
import type { GatewardError } from '../../errors.ts';
import { Abort } from '../../lib/abort.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { LegacyNotification } from '../../wire/rev2025-11-25/upstream-notifications.ts';
import type { ReverseRequest } from './reverse-request.ts';

/** How a legacy server answered a request. */
export type Reply =
  | { readonly kind: 'result'; readonly result: JsonText }
  | { readonly kind: 'error'; readonly error: JsonText };

/** Who made a request, and so gets what the server sends for it before the reply. */
export interface ExchangeOwner {
  /** Whether it can be asked back (2026-07-28 patterns/mrtr §Supported Requests). */
  readonly interactive: boolean;
  /** Told what becomes of the request's stream. */
  readonly stream: StreamHints | undefined;
  /** The server's task that the request is about, where the server asks for that task meanwhile. */
  readonly taskId?: string;
  readonly onNotification: (notification: LegacyNotification) => Promise<void> | undefined;
  readonly onReverse: (reverse: ReverseRequest) => void;
}

/** Who makes a request for which nothing but the reply counts. */
export const UNTOLD: ExchangeOwner = {
  interactive: false,
  stream: undefined,
  onNotification: () => undefined,
  onReverse: () => undefined,
};

/** One request to a legacy server, from its sending to its reply. */
export interface Exchange {
  /** Raw id text. Also the progress token, where there is one. */
  readonly id: string;
  /** Rejects with UPSTREAM_UNAVAILABLE if the server never got the request, UPSTREAM_LOST or the like otherwise. */
  readonly reply: Promise<Reply>;
  /** The newest event on its stream, where the server names them: where another replica can go on. */
  lastEventId(): string | undefined;
  /** Gives the request up: the server is told, and whatever it still sends for it is dropped. */
  cancel(reason: string): void;
  /** Gives it up without a word to the server: another replica has gone on with it. */
  abandon(): void;
}

/** A request that another replica sent. */
export interface ResumedRequest {
  /** Raw id text. */
  readonly requestId: string;
  /** The newest event of its stream that was seen. */
  readonly lastEventId: string;
  readonly owner: ExchangeOwner;
}

/** A request that another replica sent, as it goes on here. */
export interface ResumedExchange extends Exchange {
  /** Resolves once its stream goes on here; rejects if it does not. */
  readonly resumed: Promise<void>;
}

/** A request that waits for its reply. */
export class Flight {
  readonly id: string;
  readonly owner: ExchangeOwner | undefined;
  readonly reply: Promise<Reply>;
  /** Aborts the sending of the request, and its stream. */
  readonly aborted = new Abort();
  /** True once the server has the request. */
  sent = false;
  readonly #settled = Promise.withResolvers<Reply>();

  constructor(id: string, owner: ExchangeOwner | undefined) {
    this.id = id;
    this.owner = owner;
    this.reply = this.#settled.promise;
    // Whoever gave the request up no longer waits for its reply.
    this.reply.catch(() => undefined);
  }

  settle(reply: Reply): void {
    this.#settled.resolve(reply);
  }

  fail(error: GatewardError): void {
    this.#settled.reject(error);
  }
}
