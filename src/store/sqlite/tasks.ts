import type { Holding } from '../holding.ts';
import type { Row } from '../row.ts';
import { conditionsOf } from '../task-filter.ts';
import { taskAnswerIn, taskCountIn, taskIn } from '../task-row.ts';
import { TASK_COLUMNS, UNENDED } from '../task-sql.ts';
import type { NewTask, TaskAnswer, TaskEnd, TaskPause, TaskRow, TaskTable } from '../task-table.ts';
import type { Database } from './database.ts';
import { claimTasks, stopsOf } from './task-claims.ts';
import { WriteGroup } from './write-group.ts';

const HELD = `id = ? AND holder = ? AND epoch = ? AND ${UNENDED} AND expires_at > ?`;

/** What a list shows of each. */
const LISTED = `${TASK_COLUMNS}, body, NULL AS outcome`;

/**
 * Tasks. `wake_at` is when somebody has to look at one: if nobody holds it, when it is due, its deadline at the latest;
 * else its deadline, or as soon as it is cancelled.
 */
export function createTaskTable(db: Database): TaskTable {
  const group = new WriteGroup(db);
  return {
    async create(task) {
      const row = await group.write(() => insertTask(db, task));
      if (row === undefined) throw new TypeError('a task has this id already');
      return row;
    },
    read: (id) => db.attempt(() => find(db, id)),
    save(id, by, { attempts, body }) {
      const sql = `UPDATE tasks SET
          updated_at = CASE WHEN ? AND state <> 'working' THEN ? ELSE updated_at END,
          state = CASE WHEN ? THEN 'working' ELSE state END,
          attempts = coalesce(?, attempts), body = coalesce(?, body)
        WHERE ${HELD}`;
      const isSent = attempts === undefined ? 0 : 1;
      const write = () => {
        const values = [isSent, db.now(), isSent, attempts ?? null, body ?? null];
        return db.run(sql, [...values, ...held(db, id, by)]) > 0;
      };
      // What is sent without being counted before a power cut could be sent once too often after it.
      return isSent ? group.write(write) : db.write(write);
    },
    pause: (id, by, pause) => db.write(() => pauseTask(db, held(db, id, by), pause)),
    finish: (id, by, end) => group.write(() => finishTask(db, held(db, id, by), end)),
    cancel: (id, retentionMs) => group.write(() => cancelTask(db, id, retentionMs)),
    release: (id, { holder, epoch }) =>
      db.write(() => {
        const sql = `UPDATE tasks SET holder = NULL, wake_at = NULL, body = NULL
          WHERE id = ? AND holder = ? AND epoch = ? AND state = 'cancelled'`;
        db.run(sql, [id, holder, epoch]);
      }),
    take: (id, holder) =>
      db.write(() => {
        const sql = `UPDATE tasks SET holder = ?, epoch = epoch + 1, wake_at = deadline_at
          WHERE id = ? AND holder IS NULL AND ${UNENDED} AND expires_at > ? RETURNING *`;
        return mapRow(db.get(sql, [holder, id, db.now()]));
      }),
    claim: (holder, max) => claimTasks(db, holder, max),
    stopsOf: (holder) => stopsOf(db, holder),
    revive: (id, times) => group.write(() => reviveTask(db, id, times)),
    discard: (id, { holder, epoch }) =>
      db.write(() => {
        db.run('DELETE FROM tasks WHERE id = ? AND holder = ? AND epoch = ?', [id, holder, epoch]);
      }),
    answer: (id, answers) => group.write(() => keepAnswers(db, id, answers)),
    answers: (id) =>
      db.attempt(() =>
        db
          .all(
            `SELECT key, task_answers.body FROM task_answers JOIN tasks ON tasks.id = task
             WHERE task = ? AND expires_at > ? ORDER BY task_answers.number`,
            [id, db.now()],
          )
          .map(taskAnswerIn),
      ),
    list: (filter) =>
      db.attempt(() => {
        const { where, values } = conditionsOf(filter, { parameter: () => '?', now: '?' });
        const sql = `SELECT ${LISTED} FROM tasks WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT ?`;
        return db.all(sql, [...values, db.now(), filter.limit]).map(taskIn);
      }),
    countOf: (owner, max) =>
      db.attempt(() => {
        const sql = 'SELECT 1 FROM tasks WHERE owner = ? AND expires_at > ? LIMIT ?';
        return db.all(sql, [owner, db.now(), max]).length;
      }),
    counts: () =>
      db.attempt(() => {
        // The plus keeps SQLite to the index that has all of these columns.
        const sql = `SELECT upstream, state, count(*) AS count, min(created_at) AS oldest_at
          FROM tasks WHERE +expires_at > ? GROUP BY upstream, state`;
        return db.all(sql, [db.now()]).map(taskCountIn);
      }),
  };
}

/** Gives the row as it was written: reading it back would cost as much again. */
function insertTask(
  db: Database,
  { deadlineMs, retentionMs, body, holder, ...given }: NewTask,
): TaskRow | undefined {
  const now = db.now();
  const deadline = now + deadlineMs;
  const expires = deadline + retentionMs;
  const due = holder === undefined ? now : undefined;
  const sql = `INSERT INTO tasks
      (id, owner, server, upstream, tool, state, holder, epoch, attempts, created_at, updated_at,
       due_at, wake_at, deadline_at, expires_at, body)
    VALUES (:id, :owner, :server, :upstream, :tool, 'working', :holder, 1, :attempts, :now, :now,
      :due, min(coalesce(:due, :deadline), :deadline), :deadline, :expires, :body)
    ON CONFLICT (id) DO NOTHING`;
  const { id, owner, server, upstream, tool, attempts } = given;
  const names = { id, owner, server, upstream, tool, attempts, holder: holder ?? null, body: body ?? null };
  if (db.run(sql, { ...names, now, due: due ?? null, deadline, expires }) === 0) return undefined;
  return {
    ...{ id, owner, server, upstream, tool, attempts, holder, body },
    state: 'working',
    epoch: 1,
    createdAt: now,
    updatedAt: now,
    dueAt: due,
    deadlineAt: deadline,
    endedAt: undefined,
    expiresAt: expires,
    outcome: undefined,
  };
}

function pauseTask(db: Database, held: Held, { state, dueMs, body }: TaskPause): boolean {
  const now = db.now();
  const due = dueMs === undefined ? null : now + dueMs;
  const sql = `UPDATE tasks SET
      updated_at = CASE WHEN ? = 'input_required' OR state <> ? THEN ? ELSE updated_at END,
      state = ?, holder = NULL, due_at = ?, wake_at = min(coalesce(?, deadline_at), deadline_at), body = ?
    WHERE ${HELD}`;
  return db.run(sql, [state, state, now, state, due, due, body, ...held]) > 0;
}

function finishTask(db: Database, held: Held, { state, outcome, keepBody, retentionMs }: TaskEnd): boolean {
  const now = db.now();
  const sql = `UPDATE tasks SET
      state = ?, holder = NULL, due_at = NULL, wake_at = NULL, updated_at = ?, ended_at = ?, expires_at = ?,
      body = CASE WHEN ? THEN body END, outcome = ?
    WHERE ${HELD}`;
  const values = [state, now, now, now + retentionMs, keepBody ? 1 : 0, outcome ?? null, ...held];
  const done = db.run(sql, values) > 0;
  if (done) dropAnswers(db, held[0]);
  return done;
}

function cancelTask(db: Database, id: string, retentionMs: number): TaskRow | undefined {
  const now = db.now();
  const sql = `UPDATE tasks SET
      state = 'cancelled', due_at = NULL, updated_at = :now, ended_at = :now, expires_at = :expires,
      wake_at = CASE WHEN holder IS NOT NULL THEN :now END, body = CASE WHEN holder IS NOT NULL THEN body END
    WHERE id = :id AND ${UNENDED} AND expires_at > :now RETURNING *`;
  const cancelled = mapRow(db.get(sql, { id, now, expires: now + retentionMs }));
  if (cancelled !== undefined) dropAnswers(db, id);
  return cancelled ?? find(db, id);
}

function reviveTask(
  db: Database,
  id: string,
  { deadlineMs, retentionMs, body }: Parameters<TaskTable['revive']>[1],
): TaskRow | undefined {
  const now = db.now();
  const deadline = now + deadlineMs;
  const sql = `UPDATE tasks SET
      state = 'working', due_at = :now, wake_at = min(:now, :deadline), deadline_at = :deadline,
      updated_at = :now, ended_at = NULL, expires_at = :expires, outcome = NULL, body = :body
    WHERE id = :id AND state = 'failed' AND body IS NOT NULL AND expires_at > :now RETURNING *`;
  return mapRow(db.get(sql, { id, now, deadline, expires: deadline + retentionMs, body }));
}

function keepAnswers(db: Database, id: string, answers: readonly TaskAnswer[]): boolean {
  const now = db.now();
  const sql = `UPDATE tasks SET updated_at = ?
    WHERE id = ? AND state = 'input_required' AND expires_at > ?`;
  if (db.run(sql, [now, id, now]) === 0) return false;
  for (const { key, body } of answers) {
    db.run('INSERT INTO task_answers (task, key, body) VALUES (?, ?, ?) ON CONFLICT (task, key) DO NOTHING', [
      id,
      key,
      body,
    ]);
  }
  return true;
}

function dropAnswers(db: Database, id: string): void {
  db.run('DELETE FROM task_answers WHERE task = ?', [id]);
}

function find(db: Database, id: string): TaskRow | undefined {
  return mapRow(db.get('SELECT * FROM tasks WHERE id = ? AND expires_at > ?', [id, db.now()]));
}

/** What `HELD` takes. */
type Held = readonly [id: string, holder: string, epoch: number, now: number];

function held(db: Database, id: string, { holder, epoch }: Holding): Held {
  return [id, holder, epoch, db.now()];
}

function mapRow(row: Row | undefined): TaskRow | undefined {
  return row && taskIn(row);
}
