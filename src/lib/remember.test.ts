import { describe, expect, it } from 'vitest';
import { remember } from './remember.ts';

describe('remember', () => {
  it('reads a text once while it is remembered, and never more texts than its bound', () => {
    let reads = 0;
    const read = remember(
      (text) => {
        reads++;
        return text.length;
      },
      { maxEntries: 2, maxLength: 3 },
    );
    expect([read('a'), read('a'), read('bb'), read('bb')]).toEqual([1, 1, 2, 2]);
    expect(reads).toBe(2);
    expect([read('ccc'), read('a')]).toEqual([3, 1]);
    expect(reads).toBe(4);
    expect([read('long'), read('long')]).toEqual([4, 4]);
    expect(reads).toBe(6);
  });
});
