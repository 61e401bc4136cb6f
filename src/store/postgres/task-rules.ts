import { TASK_COLUMNS, UNENDED } from '../task-sql.ts';
import { NOW } from './statement.ts';

/** What is read of a task. */
export const COLUMNS = `${TASK_COLUMNS}, body, outcome`;

/** What a list shows of each. */
export const LISTED = `${TASK_COLUMNS}, body, NULL::bytea AS outcome`;

/** The task $1 is at work, held by $2 with the epoch $3. */
export const HELD = `id = $1 AND holder = $2 AND epoch = $3 AND ${UNENDED} AND expires_at > ${NOW}`;
