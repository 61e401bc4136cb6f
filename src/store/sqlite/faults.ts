import { GatewardError } from '../../errors.ts';

/** Result codes of SQLite (https://sqlite.org/rescode.html) that say that the file cannot be used for now. */
const UNUSABLE: ReadonlySet<number> = new Set([
  3, // PERM
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  9, // INTERRUPT
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  22, // NOLFS
  23, // AUTH
  26, // NOTADB
]);
const BUSY: ReadonlySet<number> = new Set([5, 6]);
const CONSTRAINT = 19;

/** Whether another process holds the lock: trying again soon makes sense. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(resultCodeOf(error));
}

/** Whether a row breaks a rule of its table. */
export function isConflict(error: unknown): boolean {
  return resultCodeOf(error) === CONSTRAINT;
}

/** What a caller of the store gets to see of an error: STORE_UNAVAILABLE where the file is at fault. */
export function toStoreError(error: unknown): unknown {
  return UNUSABLE.has(resultCodeOf(error)) ? unavailable(error) : error;
}

/** STORE_UNAVAILABLE. The cause is for the log; `detail` is public. */
export function unavailable(cause: unknown, detail?: string): GatewardError {
  return new GatewardError('STORE_UNAVAILABLE', { cause, detail, retryAfterSeconds: 1 });
}

/** The primary result code: the low byte of the extended one. */
function resultCodeOf(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
