import { SseParser } from '../../src/wire/sse.ts';

/** One event as a client sees it. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly retryMs: number | undefined;
  /** The data parsed as JSON; undefined where it is empty. */
  readonly message: Record<string, unknown> | undefined;
  readonly data: string;
}

/** Reads the events of a response one by one. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #parser = new SseParser({ maxEventBytes: 10_000_000 });

  constructor(response: Response) {
    if (response.body === null) throw new TypeError('The response has no body.');
    this.#reader = response.body.getReader();
  }

  /** The next event, or undefined at the end of the stream. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const event = this.#parser.next();
      if (event !== undefined) {
        const data = event.data?.toString('utf8') ?? '';
        const isJson = data.startsWith('{') || data.startsWith('[');
        return {
          event: event.event,
          id: event.id,
          retryMs: event.retryMs,
          message: isJson ? (JSON.parse(data) as Record<string, unknown>) : undefined,
          data,
        };
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#parser.push(Buffer.from(value));
    }
  }

  /** The next event that has data. */
  async message(): Promise<ReadEvent | undefined> {
    for (;;) {
      const event = await this.next();
      if (event === undefined || event.data !== '') return event;
    }
  }

  /** The messages up to the end of the stream. */
  async rest(): Promise<Record<string, unknown>[]> {
    const messages: Record<string, unknown>[] = [];
    for (;;) {
      const event = await this.next();
      if (event === undefined) return messages;
      if (event.message !== undefined) messages.push(event.message);
    }
  }

  /** Hangs up. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
