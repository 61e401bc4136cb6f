import { type Row, textIn } from '../row.ts';
import { taskIn } from '../task-row.ts';
import { TASK_COLUMNS } from '../task-sql.ts';
import type { NewTask, TaskRow } from '../task-table.ts';
import type { Database } from './database.ts';
import { packBytes } from './pack-bytes.ts';
import { RecentNames } from './recent-names.ts';
import { RowGroup } from './row-group.ts';
import { NOW, statement } from './statement.ts';

const MAX_ROWS = 200;

/**
 * Gives everything but the body, which the caller has. A row that is there already is the one that an attempt made
 * whose answer was lost ($13): ids are not to be guessed.
 */
const CREATE = statement(
  'create_tasks',
  `INSERT INTO gateward_tasks AS first
     (id, owner, server, upstream, tool, state, holder, epoch, attempts, created_at, updated_at,
      due_at, wake_at, deadline_at, expires_at, body)
   SELECT task.id, task.owner, task.server, task.upstream, task.tool, 'working', task.holder, 1, task.attempts,
     ${NOW}, ${NOW},
     CASE WHEN task.holder IS NULL THEN ${NOW} END,
     ${NOW} + CASE WHEN task.holder IS NULL THEN least(0, task.deadline) ELSE task.deadline END,
     ${NOW} + task.deadline, ${NOW} + task.deadline + task.retention,
     substring($1::bytea FROM task.start FOR task.size)
   FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
     $10::bigint[], $11::int[], $12::int[])
     AS task (id, owner, server, upstream, tool, holder, attempts, deadline, retention, start, size)
   ON CONFLICT (id) DO UPDATE SET owner = excluded.owner WHERE $13 AND first.owner = excluded.owner
   RETURNING ${TASK_COLUMNS}, NULL::bytea AS outcome`,
);

const FORGET = statement(
  'forget_tasks',
  'DELETE FROM gateward_tasks WHERE id = ANY($1::text[]) AND epoch = 1',
);

/**
 * Makes tasks, those that come at the same time with one statement. One whose answer was lost for good may be there all
 * the same, and nobody would ever go on with it: it is deleted.
 */
export class TaskCreation {
  readonly #db: Database;
  readonly #group: RowGroup<NewTask, TaskRow | undefined>;
  /** Ids of tasks that may be there, though their makers were told otherwise. */
  readonly #unsure = new RecentNames();

  constructor(db: Database) {
    this.#db = db;
    this.#group = new RowGroup({
      run: (tasks) => insertTasks(db, tasks),
      maxItems: MAX_ROWS,
      sizeOf: ({ body }) => body?.length ?? 0,
    });
  }

  /** Undefined for an id that is taken. */
  async create(task: NewTask): Promise<TaskRow | undefined> {
    this.#unsure.delete(task.id);
    try {
      return await this.#group.add(task);
    } catch (error) {
      this.#unsure.add(task.id);
      throw error;
    }
  }

  /** Deletes what may have been made without its maker's knowledge. To be called from time to time. */
  async forgetUnsure(): Promise<void> {
    const ids = this.#unsure.list();
    if (ids.length > 0) await this.#db.rows(FORGET, [ids]);
  }
}

async function insertTasks(
  db: Database,
  tasks: readonly NewTask[],
): Promise<readonly (TaskRow | undefined)[]> {
  const { bytes, starts, sizes } = packBytes(tasks.map(({ body }) => body ?? Buffer.alloc(0)));
  const values = [
    bytes,
    tasks.map(({ id }) => id),
    tasks.map(({ owner }) => owner),
    tasks.map(({ server }) => server),
    tasks.map(({ upstream }) => upstream),
    tasks.map(({ tool }) => tool),
    tasks.map(({ holder }) => holder ?? null),
    tasks.map(({ attempts }) => attempts),
    tasks.map(({ deadlineMs }) => deadlineMs),
    tasks.map(({ retentionMs }) => retentionMs),
    tasks.map(({ body }, n) => (body === undefined ? null : starts[n])),
    sizes,
  ];
  const rows = await db.rows(CREATE, (again) => [...values, again]);
  const made = new Map(rows.map((row): [string, Row] => [textIn(row, 'id'), row]));
  return tasks.map(({ id, body }) => {
    const row = made.get(id);
    return row && taskIn({ ...row, body: body ?? null });
  });
}
