import { GatewardError } from '../../src/errors.ts';
import type { TaskCount, TaskFilter } from '../../src/store/task-table.ts';
import type { TaskDetails, TaskOperations, TaskSummary } from '../../src/task/operations.ts';

/** Tasks in memory, with what was asked of them. */
export interface FakeTasks extends TaskOperations {
  readonly rows: TaskDetails[];
  readonly filters: TaskFilter[];
  /** What `counts` gives; an error is thrown. */
  counted: readonly TaskCount[] | Error;
  /** How often `counts` was called. */
  counts(): Promise<readonly TaskCount[]>;
  timesCounted: number;
}

/** A task as operators see it, one hour after 2026-01-01 unless told otherwise. */
export function taskDetails(changes: Partial<TaskDetails> = {}): TaskDetails {
  return {
    id: 'task-1',
    owner: 'key:alice',
    server: 'all',
    upstream: 'files',
    tool: 'index',
    state: 'working',
    attempts: 1,
    message: 'The call is under way.',
    holder: 'replica-1',
    createdAt: '2026-01-01T01:00:00.000Z',
    updatedAt: '2026-01-01T01:00:00.000Z',
    dueAt: undefined,
    deadlineAt: '2026-01-02T01:00:00.000Z',
    endedAt: undefined,
    expiresAt: '2026-01-03T01:00:00.000Z',
    history: [],
    error: undefined,
    waitsFor: [],
    ...changes,
  };
}

/** Task operations that work on rows in memory, newest first as they stand. */
export function fakeTasks(rows: TaskDetails[] = []): FakeTasks {
  const find = (id: string): number => {
    const at = rows.findIndex((row) => row.id === id);
    if (at === -1) throw new GatewardError('TASK_NOT_FOUND');
    return at;
  };
  const get = (id: string): TaskDetails => rows[find(id)] ?? taskDetails();
  const change = (id: string, changes: Partial<TaskDetails>): TaskSummary => {
    const changed = { ...get(id), ...changes };
    rows[find(id)] = changed;
    return changed;
  };
  const fake: FakeTasks = {
    rows,
    filters: [],
    counted: [],
    timesCounted: 0,
    async list(filter) {
      fake.filters.push(filter);
      const from = filter.after === undefined ? 0 : find(filter.after.id) + 1;
      const { limit, after: _, ...wanted } = filter;
      const fits = rows.slice(from).filter((row) => {
        const facts = new Map<string, unknown>(Object.entries(row));
        return Object.entries(wanted).every(([name, value]) => facts.get(name) === value);
      });
      const tasks = fits.slice(0, limit);
      const last = tasks.at(-1);
      const more = fits.length > limit && last !== undefined;
      return { tasks, next: more ? { id: last.id, createdAt: Date.parse(last.createdAt) } : undefined };
    },
    show: async (id) => get(id),
    cancel: async (id) => (get(id).endedAt === undefined ? change(id, { state: 'cancelled' }) : get(id)),
    async retry(id) {
      if (get(id).state !== 'failed') throw new GatewardError('TASK_NOT_FAILED');
      return change(id, { state: 'working' });
    },
    async counts() {
      fake.timesCounted += 1;
      if (fake.counted instanceof Error) throw fake.counted;
      return fake.counted;
    },
  };
  return fake;
}
