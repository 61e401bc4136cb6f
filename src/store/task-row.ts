import {
  bytesIn,
  numberIn,
  optionalBytesIn,
  optionalNumberIn,
  optionalTextIn,
  type Row,
  textIn,
  unexpected,
} from './row.ts';
import type { TaskAnswer, TaskCount, TaskRow, TaskState } from './task-table.ts';

const STATES: readonly TaskState[] = ['working', 'input_required', 'completed', 'failed', 'cancelled'];

/** A task. Both databases name its columns alike. */
export function taskIn(row: Row): TaskRow {
  return {
    id: textIn(row, 'id'),
    owner: textIn(row, 'owner'),
    server: textIn(row, 'server'),
    upstream: textIn(row, 'upstream'),
    tool: textIn(row, 'tool'),
    state: stateIn(row),
    holder: optionalTextIn(row, 'holder'),
    epoch: numberIn(row, 'epoch'),
    attempts: numberIn(row, 'attempts'),
    createdAt: numberIn(row, 'created_at'),
    updatedAt: numberIn(row, 'updated_at'),
    dueAt: optionalNumberIn(row, 'due_at'),
    deadlineAt: numberIn(row, 'deadline_at'),
    endedAt: optionalNumberIn(row, 'ended_at'),
    expiresAt: numberIn(row, 'expires_at'),
    body: optionalBytesIn(row, 'body'),
    outcome: optionalBytesIn(row, 'outcome'),
  };
}

/** How many tasks of an upstream are in a state. */
export function taskCountIn(row: Row): TaskCount {
  return {
    upstream: textIn(row, 'upstream'),
    state: stateIn(row),
    count: numberIn(row, 'count'),
    oldestAt: numberIn(row, 'oldest_at'),
  };
}

/** An answer to a question of a task. */
export function taskAnswerIn(row: Row): TaskAnswer {
  return { key: textIn(row, 'key'), body: bytesIn(row, 'body') };
}

function stateIn(row: Row): TaskState {
  return STATES.find((state) => state === row['state']) ?? unexpected('state');
}
