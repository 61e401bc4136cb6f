/**
 * A map that is empty most of the time, in objects of which there are many and that live long: it holds no table while
 * nothing is in it.
 */
export class SparseMap<K, V> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  has(key: K): boolean {
    return this.#map?.has(key) === true;
  }

  set(key: K, value: V): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    if (this.#map?.delete(key) !== true) return false;
    if (this.#map.size === 0) this.#map = undefined;
    return true;
  }

  clear(): void {
    this.#map = undefined;
  }

  /** As they are now: what is added or deleted meanwhile changes nothing. */
  keys(): readonly K[] {
    return this.#map === undefined ? [] : [...this.#map.keys()];
  }

  /** As they are now. */
  values(): readonly V[] {
    return this.#map === undefined ? [] : [...this.#map.values()];
  }
}
