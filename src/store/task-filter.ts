import type { TaskFilter } from './task-table.ts';

/** The condition of a list of tasks, in SQL. */
export interface TaskConditions {
  /** The same for filters of the same kind: what a statement is known by. */
  readonly name: string;
  /** Joined by AND; never empty, since it leaves out what has expired. */
  readonly where: string;
  /** What the condition takes, in order. */
  readonly values: readonly (string | number)[];
}

const COLUMNS = ['owner', 'server', 'upstream', 'state'] as const;

/**
 * Turns a filter into SQL. Only the conditions that it names are in it, so that each kind of list has a plan of its own.
 * `parameter` gives the placeholder of the n-th value, from 1; `now` is the time in SQL.
 */
export function conditionsOf(
  filter: TaskFilter,
  { parameter, now }: { readonly parameter: (n: number) => string; readonly now: string },
): TaskConditions {
  const named = COLUMNS.filter((column) => filter[column] !== undefined);
  const values: (string | number)[] = named.map((column) => filter[column] ?? '');
  const parts = named.map((column, n) => `${column} = ${parameter(n + 1)}`);
  const { after } = filter;
  if (after !== undefined) {
    values.push(after.createdAt, after.id);
    parts.push(`(created_at, id) < (${parameter(values.length - 1)}, ${parameter(values.length)})`);
  }
  return {
    name: [...named, ...(after === undefined ? [] : ['after'])].map((part) => `_${part}`).join(''),
    // The plus keeps databases from the index of that: nearly all rows are in it, in an order that is not the list's.
    where: [...parts, `+expires_at > ${now}`].join(' AND '),
    values,
  };
}
