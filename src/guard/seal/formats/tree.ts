import { digestJson } from '../../../lib/digest-json.ts';

/** A parsed object. It may have no prototype, so that a key `__proto__` is a key like others. */
export type Tree = Readonly<Record<string, unknown>>;

/** Where something stands: keys of objects, indexes of lists. */
export type Place = readonly (string | number)[];

/** An object, as opposed to a list, a date or a plain value. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An object from its members. */
export function makeTree(members: Iterable<readonly [string, unknown]>): Tree {
  const tree: Record<string, unknown> = Object.create(null);
  for (const [key, value] of members) tree[key] = value;
  return tree;
}

/** A member of an object itself: `__proto__` is a key like others. */
export function memberOf(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

/** Whether two parsed values are the same JSON, whatever the order of keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return digestJson(a) === digestJson(b);
}

/**
 * The keys by which the items of a list are known: their `name`, with `#2` behind it for a second one of that name, so
 * that no item can hide behind another. Items without a name go by their place.
 */
function keysOfItems(items: readonly unknown[]): readonly string[] {
  const seen = new Map<string, number>();
  return items.map((item, index) => {
    const name = isTree(item) && typeof item['name'] === 'string' ? item['name'] : `#${index}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

/** The members of an object, or the items of a list by their keys. */
export function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (isTree(value)) return Object.entries(value);
  if (!Array.isArray(value)) return [];
  const items: readonly unknown[] = value;
  const keys = keysOfItems(items);
  return items.map((item, index) => [keys[index] ?? '', item]);
}

/** What stands at a path whose list items go by their keys; undefined where nothing does. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    const found = membersOf(value).find(([name]) => name === key);
    if (found === undefined) return undefined;
    value = found[1];
  }
  return value;
}

/** The path with indexes in place of the keys of list items. A new item goes to the end of its list. */
export function placeOf(root: unknown, path: readonly string[]): Place {
  const place: (string | number)[] = [];
  let value = root;
  for (const key of path) {
    const members = membersOf(value);
    const index = members.findIndex(([name]) => name === key);
    place.push(!Array.isArray(value) ? key : index < 0 ? members.length : index);
    value = members[index]?.[1];
  }
  return place;
}

/** A copy with another value at a place, or without it for undefined. Objects on the way are made. */
export function withValue(root: unknown, place: Place, value: unknown): unknown {
  const [key, ...rest] = place;
  if (key === undefined) return value;
  if (Array.isArray(root) && typeof key === 'number') {
    const items: readonly unknown[] = root;
    if (value === undefined && rest.length === 0) return items.toSpliced(key, 1);
    return items.toSpliced(key, 1, withValue(items[key], rest, value));
  }
  const name = String(key);
  const members = new Map(isTree(root) ? Object.entries(root) : []);
  if (value === undefined && !members.has(name)) return root;
  if (value === undefined && rest.length === 0) members.delete(name);
  else members.set(name, withValue(members.get(name), rest, value));
  return makeTree(members);
}

/** One change of a document: undefined takes away what stands there. */
export interface Edit {
  readonly place: Place;
  readonly value: unknown;
}

/**
 * The smallest edits that turn one value into another: objects member by member, so that comments beside what stays are
 * kept; everything else whole.
 */
export function planEdits(current: unknown, wanted: unknown, place: Place): readonly Edit[] {
  if (isSame(current, wanted)) return [];
  if (!isTree(current) || !isTree(wanted)) return [{ place, value: wanted }];
  const keys = new Set([...Object.keys(current), ...Object.keys(wanted)]);
  return [...keys].flatMap((key) =>
    planEdits(memberOf(current, key), memberOf(wanted, key), [...place, key]),
  );
}
