import type { Outlet } from './outlet.ts';
import type { ReverseRequests } from './reverse-requests.ts';
import type { SessionMail } from './session-mail.ts';

/** The session whose client is meant. */
export interface Streaming {
  readonly key: string;
  readonly questions: ReverseRequests;
  /** Its streams at this replica. */
  readonly unrelated: Pick<Outlet, 'open' | 'send'>;
  /** The replica that holds the newest stream, as far as anybody knows. */
  readonly streamHolder: string | undefined;
}

/**
 * The way to a session's client for what belongs to no call: its own stream, which may be at another replica. Each
 * message goes to one stream (2025-11-25 basic/transports §Multiple Connections).
 */
export class OwnStream implements Outlet {
  readonly stream = undefined;
  readonly #session: Streaming;
  readonly #mail: SessionMail;

  constructor(session: Streaming, mail: SessionMail) {
    this.#session = session;
    this.#mail = mail;
  }

  get open(): boolean {
    return this.elsewhere !== undefined || this.#session.unrelated.open;
  }

  send(message: Buffer): Promise<void> | undefined {
    // Who is not reached misses a log message, as with a stream that breaks off.
    return this.#send(message, undefined)?.catch(() => undefined);
  }

  /** A question that reaches nobody expires. */
  ask(message: Buffer, name: string): Promise<void> | undefined {
    return this.#send(message, name)?.catch(() => {
      this.#session.questions.finish(name, { kind: 'expired' });
    });
  }

  #send(data: Buffer, question: string | undefined): Promise<void> | undefined {
    const elsewhere = this.elsewhere;
    if (elsewhere === undefined) return this.#session.unrelated.send(data);
    return this.#mail.send(elsewhere, this.#session.key, { kind: 'message', question, data });
  }

  /** The replica that holds the stream, if that is another one. */
  get elsewhere(): string | undefined {
    const { streamHolder } = this.#session;
    if (streamHolder === undefined || streamHolder === this.#mail.self) return undefined;
    return this.#mail.isAlive(streamHolder) ? streamHolder : undefined;
  }
}
