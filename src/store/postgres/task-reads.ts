import { textIn } from '../row.ts';
import { taskIn } from '../task-row.ts';
import type { TaskRow } from '../task-table.ts';
import type { Database } from './database.ts';
import { RowGroup } from './row-group.ts';
import { NOW, statement } from './statement.ts';
import { COLUMNS } from './task-rules.ts';

/** Results may be large, and a statement holds all of its own. */
const MAX_ROWS = 50;

const READ = statement(
  'read_tasks',
  `SELECT ${COLUMNS} FROM gateward_tasks WHERE id = ANY($1::text[]) AND expires_at > ${NOW}`,
);

/** Reads of tasks: clients ask again and again, so those that come at the same time share a statement. */
export function createReadGroup(db: Database): RowGroup<string, TaskRow | undefined> {
  return new RowGroup({
    async run(ids) {
      const rows = await db.rows(READ, [ids]);
      const found = new Map(rows.map((row) => [textIn(row, 'id'), taskIn(row)]));
      return ids.map((id) => found.get(id));
    },
    maxItems: MAX_ROWS,
    sizeOf: () => 0,
  });
}
