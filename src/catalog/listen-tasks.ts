import type { JsonText } from '../lib/json-text.ts';
import { declaresTasks, tasksNotDeclared } from '../wire/declare-tasks.ts';
import type { Asked } from './server-view.ts';
import type { TaskFeed } from './task-feed.ts';

/** Tasks of one listen; the acknowledgment leaves out what is beyond. */
const MAX_TASKS = 1_000;
/** One for all listens: it lasts as long as they do. */
const NO_IDS: readonly string[] = [];

/**
 * The tasks that a listen asks for; empty where it asks for none. Throws MISSING_CAPABILITY for a client that asks
 * without declaring the extension (SEP-2663 §Task Status Notifications).
 */
export function readTaskIds({ call }: Asked): readonly string[] {
  const given = call.message.at('params', 'notifications', 'taskIds');
  if (given === undefined) return NO_IDS;
  if (!declaresTasks(call)) throw tasksNotDeclared();
  const ids = (given.kind === 'array' ? given.items() : []).flatMap((id) => id.string() ?? []);
  return [...new Set(ids)].slice(0, MAX_TASKS);
}

/** What a listen does with its tasks. */
export interface TaskListening {
  readonly asked: Asked;
  /** Whose tasks they are, beside the caller. */
  readonly server: string;
  /** Undefined where there are no tasks. */
  readonly feed: TaskFeed | undefined;
  /** Takes the params of one `notifications/tasks`. */
  readonly send: (task: JsonText) => void;
}

/** The tasks of one listen. */
export interface FollowedTasks {
  /** Those that the listen is told of. */
  readonly taken: readonly string[];
  /** The listen is acknowledged: what happened before goes out, and from now on what happens. */
  begin(): void;
  end(): void;
}

const NONE: FollowedTasks = { taken: NO_IDS, begin: () => undefined, end: () => undefined };

/** Follows tasks for a listen. Nothing is sent before `begin`. Rejects as the feed does. */
export async function followTasks(
  ids: readonly string[],
  { asked, server, feed, send }: TaskListening,
): Promise<FollowedTasks> {
  if (feed === undefined || ids.length === 0) return NONE;
  let waiting: JsonText[] | undefined = [];
  const owner = { principal: asked.principal.key, server };
  const { taken, end } = await feed.follow(ids, owner, (task) => {
    if (waiting === undefined) send(task);
    else waiting.push(task);
  });
  const begin = (): void => {
    const before = waiting ?? [];
    waiting = undefined;
    for (const task of before) send(task);
  };
  return { taken, begin, end };
}
