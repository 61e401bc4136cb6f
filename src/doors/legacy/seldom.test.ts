import { describe, expect, it } from 'vitest';
import { Seldom } from './seldom.ts';

describe('Seldom', () => {
  it('lets each thing happen once in its time', () => {
    let now = 0;
    const seldom = new Seldom(100, () => now);
    expect([seldom.isDue('a'), seldom.isDue('a'), seldom.isDue('b')]).toEqual([true, false, true]);
    now = 99;
    expect(seldom.isDue('a')).toBe(false);
    now = 100;
    expect([seldom.isDue('a'), seldom.isDue('a')]).toEqual([true, false]);
  });

  it('forgets what is old, and the oldest where there is too much', () => {
    const seldom = new Seldom(100, () => 0);
    for (let count = 0; count <= 1000; count++) expect(seldom.isDue(String(count))).toBe(true);
    expect(seldom.isDue('1000')).toBe(false);
    expect(seldom.isDue('0')).toBe(true);
  });
});
