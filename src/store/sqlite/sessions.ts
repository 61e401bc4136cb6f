import { numberIn, optionalBytesIn, optionalTextIn } from '../row.ts';
import type { SessionChanges, SessionRow, SessionTable } from '../store.ts';
import { nextChange } from './changes.ts';
import type { Database } from './database.ts';
import { textsIn } from './row.ts';

const CHANGE = `
INSERT INTO sessions (key, ended, log_level, subscriptions, stream_holder, extra, changed, expires_at)
VALUES (?, 0, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  log_level = excluded.log_level, subscriptions = excluded.subscriptions, stream_holder = excluded.stream_holder,
  extra = excluded.extra, changed = excluded.changed, expires_at = excluded.expires_at`;

const END = `
INSERT INTO sessions (key, ended, subscriptions, changed, expires_at) VALUES (?, 1, '[]', ?, ?)
ON CONFLICT (key) DO UPDATE SET
  ended = 1, log_level = NULL, subscriptions = '[]', stream_holder = NULL, extra = NULL,
  changed = excluded.changed, expires_at = excluded.expires_at`;

const NEW: SessionRow = {
  ended: false,
  logLevel: undefined,
  subscriptions: [],
  streamHolder: undefined,
  extra: undefined,
};

/** Legacy sessions that changed or ended. */
export function createSessionTable(db: Database): SessionTable {
  return {
    read: (key) => db.attempt(() => find(db, key)),
    change: (key, changes, ttlMs) =>
      db.write(() => {
        const before = find(db, key) ?? NEW;
        if (before.ended) return;
        const { streamHolder = before.streamHolder } = changes;
        db.run(CHANGE, [
          key,
          changes.logLevel ?? before.logLevel ?? null,
          JSON.stringify(subscriptionsAfter(before.subscriptions, changes)),
          streamHolder ?? null,
          changes.extra ?? before.extra ?? null,
          nextChange(db),
          db.now() + ttlMs,
        ]);
      }),
    end: (key, ttlMs) =>
      db.write(() => {
        db.run(END, [key, nextChange(db), db.now() + ttlMs]);
        db.run('DELETE FROM answers WHERE stream_id IN (SELECT id FROM streams WHERE session = ?)', [key]);
        // There may be very many events: the sweep deletes them, and until then nobody sees them.
        db.run('UPDATE streams SET ended = 1, work = NULL, expires_at = 0 WHERE session = ?', [key]);
      }),
  };
}

/** What has expired is as good as gone, before a sweep comes to it. */
function find(db: Database, key: string): SessionRow | undefined {
  const row = db.get('SELECT * FROM sessions WHERE key = ? AND expires_at > ?', [key, db.now()]);
  return (
    row && {
      ended: numberIn(row, 'ended') === 1,
      logLevel: optionalTextIn(row, 'log_level'),
      subscriptions: textsIn(row, 'subscriptions'),
      streamHolder: optionalTextIn(row, 'stream_holder'),
      extra: optionalBytesIn(row, 'extra'),
    }
  );
}

function subscriptionsAfter(
  before: readonly string[],
  { subscriptions = before, subscribe, unsubscribe }: SessionChanges,
): readonly string[] {
  const after = new Set(subscriptions);
  if (subscribe !== undefined) after.add(subscribe);
  if (unsubscribe !== undefined) after.delete(unsubscribe);
  return [...after];
}
