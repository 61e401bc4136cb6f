import type { Holding } from './holding.ts';

/** Where a task is (tasks extension, SEP-2663 §Task Status). The last three are final. */
export type TaskState = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** What of a task the store itself reads. Times are milliseconds since 1970, by the store's clock. */
export interface TaskRow {
  /** Unguessable: whoever knows it and is its owner may ask for the task. */
  readonly id: string;
  /** `Principal.key` of whose it is. */
  readonly owner: string;
  /** The server whose client made it. */
  readonly server: string;
  readonly upstream: string;
  /** The upstream's own name of the tool. */
  readonly tool: string;
  readonly state: TaskState;
  /**
   * The replica that works on it, or still has to be told that the task was cancelled; undefined while nobody does: it
   * waits for its time, for input, or has ended.
   */
  readonly holder: string | undefined;
  /** Counts take-overs, from 1. */
  readonly epoch: number;
  /** How often the call was sent to the upstream, the time under way included. */
  readonly attempts: number;
  readonly createdAt: number;
  /** When the state, or what the state shows, last changed. */
  readonly updatedAt: number;
  /**
   * When somebody has to go on with it; undefined while that hangs on something else. Stays when it is taken, so that
   * its taker can tell whether it was that or the deadline.
   */
  readonly dueAt: number | undefined;
  /** When it has to be over. */
  readonly deadlineAt: number;
  /** When it ended; undefined while it has not. */
  readonly endedAt: number | undefined;
  /** When it is deleted. */
  readonly expiresAt: number;
  /** What a replica needs to go on with it, or to try it again; undefined once that is past. */
  readonly body: Buffer | undefined;
  /** How it ended: a result or an error. */
  readonly outcome: Buffer | undefined;
}

/** A task to be made. */
export interface NewTask extends Pick<TaskRow, 'id' | 'owner' | 'server' | 'upstream' | 'tool' | 'body'> {
  /** Undefined leaves it to whoever asks for work next: it is due at once. */
  readonly holder: string | undefined;
  /** 1 if the call is under way, 0 if it still has to begin. */
  readonly attempts: number;
  /** Milliseconds from now until it has to be over. */
  readonly deadlineMs: number;
  /** Milliseconds that it is kept after its deadline, or after its end if that is sooner. */
  readonly retentionMs: number;
}

/** A pause in the work on a task: its holder gives it up until something happens. */
export interface TaskPause {
  readonly state: 'working' | 'input_required';
  /** Milliseconds from now until it is due; undefined: when its input is there. */
  readonly dueMs: number | undefined;
  readonly body: Buffer;
}

/** How a task ended. */
export interface TaskEnd {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly outcome: Buffer | undefined;
  /** Whether the body stays, so that an operator can have a failed task tried again. */
  readonly keepBody: boolean;
  /** Milliseconds that it is kept from now on. */
  readonly retentionMs: number;
}

/** Which tasks a list shows, the newest first. */
export interface TaskFilter {
  readonly owner?: string;
  readonly server?: string;
  readonly upstream?: string;
  readonly state?: TaskState;
  /** Goes on after this task, by the time and id that it had in the list before. */
  readonly after?: Pick<TaskRow, 'id' | 'createdAt'>;
  readonly limit: number;
}

/** How many tasks of an upstream are in a state, and since when the oldest of them. */
export interface TaskCount {
  readonly upstream: string;
  readonly state: TaskState;
  readonly count: number;
  /** `createdAt` of the oldest. */
  readonly oldestAt: number;
}

/**
 * Tasks. What creating, answering, ending and cancelling gave back is durable: it survives a power cut. Every read
 * leaves out what has expired.
 */
export interface TaskTable {
  /** Makes a task known, `working`, with epoch 1. Several that are made at the same time share one transaction. */
  create(task: NewTask): Promise<TaskRow>;
  read(id: string): Promise<TaskRow | undefined>;
  /**
   * Replaces what is given; with `attempts` it is `working` again. False for who does not hold it any more, and for one
   * that has ended.
   */
  save(
    id: string,
    by: Holding,
    changes: { readonly attempts?: number; readonly body?: Buffer },
  ): Promise<boolean>;
  /** Its holder gives it up for now. False as `save`. */
  pause(id: string, by: Holding, pause: TaskPause): Promise<boolean>;
  /** Nothing follows; its answers are deleted. False as `save`. */
  finish(id: string, by: Holding, end: TaskEnd): Promise<boolean>;
  /**
   * Cancels a task that has not ended: it is `cancelled` at once, its answers are deleted. A holder keeps holding it
   * until it has stopped the work (`release`). Gives the row as it is then, also of one that had ended before; undefined
   * for an unknown one.
   */
  cancel(id: string, retentionMs: number): Promise<TaskRow | undefined>;
  /** A holder has stopped its work on a task that was cancelled: the body goes. */
  release(id: string, by: Holding): Promise<void>;
  /** Takes a task that has not ended and that nobody holds. Undefined if there is none, or somebody was faster. */
  take(id: string, holder: string): Promise<TaskRow | undefined>;
  /**
   * Takes over what needs somebody, the longest overdue first: tasks that are due and nobody holds, and whatever is
   * held by a replica that does not live, cancelled tasks included (so that the upstream is told). Two replicas never
   * get the same one (PostgreSQL: FOR UPDATE SKIP LOCKED).
   */
  claim(holder: string, max: number): Promise<readonly TaskRow[]>;
  /** Ids of tasks of a holder whose work has to stop: cancelled ones, and those past their deadline. At most 500. */
  stopsOf(holder: string): Promise<readonly string[]>;
  /** Makes a failed task whose body was kept work again: due at once. Undefined if it is none such. */
  revive(
    id: string,
    fresh: Pick<NewTask, 'deadlineMs' | 'retentionMs'> & { readonly body: Buffer },
  ): Promise<TaskRow | undefined>;
  /** Forgets a task that nobody was told of. */
  discard(id: string, by: Holding): Promise<void>;
  /**
   * Keeps answers to questions, by key; the first to a question counts. False, and nothing is kept, for a task that is
   * not `input_required`.
   */
  answer(id: string, answers: readonly TaskAnswer[]): Promise<boolean>;
  /** The answers so far. */
  answers(id: string): Promise<readonly TaskAnswer[]>;
  /** Without how they ended: `outcome` is undefined. Results are large, and a list has many. */
  list(filter: TaskFilter): Promise<readonly TaskRow[]>;
  /** How many tasks a principal has, whatever their state; counts to `max` at most. */
  countOf(owner: string, max: number): Promise<number>;
  counts(): Promise<readonly TaskCount[]>;
}

/** An answer of the client to a question of a task. */
export interface TaskAnswer {
  /** The key of the input request. */
  readonly key: string;
  readonly body: Buffer;
}
