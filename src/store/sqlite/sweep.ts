import { setImmediate as nextTurn } from 'node:timers/promises';
import { numberIn, type Row } from '../row.ts';
import type { SweepBounds } from '../store.ts';
import type { Database } from './database.ts';

/** Rows deleted in one transaction: it runs on the event loop, for a millisecond or two. */
const BATCH = 50;
/** Transactions for each kind of row in one sweep. */
const MAX_BATCHES = 500;
/** How long it is known of a dead replica that it lived: as long as what it owned may be wanted. */
const REPLICA_KEPT_MS = 24 * 3_600_000;

const EXPIRED = [
  'DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE expires_at <= ? LIMIT ?)',
  'DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at <= ? LIMIT ?)',
  'DELETE FROM parked WHERE rowid IN (SELECT rowid FROM parked WHERE expires_at <= ? LIMIT ?)',
  'DELETE FROM tasks WHERE number IN (SELECT number FROM tasks WHERE expires_at <= ? LIMIT ?)',
];

/** Deletes a bounded part of what has expired, and of what is above the bounds. */
export async function sweep(db: Database, { maxEventBytes }: SweepBounds): Promise<void> {
  await repeat(db, () => dropEvents(db, expiredEvents(db)));
  await repeat(db, () => dropEvents(db, eventsAbove(db, maxEventBytes)));
  await repeat(db, () => dropEvents(db, eventsOfExpired(db)));
  await repeat(db, () => dropStreams(db));
  for (const sql of EXPIRED) await repeat(db, () => db.run(sql, [db.now(), BATCH]));
  await repeat(db, () => dropReplicas(db));
}

/** Runs as long as there is a whole batch to delete, each in a turn of its own. */
async function repeat(db: Database, deleteBatch: () => number): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    if ((await db.write(deleteBatch)) < BATCH) return;
    await nextTurn();
  }
}

function expiredEvents(db: Database): readonly Row[] {
  return db.all(
    'SELECT id, stream_id, length(data) AS size FROM events WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
    [db.now(), BATCH],
  );
}

/** The oldest events, as many as it takes to come below the bound. */
function eventsAbove(db: Database, maxBytes: number): readonly Row[] {
  const sum = db.get('SELECT coalesce(sum(bytes), 0) AS bytes FROM streams WHERE bytes > 0');
  let above = (sum ? numberIn(sum, 'bytes') : 0) - maxBytes;
  if (above <= 0) return [];
  const oldest = db.all(
    'SELECT id, stream_id, length(data) AS size FROM events ORDER BY expires_at, id LIMIT ?',
    [BATCH],
  );
  return oldest.filter((row) => {
    const goes = above > 0;
    above -= numberIn(row, 'size');
    return goes;
  });
}

/** The events of streams that have expired, which those of an ended session do at once. */
function eventsOfExpired(db: Database): readonly Row[] {
  return db.all(
    `SELECT events.id, stream_id, length(data) AS size FROM streams JOIN events ON stream_id = streams.id
     WHERE streams.expires_at <= ? LIMIT ?`,
    [db.now(), BATCH],
  );
}

function dropEvents(db: Database, events: readonly Row[]): number {
  const bytes = new Map<number, number>();
  for (const row of events) {
    const stream = numberIn(row, 'stream_id');
    bytes.set(stream, (bytes.get(stream) ?? 0) + numberIn(row, 'size'));
    db.run('DELETE FROM events WHERE id = ?', [numberIn(row, 'id')]);
  }
  for (const [stream, size] of bytes)
    db.run('UPDATE streams SET bytes = bytes - ? WHERE id = ?', [size, stream]);
  return events.length;
}

/** Streams that have expired, once their events are gone. */
function dropStreams(db: Database): number {
  return db.run(
    `DELETE FROM streams WHERE id IN (
       SELECT id FROM streams WHERE expires_at <= ?
         AND NOT EXISTS (SELECT 1 FROM events WHERE stream_id = streams.id) LIMIT ?
     )`,
    [db.now(), BATCH],
  );
}

/** Replicas that died long ago, and what they owned and nobody has wanted since. */
function dropReplicas(db: Database): number {
  const dead = db.run(
    'DELETE FROM replicas WHERE id IN (SELECT id FROM replicas WHERE lease_ends_at <= ? LIMIT ?)',
    [db.now() - REPLICA_KEPT_MS, BATCH],
  );
  const owned = db.run(
    `DELETE FROM owners WHERE rowid IN (
       SELECT rowid FROM owners WHERE holder NOT IN (SELECT id FROM replicas) LIMIT ?
     )`,
    [BATCH],
  );
  return Math.max(dead, owned);
}
