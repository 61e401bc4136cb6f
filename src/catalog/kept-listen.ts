import type { AuthorizationContext, LegacyCall } from '../call.ts';
import type { JsonText } from '../lib/json-text.ts';
import {
  type ChangeEvent,
  intersectFilters,
  isCovered,
  type ListenFilter,
  NO_FILTER,
  readChange,
  readFilter,
  writeFilter,
} from './listen-filter.ts';
import { ownCall } from './own-call.ts';
import type { Source } from './server-view.ts';

/** What one kept listen needs. */
export interface KeptListenParts {
  readonly source: Source;
  readonly context: AuthorizationContext;
  /** Set where the changes of one legacy session's own upstream session are meant. */
  readonly legacy: LegacyCall | undefined;
  /** All that is to be listened for, asked whenever the listen is opened: what nobody wants any more goes then. */
  readonly wanted: () => ListenFilter;
  readonly onChange: (event: ChangeEvent) => void;
  /** Runs when the listen is open again after a gap, once the changes that may have been missed are made up. */
  readonly onReopened: () => void;
}

/** The first wait before a listen that broke is opened again, and the longest. Each wait is drawn between half and all. */
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
/** A listen that lasted this long counts as sound; one that ends sooner is opened again after a longer wait. */
const STEADY_MS = 10_000;
/** A promise of the upstream that does not come within this time is counted as none. */
const ACKNOWLEDGE_MS = 10_000;
/** Updates asked for within this time widen the listen together. */
const WIDEN_MS = 10;

interface Stream {
  readonly asked: ListenFilter;
  readonly abort: AbortController;
  readonly promised: PromiseWithResolvers<ListenFilter>;
}

/**
 * One listen on an upstream, kept open: it is opened again when it breaks, and then changes are made up, since some
 * may have been missed. A wider filter opens the new stream before the old one is closed.
 */
export class KeptListen {
  readonly #parts: KeptListenParts;
  #stream: Stream;
  #promised: ListenFilter = NO_FILTER;
  #widening: Promise<void> | undefined;
  #retryMs = RETRY_FIRST_MS;
  #retry: NodeJS.Timeout | undefined;
  #steady: NodeJS.Timeout | undefined;
  /** True from the end of a stream to the acknowledgment of the next. */
  #gap = false;
  #closed = false;

  constructor(parts: KeptListenParts) {
    this.#parts = parts;
    this.#stream = newStream(parts.wanted());
    this.#start(this.#stream);
  }

  /** What the upstream promised last; nothing before its first answer. */
  get promised(): ListenFilter {
    return this.#promised;
  }

  /** Widens the listen to what is wanted if it does not cover this filter, and tells what of it the upstream promises. */
  async widen(filter: ListenFilter): Promise<ListenFilter> {
    if (!isCovered(filter, this.#stream.asked)) {
      this.#widening ??= delay(WIDEN_MS).then(() => this.#widen());
    }
    await this.#widening;
    return intersectFilters(filter, await this.#stream.promised.promise);
  }

  /** Ends the listen for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#steady);
    this.#stream.abort.abort();
  }

  async #widen(): Promise<void> {
    this.#widening = undefined;
    if (this.#closed) return;
    const old = this.#stream;
    await this.#open().promised.promise;
    old.abort.abort();
  }

  /** Opens a stream for all that is wanted now; it takes the place of the one before. */
  #open(): Stream {
    clearTimeout(this.#retry);
    const stream = newStream(this.#parts.wanted());
    this.#stream = stream;
    this.#start(stream);
    return stream;
  }

  #start(stream: Stream): void {
    const timer = setTimeout(stream.promised.resolve, ACKNOWLEDGE_MS, NO_FILTER).unref();
    void stream.promised.promise.then(() => clearTimeout(timer));
    void this.#run(stream).finally(() => {
      stream.promised.resolve(NO_FILTER);
      this.#onEnd(stream);
    });
  }

  async #run(stream: Stream): Promise<void> {
    const { source, context, legacy, onChange } = this.#parts;
    const call = ownCall({
      method: 'subscriptions/listen',
      params: { notifications: writeFilter(stream.asked) },
      signal: stream.abort.signal,
      notify: (notification: JsonText) => {
        const promised = readAcknowledgment(notification);
        if (promised !== undefined) this.#onAcknowledged(stream, promised);
        const event = readChange(notification);
        if (event !== undefined) onChange(event);
        return undefined;
      },
    });
    try {
      await source.call({ ...call, legacy }, context);
    } catch {
      // Why it broke is in the upstream's own state and log; here it only matters that it did.
    }
  }

  #onAcknowledged(stream: Stream, promised: ListenFilter): void {
    stream.promised.resolve(promised);
    if (this.#closed || stream !== this.#stream) return;
    this.#promised = promised;
    clearTimeout(this.#steady);
    this.#steady = setTimeout(() => {
      this.#retryMs = RETRY_FIRST_MS;
    }, STEADY_MS).unref();
    if (!this.#gap) return;
    this.#gap = false;
    this.#makeUpChanges(promised);
    this.#parts.onReopened();
  }

  #onEnd(stream: Stream): void {
    if (this.#closed || stream !== this.#stream) return;
    this.#promised = NO_FILTER;
    this.#gap = true;
    clearTimeout(this.#steady);
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
    this.#retry = setTimeout(() => this.#open(), waitMs).unref();
  }

  #makeUpChanges(promised: ListenFilter): void {
    for (const list of ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const) {
      if (promised[list]) this.#parts.onChange({ kind: 'list', list });
    }
  }
}

function newStream(asked: ListenFilter): Stream {
  return { asked, abort: new AbortController(), promised: Promise.withResolvers<ListenFilter>() };
}

function readAcknowledgment(notification: JsonText): ListenFilter | undefined {
  if (notification.get('method')?.string() !== 'notifications/subscriptions/acknowledged') return undefined;
  return readFilter(notification.at('params', 'notifications'));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
