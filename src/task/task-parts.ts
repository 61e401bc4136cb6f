import type { AuthorizationContext, Call, Handle, Outcome } from '../call.ts';
import type { TasksConfig } from '../config/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import type { TaskTable } from '../store/task-table.ts';
import type { TaskMeter } from './operations.ts';
import type { TaskRules } from './rules.ts';
import type { TaskChanges } from './task-changes.ts';

/** An upstream as tasks see it. */
export interface TaskSource {
  readonly name: string;
  call(call: Call, context: AuthorizationContext): Promise<Outcome>;
}

/** What the configuration in force says of an upstream. */
export interface TaskUpstream {
  readonly source: TaskSource;
  readonly rules: (tool: string) => TaskRules;
  /** Tasks that this replica works on at a time. */
  readonly concurrency: number;
  /** Whether it is safe to make a call again that may have run. In the upstream's own name of the tool. */
  readonly repeatable: (tool: string) => boolean;
}

/** What an upstream answered when it was asked about a task of its own. */
export interface ToldOfTask {
  readonly upstream: string;
  /** The tool that the task runs, in the upstream's own name. */
  readonly tool: string | undefined;
  /** `Principal.key` of the task's owner. */
  readonly principal: string;
  readonly context: AuthorizationContext;
  readonly outcome: Outcome;
}

/** What tasks are made of. */
export interface TaskParts {
  readonly table: TaskTable;
  readonly changes: TaskChanges;
  /** Id of this replica. */
  readonly self: string;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly meter: TaskMeter;
  /** Undefined for an upstream that no configuration names any more. */
  readonly upstream: (name: string) => TaskUpstream | undefined;
  readonly config: () => TasksConfig;
  /** What an upstream says of a task of its own goes through its rules before it is kept or shown. */
  readonly guarded: (told: ToldOfTask) => Outcome | Promise<Outcome>;
  /** The pipeline as an attempt of a task passes it. */
  readonly attempt: Handle;
}
