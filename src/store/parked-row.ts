import { bytesIn, numberIn, type Row, textIn, unexpected } from './row.ts';
import type { ParkedRow } from './store.ts';

const ANSWERS: readonly ParkedRow['answers'][] = ['none', 'sending', 'sent'];

/** A parked call. Both databases name its columns alike. */
export function parkedIn(row: Row): ParkedRow {
  return {
    id: textIn(row, 'id'),
    holder: textIn(row, 'holder'),
    epoch: numberIn(row, 'epoch'),
    answers: ANSWERS.find((answers) => answers === row['answers']) ?? unexpected('answers'),
    body: bytesIn(row, 'body'),
  };
}
