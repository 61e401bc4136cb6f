import type { AuthorizationContext } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Item } from '../inspector.ts';
import { refusal } from '../inspector.ts';
import type { Listing, Listings } from './listings.ts';
import { byMergedName, mergeName, upstreamOfName } from './names.ts';
import type { SelectedSource } from './select.ts';

/** Whose a merged name is, and the upstream's own item behind it. */
export interface NameOwner {
  readonly selected: SelectedSource;
  readonly item: Item;
}

/** Finds tools or prompts of a merged server by their merged names. */
export interface MergedNames {
  /**
   * A plain value for a name that is known already. Rejects with UPSTREAM_UNAVAILABLE where only an upstream that
   * cannot be reached could tell whether it has the name. Throws what a call is told of something that is held.
   */
  find(name: string, context: AuthorizationContext): NameOwner | undefined | Promise<NameOwner | undefined>;
}

/** A list that was read less than this ago is not read again for a name that it lacks. */
const REREAD_MS = 2_000;

/** What finding names needs. */
export interface MergedNamesParts {
  readonly kind: 'tools' | 'prompts';
  readonly sources: readonly SelectedSource[];
  readonly listings: Listings;
}

/** The table of merged names, made anew whenever an upstream's list was. */
export function createMergedNames({ kind, sources, listings }: MergedNamesParts): MergedNames {
  const tables = new WeakMap<readonly Item[], ReadonlyMap<string, Item>>();

  const lookUp = (
    selected: SelectedSource,
    items: readonly Item[] | undefined,
    name: string,
  ): NameOwner | undefined => {
    if (items === undefined) return undefined;
    let table = tables.get(items);
    if (table === undefined) {
      table = tableOf(selected, items);
      tables.set(items, table);
    }
    const item = table.get(name);
    return item === undefined ? undefined : { selected, item };
  };
  const tableOf = (selected: SelectedSource, items: readonly Item[]): ReadonlyMap<string, Item> => {
    const taken = items.filter((item) => selected.takes(kind, item.name));
    return byMergedName(selected.source.name, taken);
  };
  const reread = async (selected: SelectedSource, name: string, context: AuthorizationContext) => {
    const found = await listings.reread(selected.source, kind, { context, everyMs: REREAD_MS });
    const listing = found ?? listings.peek(selected.source, kind, context);
    const owner = lookUp(selected, listing?.items, name);
    if (owner === undefined) refuseHeld(selected, listing, name);
    if (owner === undefined && listing?.stale === true) throw new GatewardError('UPSTREAM_UNAVAILABLE');
    return owner;
  };

  const refuseHeld = (selected: SelectedSource, listing: Listing | undefined, name: string): void => {
    for (const [own, hold] of listing?.holds ?? []) {
      const isMeant = selected.takes(kind, own) && mergeName(selected.source.name, own) === name;
      if (isMeant) throw refusal(hold);
    }
  };

  return {
    find(name, context) {
      const upstream = upstreamOfName(name);
      const selected = sources.find(({ source }) => source.name === upstream);
      if (selected === undefined) return undefined;
      return (
        lookUp(selected, listings.peek(selected.source, kind, context)?.items, name) ??
        reread(selected, name, context)
      );
    },
  };
}
