import { JsonText } from '../../lib/json-text.ts';
import type { StreamLog } from '../../session/stream-log.ts';
import type { StreamEvent, StreamRow } from '../../store/store.ts';

/** From how far back events are read; further back they may not be kept any more. */
const TAILS = [Number.POSITIVE_INFINITY, 1000, 100, 10, 1];
const ID = /^\{"jsonrpc":"2\.0","id":("(?:[^"\\]|\\.)*"|-?\d+),"(?:result|error)":/;
/** Characters of an event in which its id stands. */
const HEAD_CHARS = 4096;

/** What was sent on a stream by its last holder, as far as it is kept: so that nothing is said twice. */
export class SentEvents {
  readonly #events: readonly StreamEvent[];

  private constructor(events: readonly StreamEvent[]) {
    this.#events = events;
  }

  /** Throws STORE_UNAVAILABLE. */
  static async read(
    streams: Pick<StreamLog, 'after'>,
    { key, last }: Pick<StreamRow, 'key' | 'last'>,
  ): Promise<SentEvents> {
    for (const count of TAILS) {
      const tail = await streams.after(key, Math.max(0, last - count));
      if (tail !== undefined) return new SentEvents(tail.events);
    }
    return new SentEvents([]);
  }

  /** Whether the request with this raw id was answered. */
  hasResponse(id: string): boolean {
    return this.#events.some(({ data }) => responseId(data) === id);
  }

  /** Whether this message was sent. */
  has(message: Buffer): boolean {
    return this.#events.some(({ data }) => data.equals(message));
  }

  /** The greatest progress that was told under a token; undefined for none. */
  progress(token: string | undefined): number | undefined {
    let greatest: number | undefined;
    for (const { data } of this.#events) {
      if (token === undefined || !data.includes('"notifications/progress"')) continue;
      const params = JsonText.parse(data).get('params');
      const progress = Number(params?.get('progress')?.text);
      if (params?.get('progressToken')?.text === token && !(progress <= (greatest ?? progress - 1)))
        greatest = progress;
    }
    return greatest;
  }
}

/** The raw id of a response; undefined for any other message. */
function responseId(data: Buffer): string | undefined {
  const plain = ID.exec(data.toString('utf8', 0, HEAD_CHARS))?.[1];
  if (plain !== undefined) return plain;
  const message = JsonText.parse(data);
  return message.get('method') === undefined ? message.get('id')?.text : undefined;
}
