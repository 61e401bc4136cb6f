import { GatewardError } from '../../errors.ts';
import type { ParkedRow, ParkedTable } from '../store.ts';
import type { Database } from './database.ts';
import { bytesIn, numberIn, type Row, textIn } from './row.ts';
import { NOW, statement } from './statement.ts';

const ANSWERS: readonly ParkedRow['answers'][] = ['none', 'sending', 'sent'];
const COLUMNS = 'id, holder, epoch, answers, body';

const PUT = statement(
  'put_parked',
  `INSERT INTO gateward_parked (id, holder, epoch, answers, expires_at, body)
   SELECT $1, $2, 1, 'none', ${NOW} + $4::bigint, $3
   WHERE EXISTS (SELECT 1 FROM gateward_parked WHERE id = $1) OR (
     SELECT count(*) FROM (SELECT 1 FROM gateward_parked WHERE expires_at > ${NOW} LIMIT $5::bigint) AS counted
   ) < $5::bigint
   ON CONFLICT (id) DO UPDATE SET holder = excluded.holder
     WHERE gateward_parked.holder = excluded.holder AND gateward_parked.epoch = 1
   RETURNING id`,
);
const READ = statement(
  'read_parked',
  `SELECT ${COLUMNS} FROM gateward_parked WHERE id = $1 AND expires_at > ${NOW}`,
);
const SAVE = statement(
  'save_parked',
  `UPDATE gateward_parked
   SET answers = coalesce($4, answers), body = coalesce($5, body), expires_at = ${NOW} + $6::bigint
   WHERE id = $1 AND holder = $2 AND epoch = $3 AND expires_at > ${NOW}
   RETURNING id`,
);
const CLAIM = statement(
  'claim_parked',
  `UPDATE gateward_parked SET holder = $4, epoch = $3::bigint + 1
   WHERE id = $1 AND expires_at > ${NOW}
     AND ((holder = $2 AND epoch = $3::bigint) OR ($5 AND holder = $4 AND epoch = $3::bigint + 1))
   RETURNING ${COLUMNS}`,
);
const DELETE = statement(
  'delete_parked',
  'DELETE FROM gateward_parked WHERE id = $1 AND holder = $2 AND epoch = $3',
);

/** Parked calls. */
export function createParkedTable(db: Database): ParkedTable {
  return {
    async put({ id, holder, body }, ttlMs, maxRows) {
      if (maxRows < 1) return false;
      return (await db.row(PUT, [id, holder, body, ttlMs, maxRows])) !== undefined;
    },
    async read(id) {
      const row = await db.row(READ, [id]);
      return row && parkedIn(row);
    },
    async save(id, { holder, epoch }, { answers, body, ttlMs }) {
      const row = await db.row(SAVE, [id, holder, epoch, answers ?? null, body ?? null, ttlMs]);
      return row !== undefined;
    },
    async claim(id, from, holder) {
      const row = await db.row(CLAIM, (again) => [id, from.holder, from.epoch, holder, again]);
      return row && parkedIn(row);
    },
    async delete(id, { holder, epoch }) {
      await db.rows(DELETE, [id, holder, epoch]);
    },
  };
}

function parkedIn(row: Row): ParkedRow {
  return {
    id: textIn(row, 'id'),
    holder: textIn(row, 'holder'),
    epoch: numberIn(row, 'epoch'),
    answers: answersIn(row),
    body: bytesIn(row, 'body'),
  };
}

function answersIn(row: Row): ParkedRow['answers'] {
  const found = ANSWERS.find((answers) => answers === row['answers']);
  if (found === undefined) throw new GatewardError('INTERNAL_ERROR', { cause: 'a parked row is not whole' });
  return found;
}
