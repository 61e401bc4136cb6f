import type { AuthorizationContext } from '../call.ts';
import type { Log } from '../lib/log.ts';
import { collectList, type Item } from './collect-list.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import type { Source } from './server-view.ts';

/** What is known of one list of one upstream, for one authorization context. */
export interface Listing {
  readonly items: readonly Item[];
  readonly byName: ReadonlyMap<string, Item>;
  /** Milliseconds for which the upstream lets the list be kept, when it was read. */
  readonly ttlMs: number;
  /** Clock time until which it may be served without asking again. */
  readonly freshUntil: number;
  /** True if the upstream failed when it was asked last; the items are then the ones known before. */
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
}

/** A list whose changes are watched is read again at least this often. */
const WATCHED_MS = 60_000;
/** An upstream that failed is left alone for this long before a list asks it again. */
const FAILED_MS = 5_000;
/** An upstream that does not answer a list within this time is left out of it. */
const COLLECT_TIMEOUT_MS = 15_000;
/** Contexts whose lists are kept of one upstream; the oldest goes first. */
const MAX_CONTEXTS = 10_000;

interface Slot {
  listing: Listing | undefined;
  reading: Promise<Listing> | undefined;
  /** Grows with each change notification, so that a list read before one is not taken for fresh. */
  changes: number;
}

/** Lists of upstreams, kept as their `ttlMs` and change notifications allow, and read once at a time. */
export class Listings {
  readonly #parts: ListingsParts;
  /** By upstream, then by context: no key has to be put together for a call. */
  readonly #slots = new Map<string, Map<AuthorizationContext, Partial<Record<ListKind, Slot>>>>();

  constructor(parts: ListingsParts) {
    this.#parts = parts;
  }

  /** The list, fresh as far as the upstream can be reached; never rejects. */
  read(source: Source, kind: ListKind, context: AuthorizationContext): Listing | Promise<Listing> {
    const slot = this.#slot(source, kind, context);
    if (slot.listing !== undefined && slot.listing.freshUntil > this.#parts.now()) return slot.listing;
    return this.#refresh({ source, kind, context }, slot);
  }

  /** What is known without asking, however old. */
  peek(source: Source, kind: ListKind, context: AuthorizationContext): Listing | undefined {
    return this.#slots.get(source.name)?.get(context)?.[kind]?.listing;
  }

  /** Reads the list again, whatever is known: something that it lacks was asked for. */
  refresh(source: Source, kind: ListKind, context: AuthorizationContext): Promise<Listing> {
    return this.#refresh({ source, kind, context }, this.#slot(source, kind, context));
  }

  /** The upstream said that a list changed: it is read again when it is needed next. */
  invalidate(source: Source, kind: ListKind, context: AuthorizationContext): void {
    const slot = this.#slots.get(source.name)?.get(context)?.[kind];
    if (slot === undefined) return;
    slot.changes++;
    if (slot.listing !== undefined) slot.listing = { ...slot.listing, freshUntil: 0 };
  }

  #slot(source: Source, kind: ListKind, context: AuthorizationContext): Slot {
    const slots = this.#slotsOf(source, context);
    slots[kind] ??= { listing: undefined, reading: undefined, changes: 0 };
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

  #refresh(asked: Asked, slot: Slot): Promise<Listing> {
    slot.reading ??= this.#collect(asked, slot).finally(() => {
      slot.reading = undefined;
    });
    return slot.reading;
  }

  async #collect(asked: Asked, slot: Slot): Promise<Listing> {
    const { now, log, watch } = this.#parts;
    const watched = watch(asked.source, asked.kind, asked.context);
    const changes = slot.changes;
    try {
      const list = await collectList({ ...asked, signal: AbortSignal.timeout(COLLECT_TIMEOUT_MS) });
      const keepMs = changes === slot.changes ? Math.max(list.ttlMs, watched ? WATCHED_MS : 0) : 0;
      slot.listing = {
        items: list.items,
        byName: new Map(list.items.map((item) => [item.name, item])),
        ttlMs: list.ttlMs,
        freshUntil: now() + keepMs,
        stale: false,
      };
    } catch (thrown) {
      log.warn('an upstream is missing from a list', {
        upstream: asked.source.name,
        list: LIST_KINDS[asked.kind].method,
        thrown,
      });
      slot.listing = { ...(slot.listing ?? NOTHING_KNOWN), freshUntil: now() + FAILED_MS, stale: true };
    }
    return slot.listing;
  }
}

interface Asked {
  readonly source: Source;
  readonly kind: ListKind;
  readonly context: AuthorizationContext;
}

const NOTHING_KNOWN = { items: [], byName: new Map<string, Item>(), ttlMs: 0 } as const;
