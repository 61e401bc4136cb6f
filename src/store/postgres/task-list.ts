import { conditionsOf } from '../task-filter.ts';
import { taskIn } from '../task-row.ts';
import type { TaskFilter, TaskRow } from '../task-table.ts';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';
import { LISTED } from './task-rules.ts';

/** The newest tasks that a filter lets through. */
export async function listTasks(db: Database, filter: TaskFilter): Promise<readonly TaskRow[]> {
  const { name, where, values } = conditionsOf(filter, { parameter: (n) => `$${n}`, now: NOW });
  const list = statement(
    `tasks${name}`,
    `SELECT ${LISTED} FROM gateward_tasks WHERE ${where}
     ORDER BY created_at DESC, id DESC LIMIT $${values.length + 1}`,
  );
  return (await db.rows(list, [...values, filter.limit])).map(taskIn);
}
