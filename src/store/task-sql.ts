/** The columns of a task, but for `body` and `outcome`, which may be large. */
export const TASK_COLUMNS =
  'id, owner, server, upstream, tool, state, holder, epoch, attempts, created_at, updated_at, due_at, deadline_at, ended_at, expires_at';

/** A task that has not ended. */
export const UNENDED = `state IN ('working', 'input_required')`;
