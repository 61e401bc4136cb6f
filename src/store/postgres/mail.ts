import { randomBytes } from 'node:crypto';
import { bytesIn, type Row, textIn } from '../row.ts';
import type { Letter, MailTable } from '../store.ts';
import type { Database } from './database.ts';
import { packBytes } from './pack-bytes.ts';
import { NOW, ORDER, statement } from './statement.ts';

const MAX_LETTERS = 500;
/** Bytes of letters given at a time; a single letter may be larger. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Digits of the number in an id. */
const DIGITS = 15;

const SEND = statement(
  'send_letters',
  `INSERT INTO gateward_letters (recipient, id, came, expires_at, body)
   SELECT letter.recipient, letter.id, ${ORDER}, ${NOW} + $1::bigint,
     substring($2::bytea FROM letter.start FOR letter.size)
   FROM unnest($3::text[], $4::text[], $5::int[], $6::int[]) AS letter (recipient, id, start, size)
   ON CONFLICT (recipient, id) DO NOTHING`,
);

const WAITING = (but: string): string => `
  SELECT id, body FROM (
    SELECT id, came, body,
      sum(octet_length(body)) OVER (ORDER BY came, id) - octet_length(body) AS bytes_before
    FROM (
      SELECT id, came, body FROM gateward_letters
      WHERE recipient = $1 AND expires_at > ${NOW} ${but} ORDER BY came, id LIMIT ${MAX_LETTERS}
    ) AS oldest
  ) AS waiting
  WHERE bytes_before < ${MAX_BYTES} ORDER BY came, id`;

const COLLECT = statement('collect_letters', WAITING(''));
const DROP_AND_COLLECT = statement(
  'drop_letters',
  `WITH dropped AS (DELETE FROM gateward_letters WHERE recipient = $1 AND id = ANY($2::text[]))
   ${WAITING('AND id <> ALL($2::text[])')}`,
);

/**
 * Mailboxes. Letters get their ids here, so that one that is put in again is the same. Ids rise in the order of
 * sending, which decides among letters of the same moment.
 */
export function createMailTable(db: Database): MailTable {
  const sender = randomBytes(9).toString('hex');
  let sent = 0;
  return {
    async send(letters, ttlMs) {
      if (letters.length === 0) return;
      const ids = letters.map(() => `${sender}${String(++sent).padStart(DIGITS, '0')}`);
      const { bytes, starts, sizes } = packBytes(letters.map(({ body }) => body));
      await db.rows(SEND, [ttlMs, bytes, letters.map(({ to }) => to), ids, starts, sizes]);
    },
    async collect(to, done) {
      const rows =
        done.length === 0 ? await db.rows(COLLECT, [to]) : await db.rows(DROP_AND_COLLECT, [to, done]);
      return rows.map(letterIn);
    },
  };
}

function letterIn(row: Row): Letter {
  return { id: textIn(row, 'id'), body: bytesIn(row, 'body') };
}
