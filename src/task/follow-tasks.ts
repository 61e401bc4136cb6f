import { GatewardError } from '../errors.ts';
import type { JsonText } from '../lib/json-text.ts';
import { isTaskId } from './make-task.ts';
import { readOwn, type TaskOwner } from './serve-tasks.ts';
import type { TaskParts } from './task-parts.ts';
import { type TaskView, viewOf, writeDetailedTask } from './task-view.ts';

/** What came of the wish to follow tasks. */
export interface FollowedTasks {
  /** Those that are the owner's own and still known. */
  readonly taken: readonly string[];
  readonly end: () => void;
}

/**
 * Follows tasks of an owner: `onChange` gets the params of `notifications/tasks` (a DetailedTask), first as it is now,
 * then with each change, the last time when it has ended. Throws STORE_UNAVAILABLE.
 */
export async function followTasks(
  ids: readonly string[],
  owner: TaskOwner,
  { onChange, parts }: { readonly onChange: (task: JsonText) => void; readonly parts: TaskParts },
): Promise<FollowedTasks> {
  const followed: Followed[] = [];
  const end = (): void => {
    for (const one of followed) one.end();
  };
  const taken: string[] = [];
  try {
    for (const id of new Set(ids.filter(isTaskId))) {
      const one = new Followed(id, { owner, onChange, parts });
      followed.push(one);
      if (await one.start()) taken.push(id);
    }
  } catch (thrown) {
    end();
    throw thrown;
  }
  return { taken, end };
}

interface FollowedParts {
  readonly owner: TaskOwner;
  readonly onChange: (task: JsonText) => void;
  readonly parts: TaskParts;
}

/** One task that a listen follows. */
class Followed {
  readonly id: string;
  readonly #parts: FollowedParts;
  /** What was told last, but for its time: a task that is merely looked at has not changed. */
  #last = '';
  #isLooking = false;
  #lookAgain = false;
  #end: (() => void) | undefined;

  constructor(id: string, parts: FollowedParts) {
    this.id = id;
    this.#parts = parts;
  }

  /** False for a task that is not the owner's. Throws STORE_UNAVAILABLE. */
  async start(): Promise<boolean> {
    this.#end = this.#parts.parts.changes.watch(this.id, () => void this.#look());
    // What is told meanwhile comes after this look, so that no older state follows a newer one.
    this.#isLooking = true;
    const view = await this.#read();
    this.#isLooking = false;
    if (view === undefined) this.end();
    else this.#tell(view);
    if (this.#lookAgain) void this.#look();
    return view !== undefined;
  }

  end(): void {
    this.#end?.();
    this.#end = undefined;
    this.#last = '';
  }

  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#lookAgain && this.#end !== undefined) {
        this.#lookAgain = false;
        const view = await this.#read();
        if (view === undefined) this.end();
        else this.#tell(view);
      }
    } catch (thrown) {
      // The store is away: the next look comes by itself.
      if (!(thrown instanceof GatewardError))
        this.#parts.parts.log.error('a task could not be followed', { thrown });
    } finally {
      this.#isLooking = false;
    }
  }

  async #read(): Promise<TaskView | undefined> {
    const { owner, parts } = this.#parts;
    const row = await readOwn(this.id, owner, parts);
    return row && viewOf(row, parts);
  }

  #tell(view: TaskView): void {
    if (this.#end === undefined) return;
    const task = writeDetailedTask(view, this.#parts.parts.config().pollIntervalMs);
    const { text } = task.with({ lastUpdatedAt: undefined });
    if (text === this.#last) return;
    this.#last = text;
    this.#parts.onChange(task);
    if (view.row.endedAt !== undefined) this.end();
  }
}
