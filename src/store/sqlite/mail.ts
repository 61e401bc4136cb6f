import { bytesIn, numberIn } from '../row.ts';
import type { Letter, MailTable } from '../store.ts';
import type { Database } from './database.ts';

const MAX_LETTERS = 500;
/** Bytes of letters given at a time; a single letter may be larger. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Mailboxes. Ids rise in the order in which letters were put in. */
export function createMailTable(db: Database): MailTable {
  return {
    async send(letters, ttlMs) {
      if (letters.length === 0) return;
      await db.write(() => {
        const expiresAt = db.now() + ttlMs;
        for (const { to, body } of letters) {
          db.run('INSERT INTO letters (recipient, body, expires_at) VALUES (?, ?, ?)', [to, body, expiresAt]);
        }
      });
    },
    collect: (to, done) => {
      if (done.length === 0) return db.read(() => lettersTo(db, to));
      return db.write(() => {
        db.run('DELETE FROM letters WHERE recipient = ? AND id IN (SELECT value FROM json_each(?))', [
          to,
          JSON.stringify(done.map(Number)),
        ]);
        return lettersTo(db, to);
      });
    },
  };
}

function lettersTo(db: Database, to: string): readonly Letter[] {
  const letters: Letter[] = [];
  let bytes = 0;
  const rows = db.iterate(
    'SELECT id, body FROM letters WHERE recipient = ? AND expires_at > ? ORDER BY id LIMIT ?',
    [to, db.now(), MAX_LETTERS],
  );
  for (const row of rows) {
    const body = bytesIn(row, 'body');
    bytes += body.length;
    if (letters.length > 0 && bytes > MAX_BYTES) break;
    letters.push({ id: String(numberIn(row, 'id')), body });
  }
  return letters;
}
