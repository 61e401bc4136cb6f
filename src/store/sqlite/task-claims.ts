import { numberIn, type Row, textIn } from '../row.ts';
import { taskIn } from '../task-row.ts';
import type { TaskRow } from '../task-table.ts';
import type { Database } from './database.ts';

const MAX_STOPS = 500;
/** Above every text, as SQLite sorts them. */
const END = Buffer.alloc(0);

/** Takes over what is due and what dead replicas hold, the longest overdue first. */
export function claimTasks(db: Database, holder: string, max: number): Promise<readonly TaskRow[]> {
  return db.write(() => {
    const found = [...orphans(db, holder, max), ...due(db, max)];
    const first = found.toSorted((a, b) => numberIn(a, 'since') - numberIn(b, 'since')).slice(0, max);
    return first.map((row) => taskIn(take(db, holder, numberIn(row, 'number'))));
  });
}

/** Ids of tasks of a holder whose work has to stop. */
export function stopsOf(db: Database, holder: string): Promise<readonly string[]> {
  return db.attempt(() => {
    const sql =
      'SELECT id FROM tasks WHERE holder = ? AND wake_at <= ? AND expires_at > ? ORDER BY wake_at LIMIT ?';
    return db.all(sql, [holder, db.now(), db.now(), MAX_STOPS]).map((row) => textIn(row, 'id'));
  });
}

function due(db: Database, max: number): readonly Row[] {
  const now = db.now();
  const sql = `SELECT number, wake_at AS since FROM tasks
    WHERE holder IS NULL AND wake_at <= ? AND expires_at > ? ORDER BY wake_at LIMIT ?`;
  return db.all(sql, [now, now, max]);
}

/** Looks only between the holders that live, in the order of their ids, so that what they hold is passed over. */
function orphans(db: Database, claimer: string, max: number): readonly Row[] {
  const now = db.now();
  const live = db
    .all('SELECT id FROM replicas WHERE lease_ends_at > ?', [now])
    .map((row) => textIn(row, 'id'));
  const sql = `SELECT number, updated_at AS since FROM tasks
    WHERE holder > ? AND holder < ? AND expires_at > ? LIMIT ?`;
  const marks = [...new Set([...live, claimer])].toSorted(byBytes);
  return ['', ...marks].flatMap((low, n) => db.all(sql, [low, marks[n] ?? END, now, max]));
}

function take(db: Database, holder: string, number: number): Row {
  const sql = `UPDATE tasks SET
      holder = ?, epoch = epoch + 1, wake_at = CASE WHEN state = 'cancelled' THEN wake_at ELSE deadline_at END
    WHERE number = ? RETURNING *`;
  return db.get(sql, [holder, number]) ?? {};
}

/** SQLite compares texts by their bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
