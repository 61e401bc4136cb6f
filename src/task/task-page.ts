import type { TaskFilter, TaskRow, TaskTable } from '../store/task-table.ts';

/** One page of tasks, the newest first. */
export interface RowPage {
  readonly rows: readonly TaskRow[];
  /** Goes on with the next page; undefined on the last. */
  readonly next: TaskFilter['after'];
}

/** Reads as many tasks as the filter wants, and whether there are more. Throws STORE_UNAVAILABLE. */
export async function readPage(
  { table }: { readonly table: Pick<TaskTable, 'list'> },
  filter: TaskFilter,
): Promise<RowPage> {
  const { limit } = filter;
  const found = await table.list({ ...filter, limit: limit + 1 });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const isLast = found.length <= limit || last === undefined;
  return { rows, next: isLast ? undefined : { id: last.id, createdAt: last.createdAt } };
}
