import { bytesIn, numberIn, type Row } from '../row.ts';
import type { EventBounds, StreamEvent } from '../store.ts';
import type { Database } from './database.ts';

/** What `appendEvents` writes. */
export interface Appended {
  readonly events: readonly StreamEvent[];
  readonly bounds: EventBounds;
  /** Milliseconds since 1970 until which the stream itself is kept. */
  readonly keepUntil: number;
}

/**
 * Adds events to a stream (its id, last and bytes), and drops its oldest ones above the bound. Events that are there
 * already are passed over, so that a writer who did not hear the answer may write again.
 *
 * @throws TypeError if a number is left out.
 */
export function appendEvents(db: Database, stream: Row, { events, bounds, keepUntil }: Appended): void {
  const id = numberIn(stream, 'id');
  let last = numberIn(stream, 'last');
  let bytes = numberIn(stream, 'bytes');
  const expiresAt = db.now() + bounds.maxAgeMs;
  for (const { number, data } of events) {
    if (number <= last) continue;
    if (number !== last + 1) throw new TypeError(`event ${number} does not follow event ${last}`);
    db.run('INSERT INTO events (stream_id, number, expires_at, data) VALUES (?, ?, ?, ?)', [
      id,
      number,
      expiresAt,
      data,
    ]);
    last = number;
    bytes += data.length;
  }
  if (bytes > bounds.maxBytes) bytes -= dropOldest(db, id, bytes - bounds.maxBytes);
  db.run('UPDATE streams SET last = ?, bytes = ?, expires_at = ? WHERE id = ?', [last, bytes, keepUntil, id]);
}

/** The events of a stream after `number`; undefined if one of them is no longer kept. */
export function eventsAfter(db: Database, stream: Row, number: number): readonly StreamEvent[] | undefined {
  const missing = numberIn(stream, 'last') - number;
  // Above the newest: what the client saw was lost with the power.
  if (missing < 0) return undefined;
  if (missing === 0) return [];
  const rows = db.all(
    'SELECT number, data FROM events WHERE stream_id = ? AND number > ? AND expires_at > ? ORDER BY number',
    [numberIn(stream, 'id'), number, db.now()],
  );
  if (rows.length !== missing) return undefined;
  return rows.map((row) => ({ number: numberIn(row, 'number'), data: bytesIn(row, 'data') }));
}

/** Deletes the oldest events of a stream, at least `bytes` of them. Gives the bytes that it deleted. */
function dropOldest(db: Database, streamId: number, bytes: number): number {
  let dropped = 0;
  let number = 0;
  const oldest = db.iterate(
    'SELECT number, length(data) AS size FROM events WHERE stream_id = ? ORDER BY number',
    [streamId],
  );
  for (const row of oldest) {
    if (dropped >= bytes) break;
    dropped += numberIn(row, 'size');
    number = numberIn(row, 'number');
  }
  db.run('DELETE FROM events WHERE stream_id = ? AND number <= ?', [streamId, number]);
  return dropped;
}
