import type { Holding } from '../holding.ts';
import { type Row, textIn } from '../row.ts';
import { UNENDED } from '../task-sql.ts';
import type { TaskEnd } from '../task-table.ts';
import type { Database } from './database.ts';
import { packBytes } from './pack-bytes.ts';
import { RowGroup } from './row-group.ts';
import { NOW, statement } from './statement.ts';

const MAX_ROWS = 200;

/** Finishing again says true again: the answer to the first time may have been lost. */
const FINISH = statement(
  'finish_tasks',
  `WITH finished AS (
     UPDATE gateward_tasks AS task SET
       state = ended.state, holder = NULL, claimed = NULL, due_at = NULL, wake_at = NULL,
       updated_at = ${NOW}, ended_at = ${NOW}, expires_at = ${NOW} + ended.retention,
       body = CASE WHEN ended.keeps THEN body END,
       outcome = substring($1::bytea FROM ended.start FOR ended.size)
     FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::boolean[], $8::int[], $9::int[])
       AS ended (id, holder, epoch, state, retention, keeps, start, size)
     WHERE task.id = ended.id AND task.epoch = ended.epoch AND task.expires_at > ${NOW}
       AND ((task.holder = ended.holder AND task.${UNENDED})
         OR ($10 AND task.holder IS NULL AND task.state = ended.state))
     RETURNING task.id
   ), answers AS (
     DELETE FROM gateward_task_answers WHERE task IN (SELECT id FROM finished)
   )
   SELECT id FROM finished`,
);

/** The end of a task, by who holds it. */
export interface EndedTask extends Holding, TaskEnd {
  readonly id: string;
}

/** Ends tasks, those that end at the same time with one statement. False for who does not hold it any more. */
export function createEndGroup(db: Database): RowGroup<EndedTask, boolean> {
  return new RowGroup({
    run: (ends) => finishTasks(db, ends),
    maxItems: MAX_ROWS,
    sizeOf: ({ outcome }) => outcome?.length ?? 0,
  });
}

async function finishTasks(db: Database, ends: readonly EndedTask[]): Promise<readonly boolean[]> {
  const { bytes, starts, sizes } = packBytes(ends.map(({ outcome }) => outcome ?? Buffer.alloc(0)));
  const values = [
    bytes,
    ends.map(({ id }) => id),
    ends.map(({ holder }) => holder),
    ends.map(({ epoch }) => epoch),
    ends.map(({ state }) => state),
    ends.map(({ retentionMs }) => retentionMs),
    ends.map(({ keepBody }) => keepBody),
    ends.map(({ outcome }, n) => (outcome === undefined ? null : starts[n])),
    sizes,
  ];
  const rows = await db.rows(FINISH, (again) => [...values, again]);
  const done = new Set(rows.map((row: Row) => textIn(row, 'id')));
  return ends.map(({ id }) => done.has(id));
}
