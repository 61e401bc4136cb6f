import type { AuthorizationContext } from '../call.ts';
import { type Holds, type Inspector, type Item, isSameHolds, NO_HOLDS } from '../inspector.ts';
import type { Log } from '../lib/log.ts';
import { waitAtMost } from '../lib/wait-at-most.ts';
import { collectList, isSameList } from './collect-list.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import { contextAt, type Source } from './server-view.ts';

/** What is known of one list of one upstream, for one authorization context. */
export interface Listing {
  /** What clients may see. */
  readonly items: readonly Item[];
  /** The same by name. */
  readonly byName: ReadonlyMap<string, Item>;
  /** All that the upstream listed, by name, in its order. */
  readonly all: ReadonlyMap<string, Item>;
  /** What of it clients may not see, and why. */
  readonly holds: Holds;
  /** Clock time until which the upstream lets the list be kept. */
  readonly keepUntil: number;
  /** Clock time until which it may be served without asking again. */
  readonly freshUntil: number;
  /** True if the upstream failed or was silent when it was asked last; the items are then the ones known before. */
  readonly stale: boolean;
}

/** What the listings need. */
export interface ListingsParts {
  readonly now: () => number;
  readonly log: Log;
  /**
   * Asks for change notifications of an upstream while its lists are kept; true while they arrive, so that a list may
   * be kept longer than its `ttlMs`.
   */
  readonly watch: (source: Source, kind: ListKind, context: AuthorizationContext) => boolean;
  /** Judges lists before they are served. */
  readonly inspector: Pick<Inspector, 'inspect'>;
  /** Takes note that a list is not the one served before, though the upstream did not say so. */
  readonly onFound: (source: Source, kind: ListKind, context: AuthorizationContext) => void;
}

/** A list whose changes are watched is read again at least this often. */
const WATCHED_MS = 60_000;
/** An upstream that failed or is silent is left alone for this long before a list waits for it again. */
const FAILED_MS = 5_000;
/** A list that was never read is waited for this long, one that is known only this long. */
const FIRST_WAIT_MS = 15_000;
const WAIT_MS = 2_000;
/** An upstream has this long to answer, whether anybody still waits or not: a process may need it to start. */
const COLLECT_TIMEOUT_MS = 60_000;
/** Clients hear this often at most that a list was found changed: one that is another with every read has no end. */
const FOUND_MS = 10_000;
/** Contexts whose lists are kept of one upstream; the oldest goes first. */
const MAX_CONTEXTS = 10_000;

interface Reading {
  readonly listing: Promise<Listing>;
  /** The slot's `changes` when it began; undefined while it waits for the one before. */
  changes: number | undefined;
}

interface Slot {
  readonly asked: Asked;
  listing: Listing | undefined;
  /** The `changes` up to which the listing is known to be true; -1 where it was never read. */
  readChanges: number;
  reading: Reading | undefined;
  /** Clock time at which it was read last, or begun to be read. */
  readAt: number;
  /** Clock time at which it was found changed last. */
  foundAt: number;
  /** Grows with each change notification, so that a list read before one is not taken for fresh. */
  changes: number;
}

/** Lists of upstreams, kept as their `ttlMs` and change notifications allow, and read once at a time. */
export class Listings {
  readonly #parts: ListingsParts;
  /** By upstream, then by context: no key has to be put together for a call. */
  readonly #slots = new Map<string, Map<AuthorizationContext, Partial<Record<ListKind, Slot>>>>();
  /** How often all lists of an upstream were to be judged again. */
  readonly #judgings = new Map<string, number>();

  constructor(parts: ListingsParts) {
    this.#parts = parts;
  }

  /** The list, fresh as far as the upstream answers soon; never rejects. */
  read(source: Source, kind: ListKind, context: AuthorizationContext): Listing | Promise<Listing> {
    const slot = this.#slot(source, kind, context);
    if (slot.listing !== undefined && slot.listing.freshUntil > this.#parts.now()) return slot.listing;
    return this.#waitFor(this.#refresh({ source, kind, context }, slot), slot);
  }

  /** What is known without asking, however old. */
  peek(source: Source, kind: ListKind, context: AuthorizationContext): Listing | undefined {
    return this.#slots.get(source.name)?.get(contextAt(source, context))?.[kind]?.listing;
  }

  /** What was read, however old; undefined too for a list that could never be read. */
  lastRead(source: Source, kind: ListKind, context: AuthorizationContext): Listing | undefined {
    const slot = this.#slots.get(source.name)?.get(contextAt(source, context))?.[kind];
    return slot !== undefined && slot.readChanges >= 0 ? slot.listing : undefined;
  }

  /** What was read, unless a change was announced since. */
  current(source: Source, kind: ListKind, context: AuthorizationContext): Listing | undefined {
    const slot = this.#slots.get(source.name)?.get(contextAt(source, context))?.[kind];
    return slot !== undefined && slot.readChanges === slot.changes ? slot.listing : undefined;
  }

  /** Reads the list again, whatever is known. */
  refresh(source: Source, kind: ListKind, context: AuthorizationContext): Promise<Listing> {
    return this.#refresh({ source, kind, context }, this.#slot(source, kind, context));
  }

  /**
   * Reads the list again since something that it lacks was asked for; a read under way is joined. Undefined if it was
   * read less than `everyMs` ago.
   */
  reread(
    source: Source,
    kind: ListKind,
    { context, everyMs }: { readonly context: AuthorizationContext; readonly everyMs: number },
  ): Promise<Listing> | undefined {
    const slot = this.#slot(source, kind, context);
    if (slot.reading === undefined && this.#parts.now() - slot.readAt < everyMs) return undefined;
    return this.#waitFor(this.#refresh({ source, kind, context }, slot), slot);
  }

  /** The upstream said that a list changed: it is read again when it is needed next. */
  invalidate(source: Source, kind: ListKind, context: AuthorizationContext): void {
    const slot = this.#slots.get(source.name)?.get(contextAt(source, context))?.[kind];
    if (slot === undefined) return;
    slot.changes++;
    if (slot.listing !== undefined) slot.listing = { ...slot.listing, freshUntil: 0 };
  }

  /** Judges again what is known of an upstream's lists: what may be seen of them has changed. Never rejects. */
  async rejudge(upstream: string): Promise<void> {
    this.#judgings.set(upstream, this.#judgingsOf(upstream) + 1);
    const slots = [...(this.#slots.get(upstream)?.values() ?? [])].flatMap((kinds) => Object.values(kinds));
    await Promise.all(slots.map((slot) => this.#rejudge(slot)));
  }

  /** How many things of an upstream are kept from some client. */
  countHeld(upstream: string): number {
    const held = new Set<string>();
    for (const kinds of this.#slots.get(upstream)?.values() ?? []) {
      for (const [kind, { listing }] of Object.entries(kinds)) {
        for (const name of listing?.holds.keys() ?? []) held.add(`${kind} ${name}`);
      }
    }
    return held.size;
  }

  #judgingsOf(upstream: string): number {
    return this.#judgings.get(upstream) ?? 0;
  }

  async #rejudge(slot: Slot): Promise<void> {
    const { listing, asked } = slot;
    if (listing === undefined) return;
    const holds = await this.#inspect(asked, [...listing.all.values()]);
    // One that was read meanwhile was judged by what holds now.
    if (slot.listing?.all !== listing.all || isSameHolds(slot.listing.holds, holds)) return;
    slot.listing = { ...slot.listing, ...showAllBut(listing.all, holds) };
    this.#parts.onFound(asked.source, asked.kind, asked.context);
  }

  /** Judged again if that was asked for meanwhile. */
  async #inspect({ source, kind }: Asked, items: readonly Item[]): Promise<Holds> {
    const inspected = { upstream: source.name, kind, items, isWhole: true };
    const judgings = this.#judgingsOf(source.name);
    const holds = await this.#parts.inspector.inspect(inspected);
    const isAsBefore = judgings === this.#judgingsOf(source.name);
    return isAsBefore ? holds : this.#parts.inspector.inspect(inspected);
  }

  #slot(source: Source, kind: ListKind, context: AuthorizationContext): Slot {
    const slots = this.#slotsOf(source, contextAt(source, context));
    slots[kind] ??= {
      asked: { source, kind, context },
      listing: undefined,
      readChanges: -1,
      reading: undefined,
      readAt: NEVER,
      foundAt: NEVER,
      changes: 0,
    };
    return slots[kind];
  }

  #slotsOf(source: Source, context: AuthorizationContext): Partial<Record<ListKind, Slot>> {
    let contexts = this.#slots.get(source.name);
    if (contexts === undefined) {
      contexts = new Map();
      this.#slots.set(source.name, contexts);
    }
    const known = contexts.get(context);
    if (known !== undefined) return known;
    const oldest = contexts.size >= MAX_CONTEXTS ? contexts.keys().next().value : undefined;
    if (oldest !== undefined) contexts.delete(oldest);
    const made = {};
    contexts.set(context, made);
    return made;
  }

  /** A silent upstream holds up nobody for long: what is known is served, and for a while without waiting. */
  async #waitFor(reading: Promise<Listing>, slot: Slot): Promise<Listing> {
    const known = slot.listing;
    const listing = await waitAtMost(reading, known === undefined ? FIRST_WAIT_MS : WAIT_MS);
    if (listing !== undefined) return listing;
    if (slot.listing === known) slot.listing = this.#outdated(known);
    return slot.listing ?? this.#outdated(known);
  }

  #outdated(known: Listing | undefined): Listing {
    return { ...(known ?? NOTHING_KNOWN), freshUntil: this.#parts.now() + FAILED_MS, stale: true };
  }

  /** One read at a time, and one that waits for it if the list changed since that began. */
  #refresh(asked: Asked, slot: Slot): Promise<Listing> {
    const before = slot.reading;
    if (before !== undefined && (before.changes === undefined || before.changes === slot.changes)) {
      return before.listing;
    }
    const collect = (): Promise<Listing> => {
      reading.changes = slot.changes;
      return this.#collect(asked, slot).finally(() => {
        if (slot.reading === reading) slot.reading = undefined;
      });
    };
    const begun = Promise.withResolvers<Listing>();
    const reading: Reading = { listing: begun.promise, changes: undefined };
    slot.reading = reading;
    begun.resolve(before === undefined ? collect() : before.listing.then(collect));
    return reading.listing;
  }

  async #collect(asked: Asked, slot: Slot): Promise<Listing> {
    const { now, log, watch, onFound } = this.#parts;
    const { source, kind, context } = asked;
    const watched = watch(source, kind, context);
    const changes = slot.changes;
    slot.readAt = now();
    try {
      const list = await collectList({ ...asked, signal: AbortSignal.timeout(COLLECT_TIMEOUT_MS) });
      const keepMs = Math.max(list.ttlMs, watched ? WATCHED_MS : 0);
      const items = takeKnown(list.items, slot.listing);
      const holds = await this.#inspect(asked, items);
      const before = slot.listing;
      slot.readChanges = changes;
      slot.listing = {
        ...showAllBut(byNameOf(items), holds),
        keepUntil: now() + list.ttlMs,
        freshUntil: changes === slot.changes ? now() + keepMs : 0,
        stale: false,
      };
      const unsaid = before !== undefined && (before.stale || !watched) && now() - slot.foundAt >= FOUND_MS;
      if (unsaid && !isSameList(before.items, slot.listing.items)) {
        slot.foundAt = now();
        onFound(source, kind, context);
      }
    } catch (thrown) {
      const { method } = LIST_KINDS[kind];
      log.warn('an upstream is missing from a list', { upstream: source.name, list: method, thrown });
      slot.listing = this.#outdated(slot.listing);
    }
    return slot.listing;
  }
}

interface Asked {
  readonly source: Source;
  readonly kind: ListKind;
  readonly context: AuthorizationContext;
}

const NEVER = Number.NEGATIVE_INFINITY;
const NO_ITEMS: ReadonlyMap<string, Item> = new Map();
const NOTHING_KNOWN = { items: [], byName: NO_ITEMS, all: NO_ITEMS, holds: NO_HOLDS, keepUntil: 0 } as const;

/** The items as they were known before where nothing of them changed: what was found out of those is still known. */
export function takeKnown(items: readonly Item[], before: Pick<Listing, 'all'> | undefined): readonly Item[] {
  if (before === undefined) return items;
  return items.map((item) => {
    const same = before.all.get(item.name);
    return same?.text === item.text ? same : item;
  });
}

function byNameOf(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}

function showAllBut(
  all: ReadonlyMap<string, Item>,
  holds: Holds,
): Pick<Listing, 'items' | 'byName' | 'all' | 'holds'> {
  const listed = [...all.values()];
  if (holds.size === 0) return { items: listed, byName: all, all, holds };
  const items = listed.filter(({ name }) => !holds.has(name));
  return { items, byName: byNameOf(items), all, holds };
}
