import type { Call, Outcome } from '../call.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Fleet } from '../store/fleet.ts';
import { createCancelTask } from './cancel-task.ts';
import { type FollowedTasks, followTasks } from './follow-tasks.ts';
import type { RunCall, TaskAsk } from './make-task.ts';
import { createTaskOperations } from './operate-tasks.ts';
import type { TaskOperations } from './operations.ts';
import { runCall } from './run-call.ts';
import { serveTasks, type TaskOwner } from './serve-tasks.ts';
import { TaskChanges } from './task-changes.ts';
import type { TaskParts } from './task-parts.ts';
import { TaskQuota } from './task-quota.ts';
import { TaskWork } from './task-work.ts';

/** What tasks are made of, beside what other replicas share with this one. */
export type TasksOptions = Omit<TaskParts, 'table' | 'changes' | 'self'> & {
  readonly fleet: Pick<Fleet, 'store' | 'bus' | 'membership'>;
};

/** Durable tasks of one gateway. */
export interface Tasks {
  /** Runs a `tools/call` by the rules of its tool; see `runCall`. */
  run(ask: TaskAsk, run: RunCall): Promise<Outcome>;
  /** Answers the methods about tasks; undefined for every other. */
  serve(call: Call, owner: TaskOwner): Promise<Outcome> | undefined;
  /** Tells a listen how tasks go on. */
  follow(
    ids: readonly string[],
    owner: TaskOwner,
    onChange: (task: JsonText) => void,
  ): Promise<FollowedTasks>;
  readonly operations: TaskOperations;
  /** Begins to look for tasks that nobody works on. */
  start(): void;
  /** Gives the work under way so long to end, and leaves the rest to other replicas or the next start. Never rejects. */
  stop(graceMs: number): Promise<void>;
}

/** Puts tasks together. Nothing happens before `start` or the first call. */
export function createTasks({ fleet, ...options }: TasksOptions): Tasks {
  const { store, bus, membership } = fleet;
  const changes = new TaskChanges(bus, options.clock);
  const parts: TaskParts = { ...options, table: store.tasks, changes, self: membership.id };
  const work = new TaskWork(parts, membership);
  const quota = new TaskQuota(parts);
  const cancel = createCancelTask(parts);
  return {
    run: (ask, run) => runCall(ask, run, { parts, quota, work }),
    serve: (call, owner) => serveTasks(call, owner, { parts, work, cancel }),
    follow: (ids, owner, onChange) => followTasks(ids, owner, { onChange, parts }),
    operations: createTaskOperations(parts, { work, cancel }),
    start: () => work.start(),
    async stop(graceMs) {
      await work.stop(graceMs);
      changes.close();
    },
  };
}
