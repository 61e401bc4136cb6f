import type { Holding } from '../holding.ts';
import { bytesIn, numberIn, optionalBytesIn, type Row, textIn } from '../row.ts';
import type { EventBounds, StreamEvent, StreamKey, StreamRow, StreamTable } from '../store.ts';
import type { Database } from './database.ts';
import { appendEvents, eventsAfter } from './events.ts';
import { textsIn } from './row.ts';

/** How long a stream is kept that has not ended, and that nothing is written to. */
const MAX_IDLE_MS = 48 * 3_600_000;

const HELD = 'session = ? AND stream = ? AND holder = ? AND epoch = ? AND ended = 0';

/** Streams of legacy sessions. */
export function createStreamTable(db: Database): StreamTable {
  return {
    open: (stream) => db.write(() => insertStream(db, stream)),
    saveWork: (key, by, work) =>
      db.write(() => {
        const values = [work, db.now() + MAX_IDLE_MS, ...held(key, by)];
        return db.run(`UPDATE streams SET work = ?, expires_at = ? WHERE ${HELD}`, values) > 0;
      }),
    append: (key, by, { events, bounds, opens, ends }) =>
      db.write(() => {
        if (opens !== undefined) insertStream(db, { key, holder: by.holder, ...opens });
        const row = db.get(`SELECT id, last, bytes FROM streams WHERE ${HELD}`, held(key, by));
        if (row === undefined)
          return ends === true && isEndedAt(db, { key, by, last: events.at(-1)?.number });
        appendEvents(db, row, { events, bounds, keepUntil: db.now() + MAX_IDLE_MS });
        if (ends === true) endStream(db, numberIn(row, 'id'), bounds);
        return true;
      }),
    finish: (key, by, bounds) =>
      db.write(() => {
        const row = db.get(`SELECT id FROM streams WHERE ${HELD}`, held(key, by));
        if (row !== undefined) endStream(db, numberIn(row, 'id'), bounds);
        return row !== undefined;
      }),
    read: (key) => db.attempt(() => mapRow(find(db, key), streamIn)),
    ofSession: (session) =>
      db.attempt(() =>
        db
          .all('SELECT * FROM streams WHERE session = ? AND ended = 0 AND expires_at > ? ORDER BY id', [
            session,
            db.now(),
          ])
          .map(streamIn),
      ),
    after: (key, number) =>
      db.read(() => mapRow(find(db, key), (row) => afterIn(row, eventsAfter(db, row, number)))),
    claim: (key, from, holder) =>
      db.write(() => {
        const values = [holder, db.now() + MAX_IDLE_MS, ...held(key, from)];
        const sql = `UPDATE streams SET holder = ?, epoch = epoch + 1, expires_at = ? WHERE ${HELD} RETURNING *`;
        return mapRow(db.get(sql, values), streamIn);
      }),
    answer: (key, { question, body }) =>
      db.write(() => {
        const sql = `INSERT INTO answers (stream_id, question, body)
          SELECT id, ?, ? FROM streams WHERE session = ? AND stream = ? AND ended = 0
          ON CONFLICT (stream_id, question) DO NOTHING`;
        return db.run(sql, [question, body, key.session, key.stream]) > 0;
      }),
    answers: ({ session, stream }) =>
      db.attempt(() =>
        db
          .all(
            `SELECT question, body FROM answers JOIN streams ON streams.id = stream_id
             WHERE session = ? AND stream = ? AND expires_at > ? ORDER BY answers.id`,
            [session, stream, db.now()],
          )
          .map((row) => ({ question: textIn(row, 'question'), body: bytesIn(row, 'body') })),
      ),
    orphans: (max) =>
      db.attempt(() => {
        const sql = `SELECT * FROM streams WHERE ended = 0 AND expires_at > ?
          AND holder NOT IN (SELECT id FROM replicas WHERE lease_ends_at > ?) LIMIT ?`;
        return db.all(sql, [db.now(), db.now(), max]).map(streamIn);
      }),
  };
}

type NewStream = Parameters<StreamTable['open']>[0];

function insertStream(db: Database, { key, holder, requests, work }: NewStream): void {
  db.run(
    `INSERT INTO streams (session, stream, holder, epoch, requests, last, bytes, ended, expires_at, work)
     VALUES (?, ?, ?, 1, ?, 0, 0, 0, ?, ?) ON CONFLICT (session, stream) DO NOTHING`,
    [key.session, key.stream, holder, JSON.stringify(requests), db.now() + MAX_IDLE_MS, work ?? null],
  );
}

function endStream(db: Database, id: number, { maxAgeMs }: EventBounds): void {
  const values = [db.now() + maxAgeMs, id];
  db.run('UPDATE streams SET ended = 1, work = NULL, expires_at = ? WHERE id = ?', values);
  db.run('DELETE FROM answers WHERE stream_id = ?', [id]);
}

/** Whether this holder has ended the stream with that event: it did not hear so. */
function isEndedAt(
  db: Database,
  { key, by, last }: { readonly key: StreamKey; readonly by: Holding; readonly last: number | undefined },
): boolean {
  const sql = `SELECT 1 FROM streams
    WHERE session = ? AND stream = ? AND holder = ? AND epoch = ? AND ended = 1 AND last = ?`;
  return last !== undefined && db.get(sql, [...held(key, by), last]) !== undefined;
}

function find(db: Database, { session, stream }: StreamKey): Row | undefined {
  const sql = 'SELECT * FROM streams WHERE session = ? AND stream = ? AND expires_at > ?';
  return db.get(sql, [session, stream, db.now()]);
}

function held({ session, stream }: StreamKey, { holder, epoch }: Holding): [string, string, string, number] {
  return [session, stream, holder, epoch];
}

function mapRow<T>(row: Row | undefined, map: (row: Row) => T): T | undefined {
  return row && map(row);
}

function afterIn(row: Row, events: readonly StreamEvent[] | undefined) {
  return events && { events, ended: isEnded(row) };
}

function isEnded(row: Row): boolean {
  return numberIn(row, 'ended') === 1;
}

function streamIn(row: Row): StreamRow {
  return {
    key: { session: textIn(row, 'session'), stream: textIn(row, 'stream') },
    holder: textIn(row, 'holder'),
    epoch: numberIn(row, 'epoch'),
    requests: textsIn(row, 'requests'),
    work: optionalBytesIn(row, 'work'),
    last: numberIn(row, 'last'),
    ended: isEnded(row),
  };
}
