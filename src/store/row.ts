import { GatewardError } from '../errors.ts';

/** A row as a database gives it, with whole numbers as numbers. */
export type Row = Readonly<Record<string, unknown>>;

/** A column that holds text. */
export function textIn(row: Row, column: string): string {
  return optionalTextIn(row, column) ?? unexpected(column);
}

/** A column that holds text or NULL. */
export function optionalTextIn(row: Row, column: string): string | undefined {
  const value = row[column];
  if (value === null) return undefined;
  return typeof value === 'string' ? value : unexpected(column);
}

/** A column that holds a whole number. */
export function numberIn(row: Row, column: string): number {
  return optionalNumberIn(row, column) ?? unexpected(column);
}

/** A column that holds a whole number or NULL. */
export function optionalNumberIn(row: Row, column: string): number | undefined {
  const value = row[column];
  if (value === null) return undefined;
  return typeof value === 'number' ? value : unexpected(column);
}

/** A column that holds bytes. */
export function bytesIn(row: Row, column: string): Buffer {
  return optionalBytesIn(row, column) ?? unexpected(column);
}

/** A column that holds bytes or NULL. */
export function optionalBytesIn(row: Row, column: string): Buffer | undefined {
  const value = row[column];
  if (value === null) return undefined;
  if (!(value instanceof Uint8Array)) return unexpected(column);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** A list of texts, however its column holds it. */
export function textsOf(value: unknown, column: string): readonly string[] {
  return isTexts(value) ? value : unexpected(column);
}

/** Throws INTERNAL_ERROR: nobody wrote such a row. */
export function unexpected(column: string): never {
  throw new GatewardError('INTERNAL_ERROR', { cause: `the column ${column} holds what it may not hold` });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
