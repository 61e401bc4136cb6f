/** One stream of a session, as event ids name it. */
export interface StreamRef {
  /** `SessionFacts.key` */
  readonly session: string;
  /** Unique in the session. */
  readonly stream: string;
}

/** What was sent on a stream after some event. */
export interface LoggedTail {
  /** In their order, the first one following the event asked for. */
  readonly events: readonly LoggedEvent[];
  /** The stream has ended: nothing follows these events. */
  readonly ended: boolean;
}

/** One event that was sent. */
export interface LoggedEvent {
  /** Counts from 1 within the stream. */
  readonly number: number;
  readonly data: Buffer;
}

/**
 * The port to sent events, so that a stream can be resumed by `Last-Event-ID` (2025-11-25 basic/transports
 * §Resumability). Where a method gives a promise, the event may be sent only after it.
 */
export interface EventLog {
  /** Makes the stream known, before the first event id leaves. */
  open(ref: StreamRef): Promise<void> | undefined;
  /** Keeps an event. Numbers of one stream rise by one. */
  append(ref: StreamRef, event: LoggedEvent): Promise<void> | undefined;
  /** Says that the stream has had its last event. */
  finish(ref: StreamRef): Promise<void> | undefined;
  /** The events after `number`; undefined when the stream is unknown or one of them is no longer kept. */
  after(ref: StreamRef, number: number): Promise<LoggedTail | undefined>;
  /** Forgets every stream of a session. */
  drop(session: string): void;
  /** Lets go of what is too old. To be called from time to time. */
  sweep(): void;
}

/** Bounds of the log in this process. */
export interface EventLogOptions {
  /** Bytes of events kept in all. */
  readonly maxBytes: number;
  /** Milliseconds that an event is kept, and a finished stream known. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

interface Stream {
  readonly ref: StreamRef;
  /** The newest events, without gaps. */
  readonly events: LoggedEvent[];
  /** Number of the newest event, kept or not. */
  last: number;
  bytes: number;
  ended: boolean;
}

/** One thing to let go of: an event, or a finished stream where `number` is undefined. */
interface Entry {
  readonly stream: Stream;
  readonly number: number | undefined;
  readonly atMs: number;
}

/** What an event costs beside its data. */
const EVENT_BYTES = 150;
const STREAM_BYTES = 500;
/** One stream gets at most this part of the log, so that a talkative one does not push out all others. */
const PARTS = 8;
/** Entries that were let go of and still take a place in the array. */
const MAX_SPENT = 1024;

/** Keeps the events in this process, and lets go of the oldest first. */
export function createEventLog(options: EventLogOptions): EventLog {
  return new MemoryEventLog(options);
}

class MemoryEventLog implements EventLog {
  readonly #options: EventLogOptions;
  readonly #streams = new Map<string, Stream>();
  readonly #sessions = new Map<string, Set<Stream>>();
  /** Oldest first; those before `#spent` are done. */
  #entries: Entry[] = [];
  #spent = 0;
  #bytes = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  open(ref: StreamRef): undefined {
    const stream: Stream = { ref, events: [], last: 0, bytes: 0, ended: false };
    this.#streams.set(nameOf(ref), stream);
    this.#count(stream, STREAM_BYTES);
    const known = this.#sessions.get(ref.session);
    if (known === undefined) this.#sessions.set(ref.session, new Set([stream]));
    else known.add(stream);
  }

  append(ref: StreamRef, event: LoggedEvent): undefined {
    const stream = this.#streams.get(nameOf(ref));
    if (stream === undefined) return;
    stream.events.push(event);
    stream.last = event.number;
    this.#count(stream, event.data.length + EVENT_BYTES);
    this.#entries.push({ stream, number: event.number, atMs: this.#options.now() });
    while (stream.bytes > this.#options.maxBytes / PARTS && stream.events.length > 0) this.#dropEvent(stream);
    this.sweep();
  }

  finish(ref: StreamRef): undefined {
    const stream = this.#streams.get(nameOf(ref));
    if (stream === undefined || stream.ended) return;
    stream.ended = true;
    this.#entries.push({ stream, number: undefined, atMs: this.#options.now() });
    this.sweep();
  }

  async after(ref: StreamRef, number: number): Promise<LoggedTail | undefined> {
    this.sweep();
    const stream = this.#streams.get(nameOf(ref));
    if (stream === undefined || number > stream.last) return undefined;
    const events = stream.events.filter((event) => event.number > number);
    return events.length === stream.last - number ? { events, ended: stream.ended } : undefined;
  }

  drop(session: string): void {
    for (const stream of this.#sessions.get(session) ?? []) this.#forget(stream);
  }

  sweep(): void {
    const { maxBytes, maxAgeMs, now } = this.#options;
    const before = now() - maxAgeMs;
    for (;;) {
      const entry = this.#entries[this.#spent];
      if (entry === undefined || (entry.atMs > before && this.#bytes <= maxBytes)) break;
      this.#spent++;
      if (entry.number === undefined) this.#forget(entry.stream);
      else if (entry.stream.events[0]?.number === entry.number) this.#dropEvent(entry.stream);
    }
    if (this.#spent <= MAX_SPENT || this.#spent * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#spent);
    this.#spent = 0;
  }

  #dropEvent(stream: Stream): void {
    const event = stream.events.shift();
    if (event !== undefined) this.#count(stream, -(event.data.length + EVENT_BYTES));
  }

  #forget(stream: Stream): void {
    const name = nameOf(stream.ref);
    if (this.#streams.get(name) !== stream) return;
    this.#streams.delete(name);
    stream.events.length = 0;
    this.#bytes -= stream.bytes;
    const known = this.#sessions.get(stream.ref.session);
    known?.delete(stream);
    if (known?.size === 0) this.#sessions.delete(stream.ref.session);
  }

  #count(stream: Stream, bytes: number): void {
    stream.bytes += bytes;
    this.#bytes += bytes;
  }
}

function nameOf({ session, stream }: StreamRef): string {
  return `${session}/${stream}`;
}
