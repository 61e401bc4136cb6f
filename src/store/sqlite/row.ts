import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { GatewardError } from '../../errors.ts';

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;
/** What a statement takes: in order, or by name. */
export type Values = readonly SQLInputValue[] | Readonly<Record<string, SQLInputValue>>;

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
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** A column that holds texts as a JSON array. */
export function textsIn(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(textIn(row, column));
  return isTexts(value) ? value : unexpected(column);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function unexpected(column: string): never {
  throw new GatewardError('INTERNAL_ERROR', { cause: `the column ${column} holds what it may not hold` });
}
