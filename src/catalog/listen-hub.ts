import type { AuthorizationContext, LegacyCall, LegacySession } from '../call.ts';
import type { Interest } from './interest.ts';
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
import { contextAt, ownSession, type Source } from './server-view.ts';
import { SessionInterest } from './session-interest.ts';

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
  /** Takes every change that was told in the upstream session of one legacy session alone. */
  readonly onOwnChange?: (source: Source, session: LegacySession, event: ChangeEvent) => void;
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
 * upstream hear their own upstream sessions while they use them.
 */
export class ListenHub {
  readonly #shared = new Map<string, Shared>();
  readonly #own = new Map<KeptListen, Interest>();
  /** Interests of legacy sessions that may come to have upstream sessions of their own. */
  readonly #sessions = new Map<string, SessionInterest[]>();
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
    const { source, context, filter, legacy } = interest;
    const session = ownSession(source, legacy);
    if (session !== undefined) {
      // Subscriptions are the session's own, and a process of its own tells nobody else.
      const needsOwn = source.perSession === true || filter.resourceSubscriptions.length > 0;
      return needsOwn ? this.#serveOwn(interest, session) : this.#serveSession(interest, session);
    }
    const shared = this.#share(source, context, interest);
    return { promised: shared.listen.widen(filter), end: () => this.#leave(interest, shared) };
  }

  /** A legacy session calls an upstream, and has a session of its own there from now on. */
  heed(source: Source, { session }: LegacyCall): void {
    for (const one of this.#sessions.get(sessionKey(source, session)) ?? []) one.heed();
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
    const sessions = [...this.#sessions.values()].flat().filter(({ isShared }) => !isShared);
    const own = [...this.#own.values(), ...sessions.map(({ interest }) => interest)].filter(
      (one) => one.source === source && contextAt(source, one.context) === at,
    );
    passOn(event, [...(shared?.interests ?? []), ...own]);
  }

  /** Tells all who listen to an upstream of a change, whatever they may see of it. */
  tellAll(upstream: string, event: ChangeEvent): void {
    const shared = [...this.#shared.values()].flatMap(({ interests }) => [...interests]);
    const sessions = [...this.#sessions.values()].flat().map(({ interest }) => interest);
    const all = new Set([...shared, ...this.#own.values(), ...sessions]);
    passOn(
      event,
      [...all].filter(({ source }) => source.name === upstream),
    );
  }

  /** Ends every listen; later ones are not begun. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const { listen } of this.#shared.values()) listen.close();
    for (const listen of this.#own.keys()) listen.close();
    for (const sessions of this.#sessions.values()) for (const one of sessions) one.end();
    this.#shared.clear();
    this.#own.clear();
    this.#sessions.clear();
  }

  #serveSession(interest: Interest, session: LegacySession): Served {
    const { source, context, filter } = interest;
    const key = sessionKey(source, session);
    const one = new SessionInterest({
      interest,
      now: this.#parts.now,
      share: () => {
        const shared = this.#share(source, context, interest);
        return () => this.#leave(interest, shared);
      },
      onOwnChange: (event) => this.#parts.onOwnChange?.(source, session, event),
    });
    this.#sessions.set(key, [...(this.#sessions.get(key) ?? []), one]);
    return {
      promised: this.#share(source, context).listen.widen(filter),
      end: () => {
        one.end();
        const left = (this.#sessions.get(key) ?? []).filter((other) => other !== one);
        if (left.length === 0) this.#sessions.delete(key);
        else this.#sessions.set(key, left);
      },
    };
  }

  #leave(interest: Interest, shared: Shared): void {
    shared.interests.delete(interest);
    this.#endIfIdle(sharedKey(interest.source, interest.context), shared);
  }

  #serveOwn(interest: Interest, session: LegacySession): Served {
    const { source, filter } = interest;
    const onChange = (event: ChangeEvent): void => {
      this.#parts.onOwnChange?.(source, session, event);
      interest.onChange(event);
    };
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
    for (const sessions of this.#sessions.values()) for (const one of sessions) one.sweep();
  }
}

function passOn(event: ChangeEvent, interests: Iterable<Interest>): void {
  for (const interest of interests) if (wantsChange(interest.filter, event)) interest.onChange(event);
}

function sessionKey(source: Source, { key }: LegacyCall['session']): string {
  return `${source.name} ${key}`;
}

function sharedKey(source: Source, context: AuthorizationContext): string {
  return `${source.name} ${contextAt(source, context)}`;
}
