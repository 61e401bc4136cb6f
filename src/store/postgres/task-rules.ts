import { NOW } from './statement.ts';

const PLAIN =
  'id, owner, server, upstream, tool, state, holder, epoch, attempts, created_at, updated_at, due_at, deadline_at, ended_at, expires_at, body';

/** What is read of a task. */
export const COLUMNS = `${PLAIN}, outcome`;

/** What a list shows of each. */
export const LISTED = `${PLAIN}, NULL::bytea AS outcome`;

/** A task that has not ended. */
export const UNENDED = `state IN ('working', 'input_required')`;

/** The task $1 is at work, held by $2 with the epoch $3. */
export const HELD = `id = $1 AND holder = $2 AND epoch = $3 AND ${UNENDED} AND expires_at > ${NOW}`;
