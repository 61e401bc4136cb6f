import { JsonText } from './json-text.ts';

/** The array with each item mapped; the array itself where every item stays the same object. */
export function mapItems(array: JsonText, map: (item: JsonText) => JsonText): JsonText {
  const items = array.items();
  const mapped = items.map(map);
  if (mapped.every((item, index) => item === items[index])) return array;
  return joinItems(mapped);
}

/** An array of these items. */
export function joinItems(items: readonly JsonText[]): JsonText {
  return JsonText.written(`[${items.map((item) => item.text).join(',')}]`);
}

/** An object of these members, whose keys differ. */
export function joinMembers(members: Iterable<readonly [string, JsonText]>): JsonText {
  const texts = [...members].map(([key, value]) => `${JSON.stringify(key)}:${value.text}`);
  return JsonText.written(`{${texts.join(',')}}`);
}

/**
 * The object with each member's value mapped, or taken away where the map gives undefined; the object itself where
 * every value stays the same object.
 */
export function mapMembers(
  object: JsonText,
  map: (value: JsonText, key: string) => JsonText | undefined,
): JsonText {
  const changes: [string, JsonText | undefined][] = [];
  for (const [key, value] of object.members()) {
    const mapped = map(value, key);
    if (mapped !== value) changes.push([key, mapped]);
  }
  return changes.length === 0 ? object : object.with(Object.fromEntries(changes));
}

/** The object without these keys; the object itself where it has none of them. */
export function withoutKeys(object: JsonText, keys: readonly string[]): JsonText {
  const present = keys.filter((key) => object.get(key) !== undefined);
  if (present.length === 0) return object;
  return object.with(Object.fromEntries(present.map((key) => [key, undefined])));
}
