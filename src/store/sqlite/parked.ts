import type { Holding } from '../holding.ts';
import { parkedIn } from '../parked-row.ts';
import type { ParkedTable } from '../store.ts';
import type { Database } from './database.ts';

const HELD = 'id = ? AND holder = ? AND epoch = ? AND expires_at > ?';

/** Parked calls. */
export function createParkedTable(db: Database): ParkedTable {
  const held = (id: string, { holder, epoch }: Holding) => [id, holder, epoch, db.now()];
  return {
    put: ({ id, holder, body }, ttlMs, maxRows) =>
      db.write(() => {
        const now = db.now();
        const full = db.get('SELECT 1 FROM parked WHERE expires_at > ? LIMIT 1 OFFSET ?', [now, maxRows - 1]);
        if (full !== undefined || maxRows < 1) return false;
        db.run(
          `INSERT INTO parked (id, holder, epoch, answers, expires_at, body) VALUES (?, ?, 1, 'none', ?, ?)
           ON CONFLICT (id) DO NOTHING`,
          [id, holder, now + ttlMs, body],
        );
        return true;
      }),
    read: (id) =>
      db.attempt(() => {
        const row = db.get('SELECT * FROM parked WHERE id = ? AND expires_at > ?', [id, db.now()]);
        return row && parkedIn(row);
      }),
    save: (id, by, { answers, body, ttlMs }) =>
      db.write(() => {
        const sql = `UPDATE parked SET answers = coalesce(?, answers), body = coalesce(?, body), expires_at = ?
          WHERE ${HELD}`;
        return db.run(sql, [answers ?? null, body ?? null, db.now() + ttlMs, ...held(id, by)]) > 0;
      }),
    claim: (id, from, holder) =>
      db.write(() => {
        const sql = `UPDATE parked SET holder = ?, epoch = epoch + 1 WHERE ${HELD} RETURNING *`;
        const row = db.get(sql, [holder, ...held(id, from)]);
        return row && parkedIn(row);
      }),
    delete: (id, { holder, epoch }) =>
      db.write(() => {
        db.run('DELETE FROM parked WHERE id = ? AND holder = ? AND epoch = ?', [id, holder, epoch]);
      }),
  };
}
