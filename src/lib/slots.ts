/** What stands in slots knows its place. */
export interface Slotted {
  /** Its place while it is in; undefined while it is not. Only Slots writes it. */
  slot?: number | undefined;
}

/**
 * A set for what comes and goes all the time, such as the requests under way. Places are used again, so nothing is
 * allocated once it has grown, and nothing that left is kept alive by what stays. Things may leave during a walk.
 */
export class Slots<T extends Slotted> {
  readonly #places: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#places.length - this.#free.length;
  }

  /** Puts a thing in, unless it is in already. It can be in one set at a time. */
  add(thing: T): void {
    if (thing.slot !== undefined) return;
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = thing;
    thing.slot = place;
  }

  /** Takes a thing out, if it is in. */
  delete(thing: T): void {
    const place = thing.slot;
    if (place === undefined || this.#places[place] !== thing) return;
    this.#places[place] = undefined;
    this.#free.push(place);
    thing.slot = undefined;
  }

  clear(): void {
    for (const thing of this) this.delete(thing);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const thing of this.#places) if (thing !== undefined) yield thing;
  }
}
