import { numberIn, type Row, textIn } from '../row.ts';
import type { SweepBounds } from '../store.ts';
import type { Database } from './database.ts';
import { NOW, type Statement, statement } from './statement.ts';

/** Rows deleted by one statement. */
const BATCH = 500;
/** Statements for each kind of row in one sweep. */
const MAX_BATCHES = 20;
/** How long it is known of a dead replica that it lived: as long as what it owned may be wanted. */
const REPLICA_KEPT_MS = 24 * 3_600_000;

/** Rows that another sweep is at are left to it. */
const expired = (table: string, key: string): string =>
  `DELETE FROM gateward_${table} WHERE (${key}) IN (
     SELECT ${key} FROM gateward_${table} WHERE expires_at <= ${NOW}
     ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
   ) RETURNING 1 AS gone`;

const EXPIRED: readonly Statement[] = [
  statement('sweep_letters', expired('letters', 'recipient, id')),
  statement('sweep_sessions', expired('sessions', 'key')),
  statement('sweep_streams', expired('streams', 'session, stream')),
  statement('sweep_answers', expired('answers', 'session, stream, question')),
  statement('sweep_parked', expired('parked', 'id')),
  statement('sweep_tasks', expired('tasks', 'id')),
  statement('sweep_task_answers', expired('task_answers', 'task, key')),
];
const EXPIRED_EVENTS = statement(
  'sweep_events',
  `DELETE FROM gateward_events WHERE (session, stream, number) IN (
     SELECT session, stream, number FROM gateward_events WHERE expires_at <= ${NOW}
     ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
   ) RETURNING session, stream`,
);
const COUNT_BYTES = statement(
  'count_event_bytes',
  'SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM gateward_streams WHERE bytes > 0',
);
/** The oldest events, as many as it takes to come below the bound. */
const EVENTS_ABOVE = statement(
  'sweep_events_above',
  `DELETE FROM gateward_events WHERE (session, stream, number) IN (
     SELECT session, stream, number FROM (
       SELECT session, stream, number,
         sum(size) OVER (ORDER BY expires_at, session, stream, number) - size AS bytes_before
       FROM (
         SELECT session, stream, number, expires_at, octet_length(data) AS size
         FROM gateward_events ORDER BY expires_at, session, stream, number LIMIT ${BATCH}
       ) AS oldest
     ) AS sized WHERE bytes_before < $1::bigint
   ) RETURNING session, stream`,
);
/** Counted anew, not counted down: that may be done twice. */
const RECOUNT = statement(
  'recount_event_bytes',
  `UPDATE gateward_streams AS counted SET bytes = (
     SELECT coalesce(sum(octet_length(data)), 0)::bigint FROM gateward_events AS events
     WHERE events.session = counted.session AND events.stream = counted.stream
   ) FROM unnest($1::text[], $2::text[]) AS touched (session, stream)
   WHERE counted.session = touched.session AND counted.stream = touched.stream`,
);
const DEAD_REPLICAS = statement(
  'sweep_replicas',
  `DELETE FROM gateward_replicas WHERE id IN (
     SELECT id FROM gateward_replicas WHERE lease_ends_at <= ${NOW} - ${REPLICA_KEPT_MS} LIMIT ${BATCH}
   ) RETURNING 1 AS gone`,
);
/** What long dead replicas owned and nobody has wanted since. */
const OWNERLESS = statement(
  'sweep_owners',
  `DELETE FROM gateward_owners WHERE thing IN (
     SELECT thing FROM gateward_owners
     WHERE NOT EXISTS (SELECT 1 FROM gateward_replicas WHERE id = holder) LIMIT ${BATCH}
   ) RETURNING 1 AS gone`,
);

/** Deletes a bounded part of what has expired, and of what is above the bounds. */
export async function sweep(db: Database, { maxEventBytes }: SweepBounds): Promise<void> {
  await repeat(async () => recount(db, await db.rows(EXPIRED_EVENTS)));
  await repeat(() => dropEventsAbove(db, maxEventBytes));
  for (const expire of EXPIRED) await repeat(async () => (await db.rows(expire)).length);
  await repeat(async () => (await db.rows(DEAD_REPLICAS)).length);
  await repeat(async () => (await db.rows(OWNERLESS)).length);
}

/** Runs as long as there is a whole batch to delete. */
async function repeat(deleteBatch: () => Promise<number>): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) if ((await deleteBatch()) < BATCH) return;
}

async function dropEventsAbove(db: Database, maxBytes: number): Promise<number> {
  const [counted] = await db.rows(COUNT_BYTES);
  const above = numberIn(counted ?? {}, 'bytes') - maxBytes;
  return above <= 0 ? 0 : recount(db, await db.rows(EVENTS_ABOVE, [above]));
}

/** Corrects the bytes of the streams whose events were deleted. Gives the number of events. */
async function recount(db: Database, deleted: readonly Row[]): Promise<number> {
  const streams = new Map(
    deleted.map((row) => {
      const stream = [textIn(row, 'session'), textIn(row, 'stream')] as const;
      return [JSON.stringify(stream), stream];
    }),
  );
  const keys = [...streams.values()];
  if (keys.length > 0)
    await db.rows(RECOUNT, [keys.map(([session]) => session), keys.map(([, stream]) => stream)]);
  return deleted.length;
}
