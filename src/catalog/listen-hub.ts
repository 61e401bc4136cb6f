import type { AuthorizationContext, LegacyCall } from '../call.ts';
import { KeptListen } from './kept-listen.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import {
  ALL_LISTS,
  type ChangeEvent,
  type ListenFilter,
  uniteFilters,
  wantsChange,
} from './listen-filter.ts';
import type { Source } from './server-view.ts';

/** One client's interest in an upstream's changes. */
export interface Interest {
  readonly source: Source;
  readonly context: AuthorizationContext;
  readonly filter: ListenFilter;
  /** The call of a legacy client, whose upstream session may have changes of its own. */
  readonly legacy: LegacyCall | undefined;
  readonly onChange: (event: ChangeEvent) => void;
}

/** An interest that is being served. */
export interface Served {
  /** What of the filter the upstream promised. */
  readonly promised: Promise<ListenFilter>;
  end(): void;
}

/** What the hub tells the catalog of every change, whoever listens. */
export type OnAnyChange = (source: Source, context: AuthorizationContext, event: ChangeEvent) => void;

/** A listen that only keeps lists fresh ends when no list was read for this long. */
const WATCH_MS = 600_000;
const SWEEP_MS = 60_000;

interface Shared {
  readonly listen: KeptListen;
  readonly interests: Set<Interest>;
  watchedAt: number;
}

/**
 * One upstream listen per upstream and authorization context, however many clients listen. Legacy clients of a legacy
 * upstream have upstream sessions of their own, so each has a listen of its own.
 */
export class ListenHub {
  readonly #shared = new Map<string, Shared>();
  readonly #own = new Set<KeptListen>();
  readonly #now: () => number;
  readonly #onAnyChange: OnAnyChange;
  readonly #sweep: NodeJS.Timeout;

  constructor(parts: { readonly now: () => number; readonly onAnyChange: OnAnyChange }) {
    this.#now = parts.now;
    this.#onAnyChange = parts.onAnyChange;
    this.#sweep = setInterval(() => this.#endUnwatched(), SWEEP_MS).unref();
  }

  /** Serves one client's interest until it is ended. */
  serve(interest: Interest): Served {
    if (interest.legacy !== undefined && interest.source.era() !== 'modern') return this.#serveOwn(interest);
    const { source, context, filter } = interest;
    const shared = this.#share(source, context, filter);
    shared.interests.add(interest);
    return {
      promised: shared.listen.widen(filter),
      end: () => {
        shared.interests.delete(interest);
        this.#endIfIdle(sharedKey(source, context), shared);
      },
    };
  }

  /** Keeps an eye on an upstream's lists for the catalog; true while the upstream promises to tell of this list's changes. */
  watch(source: Source, kind: ListKind, context: AuthorizationContext): boolean {
    const shared = this.#share(source, context, ALL_LISTS);
    shared.watchedAt = this.#now();
    return shared.listen.promised[LIST_KINDS[kind].changed];
  }

  /** Ends every listen. */
  close(): void {
    clearInterval(this.#sweep);
    for (const { listen } of this.#shared.values()) listen.close();
    for (const listen of this.#own) listen.close();
    this.#shared.clear();
    this.#own.clear();
  }

  #serveOwn({ source, context, filter, legacy, onChange }: Interest): Served {
    const listen = new KeptListen({ source, context, legacy, onChange }, filter);
    this.#own.add(listen);
    return {
      promised: listen.widen(filter),
      end: () => {
        listen.close();
        this.#own.delete(listen);
      },
    };
  }

  #share(source: Source, context: AuthorizationContext, filter: ListenFilter): Shared {
    const key = sharedKey(source, context);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const interests = new Set<Interest>();
    const onChange = (event: ChangeEvent): void => {
      this.#onAnyChange(source, context, event);
      for (const interest of interests) if (wantsChange(interest.filter, event)) interest.onChange(event);
    };
    const listen = new KeptListen(
      { source, context, legacy: undefined, onChange },
      // Lists are always in the filter: it never has to be widened for them, and the catalog learns of every change.
      uniteFilters(filter, ALL_LISTS),
    );
    const made: Shared = { listen, interests, watchedAt: Number.NEGATIVE_INFINITY };
    this.#shared.set(key, made);
    return made;
  }

  #endIfIdle(key: string, shared: Shared): void {
    if (shared.interests.size > 0 || this.#now() - shared.watchedAt < WATCH_MS) return;
    shared.listen.close();
    this.#shared.delete(key);
  }

  #endUnwatched(): void {
    for (const [key, shared] of this.#shared) this.#endIfIdle(key, shared);
  }
}

function sharedKey(source: Source, context: AuthorizationContext): string {
  return `${source.name} ${context}`;
}
