import { nameStream, writeEventId } from './event-id.ts';
import { RETRY_MS } from './legacy-stream.ts';
import type { Outlet } from './outlet.ts';
import type { SseConnection } from './sse-connection.ts';

const NOTHING = Buffer.alloc(0);

/** How events of a stream are numbered: not at all on HTTP+SSE of 2024-11-05. */
export type Numbering = 'none' | 'ids' | 'primed';

interface UnrelatedStream {
  readonly connection: SseConnection;
  readonly stream: string | undefined;
  number: number;
}

/**
 * The streams that a session holds open for messages which belong to no call. Each message goes to one of them: the
 * newest (2025-11-25 basic/transports §Multiple Connections). Nothing is kept for a client that is not there.
 */
export class UnrelatedStreams implements Pick<Outlet, 'open' | 'send'> {
  /** Oldest first. */
  readonly #streams: UnrelatedStream[] = [];
  readonly #onNone: () => void;
  /** Streams that clients have asked for and do not have yet. */
  expected = 0;

  /** `onNone` runs when the last stream is closed. */
  constructor(onNone: () => void) {
    this.#onNone = onNone;
  }

  get open(): boolean {
    return this.#streams.length > 0;
  }

  /** Takes a stream. Beyond `max`, the oldest one is closed: its client has most likely gone without a word. */
  add(
    connection: SseConnection,
    { numbering, max }: { readonly numbering: Numbering; readonly max: number },
  ): void {
    const stream = numbering === 'none' ? undefined : nameStream('unrelated');
    const added: UnrelatedStream = { connection, stream, number: 0 };
    connection.onClose = () => this.#remove(added);
    if (!connection.open) return;
    this.#streams.push(added);
    if (numbering === 'primed' && stream !== undefined) {
      void connection.send(NOTHING, { id: writeEventId({ stream, number: 0 }), retryMs: RETRY_MS });
    }
    if (this.#streams.length > max) this.#streams[0]?.connection.end();
  }

  send(message: Buffer): Promise<void> | undefined {
    const newest = this.#streams.at(-1);
    if (newest === undefined) return undefined;
    const { stream } = newest;
    const id = stream === undefined ? undefined : writeEventId({ stream, number: ++newest.number });
    return newest.connection.send(message, { event: 'message', id });
  }

  /** Closes every stream. */
  end(): void {
    for (const { connection } of [...this.#streams]) connection.end();
  }

  #remove(stream: UnrelatedStream): void {
    const at = this.#streams.indexOf(stream);
    if (at === -1) return;
    this.#streams.splice(at, 1);
    if (this.#streams.length === 0) this.#onNone();
  }
}
