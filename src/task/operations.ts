import type { TaskCount, TaskFilter, TaskRow, TaskState } from '../store/task-table.ts';

/** What an operator sees of a task: never its arguments, answers or result. Times are ISO 8601. */
export interface TaskSummary
  extends Pick<TaskRow, 'id' | 'owner' | 'server' | 'upstream' | 'tool' | 'attempts'> {
  readonly state: TaskState;
  /** Why it is where it is, for people. */
  readonly message: string | undefined;
  readonly holder: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it is tried again, or its input has to be there. */
  readonly dueAt: string | undefined;
  readonly deadlineAt: string;
  readonly endedAt: string | undefined;
  readonly expiresAt: string;
}

/** One attempt of a task. */
export interface TaskAttempt {
  /** ISO 8601 */
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  /** Id of the replica that made it. */
  readonly replica: string;
  /** How it ended, in public words; undefined while it runs. */
  readonly end: string | undefined;
}

/** All that an operator sees of one task. */
export interface TaskDetails extends TaskSummary {
  readonly history: readonly TaskAttempt[];
  /** Public text of the error that it failed with. */
  readonly error: string | undefined;
  /** Keys of the questions that wait for an answer. */
  readonly waitsFor: readonly string[];
}

/** One page of a list, the newest first. */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  /** Goes on with the next page; undefined on the last. */
  readonly next: TaskFilter['after'];
}

/** What operators do with the tasks of every caller. Throws STORE_UNAVAILABLE. */
export interface TaskOperations {
  list(filter: TaskFilter): Promise<TaskPage>;
  /** Throws TASK_NOT_FOUND. */
  show(id: string): Promise<TaskDetails>;
  /** Gives the task as it is then; one that had ended stays as it was. Throws TASK_NOT_FOUND. */
  cancel(id: string): Promise<TaskSummary>;
  /**
   * Tries a failed task again, now, also one that is not safe to repeat: that is the operator's word. Throws
   * TASK_NOT_FOUND, TASK_NOT_FAILED.
   */
  retry(id: string): Promise<TaskSummary>;
  counts(): Promise<readonly TaskCount[]>;
}

/** What is measured of tasks. */
export interface TaskMeter {
  /** A task was made, by promotion of a call under way or at once. */
  created(upstream: string, how: 'promoted' | 'at-once' | 'upstream'): void;
  /** A task began its first attempt this long after it was made. */
  waited(upstream: string, ms: number): void;
  /** An attempt ended. */
  attempted(upstream: string, end: 'answered' | 'failed' | 'lost' | 'cancelled'): void;
  /** A task ended, this long after it was made, with so many attempts. */
  ended(
    upstream: string,
    state: TaskState,
    times: { readonly ageMs: number; readonly attempts: number },
  ): void;
}
