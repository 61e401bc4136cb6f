import { GatewardError } from '../../errors.ts';
import { numberIn, type Row, textIn } from '../row.ts';
import type { ChangeFeed, Changes } from '../store.ts';
import type { Database } from './database.ts';

/** Changes told at a time. */
const MAX_CHANGES = 1000;
const NOTHING = { sessions: [], keys: [], approvals: [] };

/**
 * What changed, by a counter in the file. Only one process writes at a time, so the numbers come in the order of
 * commits, whatever the clock does, and nothing has to be told twice.
 */
export function createChangeFeed(db: Database): ChangeFeed {
  return {
    since: (cursor) =>
      db.read(() => {
        const newest = newestChange(db);
        if (cursor === undefined) return { ...NOTHING, cursor: String(newest) };
        const from = Number(cursor);
        // A number that this file has not come to is another file's.
        if (!Number.isSafeInteger(from) || from > newest) return undefined;
        return from === newest ? { ...NOTHING, cursor } : changesAfter(db, from, newest);
      }),
  };
}

/** The number of the change that is being written. */
export function nextChange(db: Database): number {
  const row = db.get('UPDATE change_counter SET value = value + 1 RETURNING value');
  return countIn(row);
}

function newestChange(db: Database): number {
  return countIn(db.get('SELECT value FROM change_counter'));
}

function changesAfter(db: Database, from: number, newest: number): Changes | undefined {
  const after = (sql: string) => db.all(sql, [from, MAX_CHANGES + 1]).map(nameOf);
  const sessions = after('SELECT key AS name FROM sessions WHERE changed > ? LIMIT ?');
  const keys = after('SELECT id AS name FROM keys WHERE changed > ? LIMIT ?');
  const approvals = after('SELECT upstream AS name FROM approval_changes WHERE changed > ? LIMIT ?');
  if (sessions.length + keys.length + approvals.length > MAX_CHANGES) return undefined;
  return { sessions, keys, approvals, cursor: String(newest) };
}

function nameOf(row: Row): string {
  return textIn(row, 'name');
}

function countIn(row: Row | undefined): number {
  if (row === undefined) throw new GatewardError('INTERNAL_ERROR', { cause: 'the change counter is gone' });
  return numberIn(row, 'value');
}
