import type { Holding } from '../holding.ts';
import { bytesIn, numberIn, optionalBytesIn, type Row, textIn } from '../row.ts';
import type { StreamAnswer, StreamKey, StreamRow, StreamTable } from '../store.ts';
import type { Database } from './database.ts';
import { appendEvents, eventsAfter, openStream } from './events.ts';
import { textsIn, truthIn } from './row.ts';
import { NOW, ORDER, statement } from './statement.ts';
import { HELD, MAX_IDLE_MS } from './stream-rules.ts';

const COLUMNS = 'session, stream, holder, epoch, requests, work, last, ended';

const SAVE_WORK = statement(
  'save_stream_work',
  `UPDATE gateward_streams SET work = $5, expires_at = ${NOW} + ${MAX_IDLE_MS} WHERE ${HELD} AND NOT ended
   RETURNING epoch`,
);
/** Finishing again says true again: the answer to the first time may have been lost. */
const FINISH = statement(
  'finish_stream',
  `WITH finished AS (
     UPDATE gateward_streams SET ended = true, work = NULL, expires_at = ${NOW} + $5::bigint
     WHERE ${HELD} AND (NOT ended OR $6) RETURNING session, stream
   ), answers AS (
     DELETE FROM gateward_answers WHERE session = $1 AND stream = $2 AND EXISTS (SELECT 1 FROM finished)
   )
   SELECT 1 AS done FROM finished`,
);
const READ = statement(
  'read_stream',
  `SELECT ${COLUMNS} FROM gateward_streams WHERE session = $1 AND stream = $2 AND expires_at > ${NOW}`,
);
const OF_SESSION = statement(
  'read_streams',
  `SELECT ${COLUMNS} FROM gateward_streams
   WHERE session = $1 AND NOT ended AND expires_at > ${NOW} ORDER BY came, stream`,
);
const CLAIM = statement(
  'claim_stream',
  `UPDATE gateward_streams SET holder = $5, epoch = $4::bigint + 1, expires_at = ${NOW} + ${MAX_IDLE_MS}
   WHERE session = $1 AND stream = $2 AND NOT ended
     AND ((holder = $3 AND epoch = $4::bigint) OR ($6 AND holder = $5 AND epoch = $4::bigint + 1))
   RETURNING ${COLUMNS}`,
);
/** The row that is there says whether an answer is the first: what a moment ago was not there may be by now. */
const ANSWER = statement(
  'answer_question',
  `INSERT INTO gateward_answers AS first (session, stream, question, came, expires_at, body)
   SELECT session, stream, $3, ${ORDER}, ${NOW} + ${MAX_IDLE_MS}, $4 FROM gateward_streams
   WHERE session = $1 AND stream = $2 AND NOT ended
   ON CONFLICT (session, stream, question) DO UPDATE SET body = excluded.body
     WHERE $5 AND first.body = excluded.body
   RETURNING question`,
);
const ANSWERS = statement(
  'read_answers',
  `SELECT question, body FROM gateward_answers WHERE session = $1 AND stream = $2 ORDER BY came, question`,
);
const ORPHANS = statement(
  'find_orphans',
  `SELECT ${COLUMNS} FROM gateward_streams WHERE NOT ended AND expires_at > ${NOW} AND NOT EXISTS (
     SELECT 1 FROM gateward_replicas WHERE id = holder AND lease_ends_at > ${NOW}
   ) LIMIT $1`,
);

/** Streams of legacy sessions. */
export function createStreamTable(db: Database): StreamTable {
  return {
    open: ({ key, holder, ...opens }) => openStream(db, held(key, { holder, epoch: 1 }), opens),
    saveWork: async (key, by, work) => (await db.row(SAVE_WORK, [...held(key, by), work])) !== undefined,
    append: (key, by, added) => appendEvents(db, held(key, by), added),
    async finish(key, by, { maxAgeMs }) {
      return (await db.row(FINISH, (again) => [...held(key, by), maxAgeMs, again])) !== undefined;
    },
    read: async (key) => mapRow(await db.row(READ, [key.session, key.stream]), streamIn),
    ofSession: async (session) => (await db.rows(OF_SESSION, [session])).map(streamIn),
    after: (key, number) => eventsAfter(db, key, number),
    async claim(key, from, holder) {
      return mapRow(await db.row(CLAIM, (again) => [...held(key, from), holder, again]), streamIn);
    },
    async answer({ session, stream }, { question, body }) {
      return (await db.row(ANSWER, (again) => [session, stream, question, body, again])) !== undefined;
    },
    answers: async (key) => (await db.rows(ANSWERS, [key.session, key.stream])).map(answerIn),
    orphans: async (max) => (await db.rows(ORPHANS, [max])).map(streamIn),
  };
}

function held({ session, stream }: StreamKey, { holder, epoch }: Holding): [string, string, string, number] {
  return [session, stream, holder, epoch];
}

function mapRow<T>(row: Row | undefined, map: (row: Row) => T): T | undefined {
  return row && map(row);
}

function answerIn(row: Row): StreamAnswer {
  return { question: textIn(row, 'question'), body: bytesIn(row, 'body') };
}

function streamIn(row: Row): StreamRow {
  return {
    key: { session: textIn(row, 'session'), stream: textIn(row, 'stream') },
    holder: textIn(row, 'holder'),
    epoch: numberIn(row, 'epoch'),
    requests: textsIn(row, 'requests'),
    work: optionalBytesIn(row, 'work'),
    last: numberIn(row, 'last'),
    ended: truthIn(row, 'ended'),
  };
}
