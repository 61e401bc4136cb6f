import { type Row, textsOf, unexpected } from '../row.ts';

/** A column that holds true or false. */
export function truthIn(row: Row, column: string): boolean {
  const value = row[column];
  return typeof value === 'boolean' ? value : unexpected(column);
}

/** A column that holds a list of texts. */
export function textsIn(row: Row, column: string): readonly string[] {
  return textsOf(row[column], column);
}

/** A column that holds a list of texts or NULL. */
export function optionalTextsIn(row: Row, column: string): readonly string[] | undefined {
  return row[column] === null ? undefined : textsIn(row, column);
}
