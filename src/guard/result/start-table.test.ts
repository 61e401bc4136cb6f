import { describe, expect, it } from 'vitest';
import { lettersAt, PhraseTable } from './start-table.ts';

const stem = (phrase: string, mask: number) => ({ phrase, mask, isStem: true });
const table = new PhraseTable([stem('<|', 1), stem('key', 2), stem('비밀', 4), stem('wə', 8)]);
const stemmed = (word: string): number => table.stemmed(word, 0, lettersAt(word, 0));

describe('PhraseTable', () => {
  it('finds short stems, whatever their script and case', () => {
    expect(['key', 'KEYS', '비밀번호', 'Wəx', 'wə'].map(stemmed)).toEqual([2, 2, 4, 8, 8]);
  });

  it('finds nothing in words that begin otherwise', () => {
    expect(['ke', 'k', 'w', 'wé', 'é', 'привет', '비', '비교'].map(stemmed)).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0,
    ]);
  });
});
