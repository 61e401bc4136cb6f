import { parkedIn } from '../parked-row.ts';
import { numberIn } from '../row.ts';
import type { ParkedTable } from '../store.ts';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';

/** Milliseconds for which a count of all rows is good enough while there are less than half of what may be. */
const COUNT_EVERY_MS = 1_000;
const COLUMNS = 'id, holder, epoch, answers, body';

/** What is done again finds its own row. */
const PUT_ROW = (condition: string): string => `
  INSERT INTO gateward_parked (id, holder, epoch, answers, expires_at, body)
  SELECT $1, $2, 1, 'none', ${NOW} + $4::bigint, $3 ${condition}
  ON CONFLICT (id) DO UPDATE SET holder = excluded.holder
    WHERE gateward_parked.holder = excluded.holder AND gateward_parked.epoch = 1
  RETURNING id`;
const COUNTED = (max: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM gateward_parked WHERE expires_at > ${NOW} LIMIT ${max}) AS counted)`;

const PUT = statement('put_parked', PUT_ROW(''));
const PUT_COUNTED = statement(
  'put_parked_counted',
  PUT_ROW(
    `WHERE EXISTS (SELECT 1 FROM gateward_parked WHERE id = $1) OR ${COUNTED('$5::bigint')} < $5::bigint`,
  ),
);
const COUNT = statement('count_parked', `SELECT ${COUNTED('$1::bigint')} AS count`);
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
  let count = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  /** To count all rows with each new one would cost more than all the rest. */
  const mayBeFull = async (maxRows: number): Promise<boolean> => {
    const now = performance.now();
    if (now - countedAt > COUNT_EVERY_MS) {
      countedAt = now;
      count = numberIn((await db.row(COUNT, [maxRows])) ?? {}, 'count');
    }
    count += 1;
    return count > maxRows / 2;
  };
  return {
    async put({ id, holder, body }, ttlMs, maxRows) {
      if (maxRows < 1) return false;
      const values = [id, holder, body, ttlMs];
      const row = (await mayBeFull(maxRows))
        ? await db.row(PUT_COUNTED, [...values, maxRows])
        : await db.row(PUT, values);
      return row !== undefined;
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
