import type { AuthorizationContext, LegacyCall } from '../call.ts';
import type { JsonText } from '../lib/json-text.ts';
import {
  type ChangeEvent,
  intersectFilters,
  type ListenFilter,
  NO_FILTER,
  readChange,
  readFilter,
  uniteFilters,
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
  readonly onChange: (event: ChangeEvent) => void;
}

/** The first wait before a listen that broke is opened again, and the longest. Each wait is drawn between half and all. */
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
/** A promise of the upstream that does not come within this time is counted as none. */
const ACKNOWLEDGE_MS = 10_000;
/** Updates asked for within this time widen the listen together. */
const WIDEN_MS = 10;

interface Stream {
  readonly asked: ListenFilter;
  readonly abort: AbortController;
  readonly promised: Promise<ListenFilter>;
}

/**
 * One listen on an upstream, kept open: it is opened again when it breaks, and then changes are made up, since some
 * may have been missed. A wider filter opens the new stream before the old one is closed.
 */
export class KeptListen {
  readonly #parts: KeptListenParts;
  #filter: ListenFilter;
  #stream: Stream;
  #promised: ListenFilter = NO_FILTER;
  #widening: Promise<void> | undefined;
  #retryMs = RETRY_FIRST_MS;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: KeptListenParts, filter: ListenFilter) {
    this.#parts = parts;
    this.#filter = filter;
    this.#stream = this.#open(filter, false);
  }

  /** What the upstream promised last; nothing before its first answer. */
  get promised(): ListenFilter {
    return this.#promised;
  }

  /** Widens the listen where needed, and tells what of the filter the upstream promises. */
  async widen(filter: ListenFilter): Promise<ListenFilter> {
    const union = uniteFilters(this.#filter, filter);
    if (JSON.stringify(union) !== JSON.stringify(this.#filter)) {
      this.#filter = union;
      this.#widening ??= delay(WIDEN_MS).then(() => this.#reopen());
    }
    await this.#widening;
    return intersectFilters(filter, await this.#stream.promised);
  }

  /** Ends the listen for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stream.abort.abort();
  }

  async #reopen(): Promise<void> {
    this.#widening = undefined;
    if (this.#closed) return;
    const old = this.#stream;
    this.#stream = this.#open(this.#filter, false);
    await this.#stream.promised;
    old.abort.abort();
  }

  #open(filter: ListenFilter, afterGap: boolean): Stream {
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<ListenFilter>();
    const timer = setTimeout(resolve, ACKNOWLEDGE_MS, NO_FILTER).unref();
    const stream: Stream = {
      asked: filter,
      abort,
      promised: promise.then((promised) => {
        clearTimeout(timer);
        return promised;
      }),
    };
    const acknowledge = (promised: ListenFilter): void => {
      this.#promised = promised;
      this.#retryMs = RETRY_FIRST_MS;
      resolve(promised);
      if (afterGap) this.#makeUpChanges(promised);
    };
    void this.#run(stream, acknowledge).finally(() => {
      resolve(NO_FILTER);
      this.#onEnd(stream);
    });
    return stream;
  }

  async #run({ asked, abort }: Stream, acknowledge: (promised: ListenFilter) => void): Promise<void> {
    const { source, context, legacy, onChange } = this.#parts;
    const call = ownCall({
      method: 'subscriptions/listen',
      params: { notifications: writeFilter(asked) },
      signal: abort.signal,
      notify: (notification: JsonText) => {
        const promised = readAcknowledgment(notification);
        if (promised !== undefined) acknowledge(promised);
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

  #onEnd(stream: Stream): void {
    if (this.#closed || stream !== this.#stream) return;
    this.#promised = NO_FILTER;
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
    this.#retry = setTimeout(() => {
      this.#stream = this.#open(this.#filter, true);
    }, waitMs).unref();
  }

  #makeUpChanges(promised: ListenFilter): void {
    for (const list of ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const) {
      if (promised[list]) this.#parts.onChange({ kind: 'list', list });
    }
  }
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
