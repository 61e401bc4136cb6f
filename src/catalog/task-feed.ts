import type { JsonText } from '../lib/json-text.ts';

/** Whose tasks: those of one caller at one server. */
export interface TaskOwner {
  readonly principal: string;
  readonly server: string;
}

/** Tells listens how tasks go on, on whichever replica that happens. */
export interface TaskFeed {
  /**
   * Follows tasks of an owner. `taken` are those of the ids that are its own and still known; the others are left out,
   * whether they are unknown or somebody else's. `onChange` gets the params of `notifications/tasks` (a DetailedTask),
   * first as it is now, then with each change, the last time when it has ended.
   */
  follow(
    ids: readonly string[],
    owner: TaskOwner,
    onChange: (task: JsonText) => void,
  ): Promise<{ readonly taken: readonly string[]; readonly end: () => void }>;
}
