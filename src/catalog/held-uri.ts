import type { Hold, Holds, Item } from '../inspector.ts';
import type { Listing } from './listings.ts';
import { plainUri } from './plain-uri.ts';
import { compileTemplate } from './resource-uris.ts';

type Matches = (uri: string) => boolean;

/** Finds what is held by a URI, however it is spelt. What it takes for that is made once for each list. */
export class HeldUris {
  readonly #plain = new WeakMap<Holds, ReadonlyMap<string, Hold>>();
  readonly #held = new WeakMap<Holds, readonly (readonly [Matches, Hold])[]>();
  readonly #shown = new WeakMap<readonly Item[], readonly Matches[]>();

  /** Why a resource may not be used. What is listed under exactly this URI may be. */
  find({ holds, byName }: Listing, uri: string): Hold | undefined {
    const hold = holds.get(uri);
    if (hold !== undefined || holds.size === 0 || byName.has(uri)) return hold;
    const plain = take(
      this.#plain,
      holds,
      () => new Map([...holds].map(([held, why]) => [plainUri(held), why])),
    );
    return plain.get(plainUri(uri));
  }

  /** Why a resource may not be used that only templates which are held cover. */
  findCover({ items, holds }: Listing, uri: string): Hold | undefined {
    if (holds.size === 0) return undefined;
    const plain = plainUri(uri);
    const all = take(this.#held, holds, () =>
      [...holds].map(([template, why]) => [compileTemplate(template), why] as const),
    );
    const held = all.find(([covers]) => covers(uri) || covers(plain));
    if (held === undefined) return undefined;
    const shown = take(this.#shown, items, () => items.map(({ name }) => compileTemplate(name)));
    return shown.some((covers) => covers(uri)) ? undefined : held[1];
  }
}

function take<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
