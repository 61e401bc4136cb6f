import type { Row } from '../row.ts';
import { taskAnswerIn, taskCountIn, taskIn } from '../task-row.ts';
import { UNENDED } from '../task-sql.ts';
import type { TaskRow, TaskTable } from '../task-table.ts';
import type { Database } from './database.ts';
import { packBytes } from './pack-bytes.ts';
import { NOW, ORDER, statement } from './statement.ts';
import { TaskClaims } from './task-claims.ts';
import { TaskCreation } from './task-creation.ts';
import { createEndGroup } from './task-ends.ts';
import { listTasks } from './task-list.ts';
import { createReadGroup } from './task-reads.ts';
import { COLUMNS, HELD } from './task-rules.ts';

const SAVE = statement(
  'save_task',
  `UPDATE gateward_tasks SET
     updated_at = CASE WHEN $4::bigint IS NOT NULL AND state <> 'working' THEN ${NOW} ELSE updated_at END,
     state = CASE WHEN $4::bigint IS NOT NULL THEN 'working' ELSE state END,
     attempts = coalesce($4::bigint, attempts), body = coalesce($5, body)
   WHERE ${HELD} RETURNING epoch`,
);
/** Pausing again says true again: the answer to the first time may have been lost. */
const PAUSE = statement(
  'pause_task',
  `UPDATE gateward_tasks SET
     updated_at = CASE WHEN $4::text = 'input_required' OR state <> $4::text THEN ${NOW} ELSE updated_at END,
     state = $4::text, holder = NULL, claimed = NULL, due_at = ${NOW} + $5::bigint,
     wake_at = least(${NOW} + $5::bigint, deadline_at), body = $6
   WHERE (${HELD})
     OR ($7 AND id = $1 AND holder IS NULL AND epoch = $3 AND state = $4::text AND body = $6)
   RETURNING epoch`,
);
const CANCEL = statement(
  'cancel_task',
  `WITH cancelled AS (
     UPDATE gateward_tasks SET
       state = 'cancelled', due_at = NULL, updated_at = ${NOW}, ended_at = ${NOW}, expires_at = ${NOW} + $2::bigint,
       wake_at = CASE WHEN holder IS NOT NULL THEN ${NOW} END, body = CASE WHEN holder IS NOT NULL THEN body END
     WHERE id = $1 AND ${UNENDED} AND expires_at > ${NOW}
     RETURNING ${COLUMNS}
   ), answers AS (
     DELETE FROM gateward_task_answers WHERE task = $1 AND EXISTS (SELECT 1 FROM cancelled)
   )
   SELECT ${COLUMNS} FROM cancelled`,
);
const RELEASE = statement(
  'release_task',
  `UPDATE gateward_tasks SET holder = NULL, claimed = NULL, wake_at = NULL, body = NULL
   WHERE id = $1 AND holder = $2 AND epoch = $3 AND state = 'cancelled'`,
);
/** $5: an attempt whose answer was lost may have revived it. */
const REVIVE = statement(
  'revive_task',
  `WITH revived AS (
     UPDATE gateward_tasks SET
       state = 'working', due_at = ${NOW}, wake_at = ${NOW} + least(0, $2::bigint), deadline_at = ${NOW} + $2::bigint,
       updated_at = ${NOW}, ended_at = NULL, expires_at = ${NOW} + $2::bigint + $3::bigint, outcome = NULL, body = $4
     WHERE id = $1 AND state = 'failed' AND body IS NOT NULL AND expires_at > ${NOW}
     RETURNING ${COLUMNS}
   )
   SELECT ${COLUMNS} FROM revived
   UNION ALL SELECT ${COLUMNS} FROM gateward_tasks WHERE $5 AND id = $1 AND ${UNENDED} AND expires_at > ${NOW}`,
);
const DISCARD = statement(
  'discard_task',
  'DELETE FROM gateward_tasks WHERE id = $1 AND holder = $2 AND epoch = $3',
);
/** Locks the row, so that its end and its answers come one after the other. $7: an answer of it may have been lost. */
const ANSWER = statement(
  'answer_task',
  `WITH asked AS (
     UPDATE gateward_tasks SET updated_at = ${NOW}
     WHERE id = $1 AND state = 'input_required' AND expires_at > ${NOW}
     RETURNING id, expires_at
   ), kept AS (
     INSERT INTO gateward_task_answers (task, key, came, expires_at, body)
     SELECT asked.id, answer.key, ${ORDER} + answer.place, asked.expires_at,
       substring($2::bytea FROM answer.start FOR answer.size)
     FROM asked, unnest($3::text[], $4::int[], $5::int[], $6::int[]) AS answer (key, place, start, size)
     ON CONFLICT (task, key) DO NOTHING
   )
   SELECT id FROM asked
   UNION ALL SELECT $1 WHERE $7 AND EXISTS (
     SELECT 1 FROM gateward_task_answers WHERE task = $1 AND key = ANY($3::text[])
   )`,
);
const ANSWERS = statement(
  'read_task_answers',
  `SELECT key, body FROM gateward_task_answers WHERE task = $1 AND expires_at > ${NOW} ORDER BY came, key`,
);
const COUNT_OF = statement(
  'count_tasks_of',
  `SELECT count(*) AS count FROM (
     SELECT 1 FROM gateward_tasks WHERE owner = $1 AND expires_at > ${NOW} LIMIT $2
   ) AS counted`,
);
const COUNTS = statement(
  'count_tasks',
  `SELECT upstream, state, count(*) AS count, min(created_at) AS oldest_at
   FROM gateward_tasks WHERE expires_at > ${NOW} GROUP BY upstream, state`,
);

/**
 * Tasks. `wake_at` is when somebody has to look at one: if nobody holds it, when it is due, its deadline at the latest;
 * else its deadline, or as soon as it is cancelled.
 */
export function createTaskTable(db: Database): TaskTable {
  const creation = new TaskCreation(db);
  const ended = createEndGroup(db);
  const claims = new TaskClaims(db);
  const reads = createReadGroup(db);
  const read = (id: string) => reads.add(id);
  return {
    async create(task) {
      const row = await creation.create(task);
      if (row === undefined) throw new TypeError('a task has this id already');
      return row;
    },
    read,
    async save(id, { holder, epoch }, { attempts, body }) {
      return (await db.row(SAVE, [id, holder, epoch, attempts ?? null, body ?? null])) !== undefined;
    },
    async pause(id, { holder, epoch }, { state, dueMs, body }) {
      const values = [id, holder, epoch, state, dueMs ?? null, body];
      return (await db.row(PAUSE, (again) => [...values, again])) !== undefined;
    },
    finish: (id, { holder, epoch }, end) => ended.add({ id, holder, epoch, ...end }),
    cancel: async (id, retentionMs) => mapRow(await db.row(CANCEL, [id, retentionMs])) ?? read(id),
    async release(id, { holder, epoch }) {
      await db.rows(RELEASE, [id, holder, epoch]);
    },
    take: (id, holder) => claims.take(id, holder),
    async claim(holder, max) {
      await creation.forgetUnsure();
      return claims.claim(holder, max);
    },
    stopsOf: (holder) => claims.stopsOf(holder),
    async revive(id, { deadlineMs, retentionMs, body }) {
      return mapRow(await db.row(REVIVE, (again) => [id, deadlineMs, retentionMs, body, again]));
    },
    async discard(id, { holder, epoch }) {
      await db.rows(DISCARD, [id, holder, epoch]);
    },
    async answer(id, answers) {
      const { bytes, starts, sizes } = packBytes(answers.map(({ body }) => body));
      const values = [id, bytes, answers.map(({ key }) => key), answers.map((_, n) => n), starts, sizes];
      return (await db.row(ANSWER, (again) => [...values, again])) !== undefined;
    },
    answers: async (id) => (await db.rows(ANSWERS, [id])).map(taskAnswerIn),
    list: (filter) => listTasks(db, filter),
    async countOf(owner, max) {
      return Number((await db.row(COUNT_OF, [owner, max]))?.['count'] ?? 0);
    },
    counts: async () => (await db.rows(COUNTS)).map(taskCountIn),
  };
}

function mapRow(row: Row | undefined): TaskRow | undefined {
  return row && taskIn(row);
}
