import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';
import type { Item } from './collect-list.ts';
import { type CursorPosition, sealCursor } from './cursor.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import type { Listing, Listings } from './listings.ts';
import { mergeName } from './names.ts';
import { publishTool } from './publish-tool.ts';
import type { ResourceUris } from './resource-uris.ts';
import { restoreToolUris } from './restore-uris.ts';
import type { SelectedSource } from './select.ts';
import type { Asked } from './server-view.ts';

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
}

/**
 * One page of a merged list: the upstreams in configured order, each in its own order. An upstream that fails leaves
 * its items out, or shows the ones known before; only when all fail is it an error.
 */
export async function answerMergedList(
  parts: MergedListsParts,
  kind: ListKind,
  asked: Asked,
): Promise<Outcome> {
  const { sources, listings } = parts;
  const read = await Promise.all(sources.map(({ source }) => listings.read(source, kind, asked.context)));
  const failed = read.filter(({ stale }) => stale);
  if (failed.length > 0 && failed.length === read.length && read.every(({ items }) => items.length === 0)) {
    throw new GatewardError('UPSTREAM_UNAVAILABLE');
  }
  const { items, next } = cutPage(parts, { kind, asked, read });
  const ttlMs = Math.min(...read.map((listing) => (listing.stale ? INCOMPLETE_TTL_MS : listing.ttlMs)));
  const members = [
    '"resultType":"complete"',
    `${JSON.stringify(LIST_KINDS[kind].member)}:[${items.join(',')}]`,
    ...(next === undefined ? [] : [`"nextCursor":${JSON.stringify(sealNext(parts, asked, next))}`]),
    `"ttlMs":${Number.isFinite(ttlMs) ? ttlMs : 0}`,
    '"cacheScope":"private"',
  ];
  return { kind: 'complete', result: JsonText.written(`{${members.join(',')}}`) };
}

interface PageQuestion {
  readonly kind: ListKind;
  readonly asked: Asked;
  readonly read: readonly Listing[];
}

function cutPage(
  parts: MergedListsParts,
  { kind, asked, read }: PageQuestion,
): { readonly items: string[]; readonly next: CursorPosition | undefined } {
  const items: string[] = [];
  let bytes = 0;
  const { position } = asked;
  const first = Math.max(
    0,
    parts.sources.findIndex(({ source }) => source.name === position?.source),
  );
  for (let index = first; index < parts.sources.length; index++) {
    const selected = parts.sources[index];
    const listing = read[index];
    if (selected === undefined || listing === undefined) break;
    let offset = selected.source.name === position?.source ? position.offset : 0;
    for (; offset < listing.items.length; offset++) {
      const item = listing.items[offset];
      if (item === undefined || !selected.takes(kind, item.name)) continue;
      if (items.length >= PAGE_ITEMS || bytes >= PAGE_BYTES) {
        return { items, next: { source: selected.source.name, offset } };
      }
      const text = writeItem(parts, { kind, selected, item, asked });
      if (text === undefined) continue;
      bytes += text.length;
      items.push(text);
    }
  }
  return { items, next: undefined };
}

interface ItemQuestion {
  readonly kind: ListKind;
  readonly selected: SelectedSource;
  readonly item: Item;
  readonly asked: Asked;
}

/** The item as clients of the merged server see it; undefined for one that they may not see. */
function writeItem(
  { uris }: MergedListsParts,
  { kind, selected, item, asked }: ItemQuestion,
): string | undefined {
  switch (kind) {
    case 'tools': {
      const toClient = (uri: string): string => uris.toClient(selected, uri, asked.context);
      const tool = publishTool(item.json);
      return tool === undefined ? undefined : restoreToolUris(rename(tool, selected, item), toClient).text;
    }
    case 'prompts':
      return rename(item.json, selected, item).text;
    case 'resources':
    case 'templates': {
      const uri = uris.toClient(selected, item.name, asked.context);
      if (uri === item.name) return item.json.text;
      return item.json.with({ [LIST_KINDS[kind].key]: JsonText.of(uri) }).text;
    }
  }
}

function rename(json: JsonText, { source }: SelectedSource, item: Item): JsonText {
  return json.with({ name: JsonText.of(mergeName(source.name, item.name)) });
}

function sealNext(parts: MergedListsParts, { call, principal }: Asked, next: CursorPosition): string {
  return sealCursor(parts.seal, { server: parts.server, method: call.method, principal }, next);
}
