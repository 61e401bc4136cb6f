import { optionalBytesIn, optionalTextIn } from '../row.ts';
import type { SessionTable } from '../store.ts';
import type { Database } from './database.ts';
import { textsIn, truthIn } from './row.ts';
import { NOW, statement } from './statement.ts';

const READ = statement(
  'read_session',
  `SELECT ended, log_level, subscriptions, stream_holder, extra FROM gateward_sessions
   WHERE key = $1 AND expires_at > ${NOW}`,
);

/** What a column was before, unless the row has expired, which is as good as gone. */
const before = (column: string, gone: string): string =>
  `CASE WHEN old.expires_at > ${NOW} THEN old.${column} ELSE ${gone} END`;

/** Times of changes rise within a row, so that two changes of one moment can be told apart. */
const CHANGED = `greatest(${NOW}, old.changed_at + 1)`;

const listed = before('subscriptions', 'ARRAY[]::text[]');
const CHANGE = statement(
  'change_session',
  `INSERT INTO gateward_sessions AS old
     (key, ended, log_level, subscriptions, stream_holder, extra, changed_at, expires_at)
   VALUES ($1, false, $3,
     array_remove(coalesce($4::text[], ARRAY[]::text[]) || $5::text[], $6::text), $8, $9, ${NOW}, ${NOW} + $2::bigint)
   ON CONFLICT (key) DO UPDATE SET
     ended = false,
     log_level = coalesce($3, ${before('log_level', 'NULL')}),
     subscriptions = array_remove(
       CASE WHEN coalesce($4::text[], ${listed}) @> $5::text[] THEN coalesce($4::text[], ${listed})
         ELSE coalesce($4::text[], ${listed}) || $5::text[] END,
       $6::text),
     stream_holder = CASE WHEN $7 THEN $8 ELSE ${before('stream_holder', 'NULL')} END,
     extra = coalesce($9, ${before('extra', 'NULL')}),
     changed_at = ${CHANGED},
     expires_at = excluded.expires_at
   WHERE NOT old.ended OR old.expires_at <= ${NOW}`,
);
const END = statement(
  'end_session',
  `WITH streams AS (DELETE FROM gateward_streams WHERE session = $1),
     events AS (DELETE FROM gateward_events WHERE session = $1),
     answers AS (DELETE FROM gateward_answers WHERE session = $1)
   INSERT INTO gateward_sessions AS old (key, ended, subscriptions, changed_at, expires_at)
   VALUES ($1, true, ARRAY[]::text[], ${NOW}, ${NOW} + $2::bigint)
   ON CONFLICT (key) DO UPDATE SET
     ended = true, log_level = NULL, subscriptions = ARRAY[]::text[], stream_holder = NULL, extra = NULL,
     changed_at = ${CHANGED}, expires_at = excluded.expires_at`,
);

/** Legacy sessions that changed or ended. */
export function createSessionTable(db: Database): SessionTable {
  return {
    async read(key) {
      const row = await db.row(READ, [key]);
      return (
        row && {
          ended: truthIn(row, 'ended'),
          logLevel: optionalTextIn(row, 'log_level'),
          subscriptions: textsIn(row, 'subscriptions'),
          streamHolder: optionalTextIn(row, 'stream_holder'),
          extra: optionalBytesIn(row, 'extra'),
        }
      );
    },
    async change(key, changes, ttlMs) {
      const { logLevel, subscriptions, subscribe, unsubscribe, streamHolder, extra } = changes;
      const holder = [streamHolder !== undefined, streamHolder ?? null];
      const added = subscribe === undefined ? [] : [subscribe];
      const list = [subscriptions ?? null, added, unsubscribe ?? null];
      await db.rows(CHANGE, [key, ttlMs, logLevel ?? null, ...list, ...holder, extra ?? null]);
    },
    async end(key, ttlMs) {
      await db.rows(END, [key, ttlMs]);
    },
  };
}
