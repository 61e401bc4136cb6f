import type { AuthorizationContext } from '../call.ts';
import type { Item } from './collect-list.ts';
import type { Listing, Listings } from './listings.ts';
import { mergeName, upstreamOfName } from './names.ts';
import type { SelectedSource } from './select.ts';

/** Whose a merged name is, and the upstream's own item behind it. */
export interface NameOwner {
  readonly selected: SelectedSource;
  readonly item: Item;
}

/** Finds tools or prompts of a merged server by their merged names. */
export interface MergedNames {
  /** A plain value for a name that is known already. */
  find(name: string, context: AuthorizationContext): NameOwner | undefined | Promise<NameOwner | undefined>;
}

/** A list that was read less than this ago is not read again for a name that it lacks. */
const REREAD_MS = 2_000;

/** What finding names needs. */
export interface MergedNamesParts {
  readonly kind: 'tools' | 'prompts';
  readonly sources: readonly SelectedSource[];
  readonly listings: Listings;
  readonly now: () => number;
}

/** The table of merged names, made anew whenever an upstream's list was. */
export function createMergedNames({ kind, sources, listings, now }: MergedNamesParts): MergedNames {
  const tables = new WeakMap<Listing, ReadonlyMap<string, Item>>();
  const rereadAt = new Map<string, number>();

  const lookUp = (
    selected: SelectedSource,
    listing: Listing | undefined,
    name: string,
  ): NameOwner | undefined => {
    if (listing === undefined) return undefined;
    let table = tables.get(listing);
    if (table === undefined) {
      table = tableOf(selected, listing);
      tables.set(listing, table);
    }
    const item = table.get(name);
    return item === undefined ? undefined : { selected, item };
  };
  const tableOf = (selected: SelectedSource, listing: Listing): ReadonlyMap<string, Item> => {
    const taken = listing.items.filter((item) => selected.takes(kind, item.name));
    return new Map(taken.map((item) => [mergeName(selected.source.name, item.name), item]));
  };
  const reread = async (selected: SelectedSource, name: string, context: AuthorizationContext) => {
    const key = `${selected.source.name} ${context}`;
    if (now() - (rereadAt.get(key) ?? Number.NEGATIVE_INFINITY) < REREAD_MS) return undefined;
    rereadAt.set(key, now());
    return lookUp(selected, await listings.refresh(selected.source, kind, context), name);
  };

  return {
    find(name, context) {
      const upstream = upstreamOfName(name);
      const selected = sources.find(({ source }) => source.name === upstream);
      if (selected === undefined) return undefined;
      return (
        lookUp(selected, listings.peek(selected.source, kind, context), name) ??
        reread(selected, name, context)
      );
    },
  };
}
