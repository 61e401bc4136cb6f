import { describe, expect, it } from 'vitest';
import { SparseMap } from './sparse-map.ts';

describe('a sparse map', () => {
  it('does what a map does', () => {
    const map = new SparseMap<string, number>();
    expect([map.size, map.get('a'), map.has('a'), map.delete('a')]).toEqual([0, undefined, false, false]);
    map.set('a', 1);
    map.set('b', 2);
    expect([map.size, map.get('a'), map.has('b'), map.delete('a')]).toEqual([2, 1, true, true]);
    expect([map.keys(), map.values()]).toEqual([['b'], [2]]);
    expect([map.delete('b'), map.size, map.keys(), map.values()]).toEqual([true, 0, [], []]);
  });

  it('gives what is in it now, whatever is done meanwhile', () => {
    const map = new SparseMap<number, number>();
    for (const key of [1, 2, 3]) map.set(key, key);
    for (const key of map.keys()) map.delete(key);
    expect(map.size).toBe(0);
    map.set(4, 4);
    map.clear();
    expect(map.values()).toEqual([]);
  });
});
