import type { StreamHints } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { HANDED_OVER, type Journal } from './journal.ts';
import type { Reply } from './legacy-reply.ts';
import type { LegacyStream } from './legacy-stream.ts';
import type { Outlet } from './outlet.ts';
import type { StreamWork } from './stream-work.ts';

/** The requests of one POST that are answered on a stream, here or, after a take-over, where the client comes back. */
export class StreamAnswer implements Outlet {
  readonly #stream: LegacyStream;
  readonly #work: StreamWork;

  constructor(stream: LegacyStream, work: StreamWork) {
    this.#stream = stream;
    this.#work = work;
  }

  get open(): boolean {
    return !this.#stream.finished && !this.#stream.fenced;
  }

  get stream(): string {
    return this.#stream.key.stream;
  }

  send(message: Buffer): Promise<void> | undefined {
    return this.#stream.send(message);
  }

  ask(message: Buffer): Promise<void> | undefined {
    return this.#stream.ask(message);
  }

  /** Where one of the requests notes how far it is. */
  journal(id: string): Journal {
    return {
      asking: (state) => {
        this.#work.note(id, state);
        void this.#stream.save();
      },
      calling: async (state) => {
        this.#work.note(id, state);
        await this.save();
      },
    };
  }

  /** Keeps the work. Throws HANDED_OVER, STORE_UNAVAILABLE. */
  async save(): Promise<void> {
    if (await this.#stream.save()) return;
    throw this.#stream.fenced ? HANDED_OVER : new GatewardError('STORE_UNAVAILABLE');
  }

  /** Does with the stream what the upstream does with its own. */
  readonly hints: StreamHints = {
    opened: () => undefined,
    hungUp: (retryMs) => this.#stream.hangUp(retryMs),
  };

  /** Takes the response to one of the requests; undefined for one that gets none. Ends with the last one. */
  reply(id: string, reply: Reply | undefined): void {
    if (reply !== undefined) void this.#stream.send(reply.body);
    this.#work.requests.delete(id);
    if (this.#work.requests.size === 0) void this.#stream.finish();
  }
}
