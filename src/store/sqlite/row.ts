import type { SQLInputValue } from 'node:sqlite';
import { type Row, textIn, textsOf } from '../row.ts';

/** What a statement takes: in order, or by name. */
export type Values = readonly SQLInputValue[] | Readonly<Record<string, SQLInputValue>>;

/** A column that holds texts as a JSON array. */
export function textsIn(row: Row, column: string): readonly string[] {
  return textsOf(JSON.parse(textIn(row, column)), column);
}
