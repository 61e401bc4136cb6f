import { bytesIn, numberIn } from '../row.ts';
import type { AddedEvents, StreamEvent, StreamKey } from '../store.ts';
import type { Database } from './database.ts';
import { packBytes } from './pack-bytes.ts';
import { truthIn } from './row.ts';
import { NOW, ORDER, statement } from './statement.ts';
import { HELD, MAX_IDLE_MS } from './stream-rules.ts';

/**
 * Takes events that follow the last one, or none; what is there already is passed over, and not counted again. $13 ends
 * the stream with them: the same once more says true again, since the answer to the first time may have been lost.
 */
const APPEND = statement(
  'append_events',
  `WITH held AS (
     UPDATE gateward_streams SET
       last = CASE WHEN last >= $12::bigint - 1 THEN greatest(last, $6::bigint) ELSE last END,
       bytes = bytes + CASE WHEN last >= $12::bigint - 1 AND last < $6::bigint THEN $7::bigint ELSE 0 END,
       ended = $13::boolean AND last >= $12::bigint - 1,
       work = CASE WHEN $13::boolean AND last >= $12::bigint - 1 THEN NULL ELSE work END,
       expires_at = ${NOW} + CASE WHEN $13::boolean THEN $5::bigint ELSE ${MAX_IDLE_MS} END
     WHERE ${HELD} AND (NOT ended OR ($13::boolean AND last = $6::bigint))
     RETURNING bytes, last
   ), answers AS (
     DELETE FROM gateward_answers WHERE $13::boolean AND session = $1 AND stream = $2
       AND EXISTS (SELECT 1 FROM held WHERE last >= $6::bigint)
   ), added AS (
     INSERT INTO gateward_events (session, stream, number, expires_at, data)
     SELECT $1, $2, event.number, ${NOW} + $5::bigint, substring($8::bytea FROM event.start FOR event.size)
     FROM unnest($9::bigint[], $10::int[], $11::int[]) AS event (number, start, size)
     WHERE EXISTS (SELECT 1 FROM held WHERE last >= $6::bigint)
     ON CONFLICT (session, stream, number) DO NOTHING
   )
   SELECT bytes, last FROM held`,
);
/** Makes a stream known together with its first events. No row for one that is there already. */
const OPEN_WITH = statement(
  'open_stream_with',
  `WITH opened AS (
     INSERT INTO gateward_streams
       (session, stream, came, holder, epoch, requests, last, bytes, ended, expires_at, work)
     VALUES ($1, $2, ${ORDER}, $3, 1, $4, $5, $6, false, ${NOW} + ${MAX_IDLE_MS}, $7)
     ON CONFLICT (session, stream) DO NOTHING RETURNING bytes
   ), added AS (
     INSERT INTO gateward_events (session, stream, number, expires_at, data)
     SELECT $1, $2, event.number, ${NOW} + $8::bigint, substring($9::bytea FROM event.start FOR event.size)
     FROM unnest($10::bigint[], $11::int[], $12::int[]) AS event (number, start, size)
     WHERE EXISTS (SELECT 1 FROM opened)
   )
   SELECT bytes FROM opened`,
);
const DROP_OLDEST = statement(
  'drop_oldest_events',
  `WITH dropped AS (
     DELETE FROM gateward_events WHERE session = $1 AND stream = $2 AND number <= (
       SELECT max(number) FROM (
         SELECT number, sum(octet_length(data)) OVER (ORDER BY number DESC) AS bytes_from
         FROM gateward_events WHERE session = $1 AND stream = $2
       ) AS sized WHERE bytes_from > $3::bigint
     ) RETURNING octet_length(data) AS size
   )
   UPDATE gateward_streams SET bytes = bytes - (SELECT coalesce(sum(size), 0)::bigint FROM dropped)
   WHERE session = $1 AND stream = $2`,
);
const AFTER = statement(
  'events_after',
  `SELECT streams.last, streams.ended, events.number, events.data
   FROM gateward_streams AS streams LEFT JOIN gateward_events AS events
     ON events.session = streams.session AND events.stream = streams.stream
     AND events.number > $3 AND events.expires_at > ${NOW}
   WHERE streams.session = $1 AND streams.stream = $2 AND streams.expires_at > ${NOW}
   ORDER BY events.number`,
);

const OPEN = statement(
  'open_stream',
  `INSERT INTO gateward_streams
     (session, stream, came, holder, epoch, requests, last, bytes, ended, expires_at, work)
   VALUES ($1, $2, ${ORDER}, $3, 1, $4, 0, 0, false, ${NOW} + ${MAX_IDLE_MS}, $5)
   ON CONFLICT (session, stream) DO NOTHING`,
);

/** The stream and who writes: `HELD`'s values. */
export type Held = readonly [session: string, stream: string, holder: string, epoch: number];

/** Makes a stream known that has no events. Does nothing to one that is there. */
export async function openStream(
  db: Database,
  [session, stream, holder]: Held,
  { requests, work }: NonNullable<AddedEvents['opens']>,
): Promise<void> {
  await db.rows(OPEN, [session, stream, holder, requests, work ?? null]);
}

/**
 * Adds events to a stream, and drops its oldest ones above the bound. False for who does not hold the stream.
 *
 * @throws GatewardError STORE_UNAVAILABLE
 * @throws TypeError if a number is left out.
 */
export async function appendEvents(db: Database, held: Held, added: AddedEvents): Promise<boolean> {
  const { events, bounds, ends = false } = added;
  const numbers = events.map(({ number }) => number);
  const gap = numbers.find((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0) + 1);
  if (gap !== undefined) throw new TypeError(`event ${gap} does not follow the one before it`);
  const { bytes, starts, sizes } = packBytes(events.map(({ data }) => data));
  const [first, last] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
  const { opens } = added;
  if (opens !== undefined && first === 1 && held[3] === 1 && !ends && bytes.length <= bounds.maxBytes) {
    const [session, stream, holder] = held;
    const row = [session, stream, holder, opens.requests, last, bytes.length, opens.work ?? null];
    const packed = [bounds.maxAgeMs, bytes, numbers, starts, sizes];
    if ((await db.row(OPEN_WITH, [...row, ...packed])) !== undefined) return true;
  } else if (opens !== undefined) await openStream(db, held, opens);
  const values = [...held, bounds.maxAgeMs, last, bytes.length, bytes, numbers, starts, sizes, first, ends];
  const row = await db.row(APPEND, values);
  if (row === undefined) return false;
  if (numberIn(row, 'last') < last) throw new TypeError(`event ${first} does not follow the last one`);
  if (numberIn(row, 'bytes') > bounds.maxBytes)
    await db.rows(DROP_OLDEST, [held[0], held[1], bounds.maxBytes]);
  return true;
}

/** The events of a stream after `number`; undefined if it is unknown or one of them is no longer kept. */
export async function eventsAfter(
  db: Database,
  { session, stream }: StreamKey,
  number: number,
): Promise<{ readonly events: readonly StreamEvent[]; readonly ended: boolean } | undefined> {
  const rows = await db.rows(AFTER, [session, stream, number]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const events = rows
    .filter((row) => row['number'] !== null)
    .map((row) => ({ number: numberIn(row, 'number'), data: bytesIn(row, 'data') }));
  // A number above the newest was given by a database that has lost it since.
  if (events.length !== numberIn(first, 'last') - number) return undefined;
  return { events, ended: truthIn(first, 'ended') };
}
