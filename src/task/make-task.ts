import { randomBytes } from 'node:crypto';
import type { AuthorizationContext, Call, Outcome, Principal, TaskMade } from '../call.ts';
import { timeOf } from '../lib/clock.ts';
import type { TaskRow } from '../store/task-table.ts';
import type { TaskRules } from './rules.ts';
import { messageToKeep } from './task-call.ts';
import { NOTHING_ASKED, newImage, type TaskImage, withAttempt } from './task-image.ts';
import type { TaskParts, TaskSource } from './task-parts.ts';
import { writeTask } from './task-view.ts';
import type { TaskToMake } from './task-work.ts';

/** A `tools/call` that may become a task. */
export interface TaskAsk {
  readonly server: string;
  readonly principal: Principal;
  readonly source: TaskSource;
  readonly context: AuthorizationContext;
  /** In the upstream's names. */
  readonly call: Call;
  /** As its client wrote it. */
  readonly asked: Call;
  /** Puts the server's names back into what the upstream answered. */
  readonly restore: ((outcome: Outcome) => Outcome) | undefined;
}

/** What runs the call, from here on down. */
export type RunCall = (call: Call) => Promise<Outcome>;

const ID_BYTES = 24;
const ID = /^task_[\w-]{32}$/;

/** Whether a text can be the id of a task: what cannot is not looked for in the store. */
export function isTaskId(text: string): boolean {
  return ID.test(text);
}

/** What a new task is made with, beside its call. */
export interface NewTaskOptions extends Partial<Pick<TaskImage, 'upstreamTask' | 'resumable'>> {
  readonly rules: TaskRules;
  readonly isUnderWay: boolean;
}

/** What of a call makes a task. */
export function taskOf(
  ask: TaskAsk,
  { rules, isUnderWay, ...known }: NewTaskOptions,
  { config, clock, self }: Pick<TaskParts, 'config' | 'clock' | 'self'>,
): TaskToMake {
  const wishMs = Math.max(0, Math.floor(ask.call.legacy?.task?.ttlMs ?? rules.retentionMs));
  const image = newImage({
    message: messageToKeep(ask.asked.message),
    context: ask.context,
    retentionMs: Math.min(wishMs, config().maxRetentionMs),
  });
  const begun = { startedAt: timeOf(clock), replica: self };
  const history = isUnderWay ? withAttempt(image, begun) : image.history;
  return {
    // Begins with a letter: in a command line, a dash would begin an option.
    id: `task_${randomBytes(ID_BYTES).toString('base64url')}`,
    owner: ask.principal.key,
    server: ask.server,
    upstream: ask.source.name,
    tool: ask.call.name ?? '',
    deadlineMs: rules.deadlineMs,
    image: { ...image, history, ...known },
  };
}

/** The handle of a new task: a whole CreateTaskResult (SEP-2663 §Task Creation). */
export function madeOf(row: TaskRow, { config }: Pick<TaskParts, 'config'>): TaskMade {
  const view = { row, image: undefined, outstanding: NOTHING_ASKED, ending: undefined };
  return { kind: 'task', result: writeTask(view, config().pollIntervalMs, 'task') };
}
