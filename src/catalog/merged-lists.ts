import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { HELD_TTL_MS } from '../inspector.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';
import { type CursorPosition, sealCursor } from './cursor.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import type { Listing, Listings } from './listings.ts';
import { listsTaskSupport } from './offered-tasks.ts';
import type { ResourceUris } from './resource-uris.ts';
import type { SelectedSource } from './select.ts';
import type { Asked } from './server-view.ts';
import { createItemWriter, type ItemWriter } from './write-item.ts';

/** Items and bytes of one page. Clients that never ask for a second page still see a thousand tools. */
const PAGE_ITEMS = 1000;
const PAGE_BYTES = 2 * 1024 * 1024;
/** How long clients may keep a list in which an upstream is missing. */
const INCOMPLETE_TTL_MS = 5_000;

/** What merging needs. */
export interface MergedListsParts {
  readonly server: string;
  readonly sources: readonly SelectedSource[];
  readonly listings: Listings;
  readonly uris: ResourceUris;
  readonly seal: Seal;
  readonly now: () => number;
}

/** Answers one page of a merged list. Throws UPSTREAM_UNAVAILABLE and CURSOR_INVALID. */
export type AnswerMergedList = (kind: ListKind, asked: Asked) => Promise<Outcome>;

/**
 * The lists of a merged server: the upstreams in configured order, each in its own order. An upstream that fails leaves
 * its items out, or shows the ones known before; only when all fail is it an error.
 */
export function createMergedLists(parts: MergedListsParts): AnswerMergedList {
  const { sources, listings, now } = parts;
  const writer = createItemWriter(parts.uris);
  return async (kind, asked) => {
    const read = await Promise.all(sources.map(({ source }) => readOf(listings, { source, kind, asked })));
    const failed = read.filter(({ stale }) => stale);
    if (failed.length > 0 && failed.length === read.length && read.every(({ items }) => items.length === 0)) {
      throw new GatewardError('UPSTREAM_UNAVAILABLE');
    }
    const { items, next } = cutPage(parts, writer, { kind, asked, read });
    const ttlMs = Math.min(...read.map((listing) => ttlOf(listing, now())));
    const members = [
      '"resultType":"complete"',
      `${JSON.stringify(LIST_KINDS[kind].member)}:[${items.join(',')}]`,
      ...(next === undefined ? [] : [`"nextCursor":${JSON.stringify(sealNext(parts, asked, next))}`]),
      `"ttlMs":${Number.isFinite(ttlMs) ? ttlMs : 0}`,
      '"cacheScope":"private"',
    ];
    return { kind: 'complete', result: JsonText.written(`{${members.join(',')}}`) };
  };
}

interface ListQuestion {
  readonly source: SelectedSource['source'];
  readonly kind: ListKind;
  readonly asked: Asked;
}

/** Later pages come from the list that the first one came from: to read it again for each would end never. */
function readOf(listings: Listings, { source, kind, asked }: ListQuestion): Listing | Promise<Listing> {
  const known = asked.position === undefined ? undefined : listings.peek(source, kind, asked.context);
  return known ?? listings.read(source, kind, asked.context);
}

/** What is left of the time for which clients may keep the list; none for one that changed since. */
function ttlOf(listing: Listing, now: number): number {
  if (listing.stale) return INCOMPLETE_TTL_MS;
  const leftMs = listing.freshUntil === 0 ? 0 : Math.max(0, Math.floor(listing.keepUntil - now));
  return listing.holds.size === 0 ? leftMs : Math.min(leftMs, HELD_TTL_MS);
}

interface PageQuestion {
  readonly kind: ListKind;
  readonly asked: Asked;
  readonly read: readonly Listing[];
}

function cutPage(
  { sources }: MergedListsParts,
  writer: ItemWriter,
  { kind, asked, read }: PageQuestion,
): { readonly items: string[]; readonly next: CursorPosition | undefined } {
  const items: string[] = [];
  let bytes = 0;
  const { position } = asked;
  const first =
    position === undefined ? 0 : sources.findIndex(({ source }) => source.name === position.source);
  if (first < 0) throw new GatewardError('CURSOR_INVALID');
  const tells = kind === 'tools' && listsTaskSupport(asked.call.legacy);
  for (let index = first; index < sources.length; index++) {
    const selected = sources[index];
    const listing = read[index];
    if (selected === undefined || listing === undefined) break;
    const write = writer.of({ kind, selected, items: listing.items, context: asked.context, tells });
    let offset = index === first ? startOf(listing, position) : 0;
    for (; offset < listing.items.length; offset++) {
      const item = listing.items[offset];
      if (item === undefined || !selected.takes(kind, item.name)) continue;
      if (items.length >= PAGE_ITEMS || bytes >= PAGE_BYTES) {
        const after = listing.items[offset - 1]?.name;
        return { items, next: { source: selected.source.name, offset, after } };
      }
      const text = write(offset);
      if (text === undefined) continue;
      bytes += text.length;
      items.push(text);
    }
  }
  return { items, next: undefined };
}

/** Where the page starts, found again by its neighbour's name if the list changed since the cursor was given. */
function startOf({ items }: Listing, position: CursorPosition | undefined): number {
  if (position === undefined) return 0;
  const { offset, after } = position;
  if (after === undefined || items[offset - 1]?.name === after) return offset;
  const moved = items.findIndex(({ name }) => name === after);
  return moved < 0 ? offset : moved + 1;
}

function sealNext(parts: MergedListsParts, { call, principal }: Asked, next: CursorPosition): string {
  return sealCursor(parts.seal, { server: parts.server, method: call.method, principal }, next);
}
