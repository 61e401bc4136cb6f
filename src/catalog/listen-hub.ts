import type { AuthorizationContext, LegacyCall } from '../call.ts';
import { KeptListen } from './kept-listen.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import {
  ALL_LISTS,
  type ChangeEvent,
  type ListenFilter,
  NO_FILTER,
  uniteFilters,
  wantsChange,
} from './listen-filter.ts';
import { contextAt, hasOwnSession, type Source } from './server-view.ts';

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

/** What the hub is made of. */
export interface ListenHubParts {
  readonly now: () => number;
  /** Takes every change, whoever listens. */
  readonly onAnyChange: (source: Source, context: AuthorizationContext, event: ChangeEvent) => void;
  /** Runs when an upstream's changes arrive again after a gap. */
  readonly onReopened: (source: Source, context: AuthorizationContext) => void;
}

/** What ended: nothing is served any more. */
const UNSERVED: Served = { promised: Promise.resolve(NO_FILTER), end: () => undefined };

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
  readonly #own = new Map<KeptListen, Interest>();
  readonly #parts: ListenHubParts;
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  constructor(parts: ListenHubParts) {
    this.#parts = parts;
    this.#sweep = setInterval(() => this.#endUnwatched(), SWEEP_MS).unref();
  }

  /** Serves one client's interest until it is ended. */
  serve(interest: Interest): Served {
    if (this.#closed) return UNSERVED;
    if (hasOwnSession(interest.source, interest.legacy)) return this.#serveOwn(interest);
    const { source, context, filter } = interest;
    const shared = this.#share(source, context, interest);
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
    if (this.#closed) return false;
    const shared = this.#share(source, context);
    shared.watchedAt = this.#parts.now();
    return shared.listen.promised[LIST_KINDS[kind].changed];
  }

  /** Tells who listens to an upstream of a change that it did not announce itself. */
  tell(source: Source, context: AuthorizationContext, event: ChangeEvent): void {
    const shared = this.#shared.get(sharedKey(source, context));
    const at = contextAt(source, context);
    const own = [...this.#own.values()].filter(
      (one) => one.source === source && contextAt(source, one.context) === at,
    );
    passOn(event, [...(shared?.interests ?? []), ...own]);
  }

  /** Ends every listen; later ones are not begun. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const { listen } of this.#shared.values()) listen.close();
    for (const listen of this.#own.keys()) listen.close();
    this.#shared.clear();
    this.#own.clear();
  }

  #serveOwn(interest: Interest): Served {
    const { filter, onChange } = interest;
    const onReopened = (): void => undefined;
    const listen = new KeptListen({ ...interest, wanted: () => filter, onChange, onReopened });
    this.#own.set(listen, interest);
    return {
      promised: listen.widen(filter),
      end: () => {
        listen.close();
        this.#own.delete(listen);
      },
    };
  }

  #share(source: Source, context: AuthorizationContext, interest?: Interest): Shared {
    const key = sharedKey(source, context);
    const known = this.#shared.get(key);
    if (interest !== undefined) known?.interests.add(interest);
    if (known !== undefined) return known;
    const interests = new Set(interest === undefined ? [] : [interest]);
    const listen = new KeptListen({
      source,
      context,
      legacy: undefined,
      // Lists are always in the filter: it never has to be widened for them, and the catalog learns of every change.
      wanted: () => uniteFilters([ALL_LISTS, ...[...interests].map(({ filter }) => filter)]),
      onChange: (event) => {
        this.#parts.onAnyChange(source, context, event);
        passOn(event, interests);
      },
      onReopened: () => this.#parts.onReopened(source, context),
    });
    const made: Shared = { listen, interests, watchedAt: Number.NEGATIVE_INFINITY };
    this.#shared.set(key, made);
    return made;
  }

  #endIfIdle(key: string, shared: Shared): void {
    if (shared.interests.size > 0 || this.#parts.now() - shared.watchedAt < WATCH_MS) return;
    shared.listen.close();
    this.#shared.delete(key);
  }

  #endUnwatched(): void {
    for (const [key, shared] of this.#shared) this.#endIfIdle(key, shared);
  }
}

function passOn(event: ChangeEvent, interests: Iterable<Interest>): void {
  for (const interest of interests) if (wantsChange(interest.filter, event)) interest.onChange(event);
}

function sharedKey(source: Source, context: AuthorizationContext): string {
  return `${source.name} ${contextAt(source, context)}`;
}
