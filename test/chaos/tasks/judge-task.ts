import { REPLICA_KILLED } from '../disturber.ts';
import type { Disturbance } from '../judge.ts';
import type { Ledger } from '../ledger.ts';
import type { Json } from './answer.ts';
import { kindOf, rightResult } from './kinds.ts';
import { statusIn, type TaskRecord } from './task-client.ts';

/** How a task ended. The first five are as specified; the others are faults. */
export type TaskVerdict =
  | 'answered at once'
  | 'completed'
  | 'cancelled'
  | 'interrupted'
  | 'not acknowledged'
  | 'wrong result'
  | 'wrong end'
  | 'refused'
  | 'against the protocol'
  | 'lost'
  | 'hung'
  | 'late';

/** Ends that a run without disturbance has. */
export const CALM_ENDS: readonly TaskVerdict[] = ['answered at once', 'completed', 'cancelled'];
/** Ends that are no fault while replicas are killed. */
export const CHAOS_ENDS: readonly TaskVerdict[] = [...CALM_ENDS, 'interrupted', 'not acknowledged'];

const TASK_NOT_FOUND = -32_602;
/** Refusals before anything ran, and calls of which nobody can say: STOPPING, STORE_UNAVAILABLE. */
const EXCUSED: readonly number[] = [1002, 1019];
/** What each error says of a call that was cut off: TASK_INTERRUPTED, UPSTREAM_LOST. */
const CUT_OFF = 'The call may have run.';
/** A task is over so long after the last that it needed: a lease, a sweep, and the pause before another attempt. */
const OVER_WITHIN_MS = 10_000;
/** Clocks of a client and of the store, and the way of an answer. */
const SLACK_MS = 500;

/** What became of a task, seen from its client and from its upstream. */
export function judgeTask(
  record: TaskRecord,
  ledger: Ledger,
  disturbances: readonly Disturbance[],
): TaskVerdict {
  const during = disturbances.filter(({ from, to }) => to >= record.startedAt && from <= record.endedAt);
  if (record.faults.length > 0) return 'against the protocol';
  if (record.handle === undefined) return judgeCall(record);
  const verdict = judgeEnd(record, ledger, during);
  if (verdict === 'hung' || verdict === 'lost') return verdict;
  const ends = during.map(({ to }) => Math.min(to, record.endedAt));
  const needed = Math.max(record.startedAt, record.actedAt, ledger.lastTouchedAt(record.token), ...ends);
  return record.endedAt - needed > OVER_WITHIN_MS ? 'late' : verdict;
}

function judgeCall({ first, token, kind }: TaskRecord): TaskVerdict {
  if (first.kind === 'result')
    return textIn(first.result) === rightResult(kindOf(kind), token) ? 'answered at once' : 'wrong result';
  if (first.kind === 'error' && !EXCUSED.includes(first.code)) return 'refused';
  return 'not acknowledged';
}

function judgeEnd(record: TaskRecord, ledger: Ledger, during: readonly Disturbance[]): TaskVerdict {
  const { last, token } = record;
  const kind = kindOf(record.kind);
  if (last.kind === 'error' && last.code === TASK_NOT_FOUND) return 'lost';
  if (last.kind !== 'result') return 'hung';
  switch (statusIn(last)) {
    case 'completed':
      if (textIn(Object(last.result['result'])) !== rightResult(kind, token)) return 'wrong result';
      return ledger.executions(token) > 0 && !wentOn(record) ? 'completed' : 'wrong end';
    case 'cancelled':
      return record.isCancelled ? 'cancelled' : 'wrong end';
    case 'failed': {
      const message = String(Object(last.result['error']).message);
      const isExcused = during.some(({ what }) => what === REPLICA_KILLED) && !wentOn(record);
      const mayFail = kind.isRepeatable !== true && kind.isKeptUpstream !== true;
      return message.includes(CUT_OFF) && isExcused && mayFail ? 'interrupted' : 'wrong end';
    }
    default:
      return 'hung';
  }
}

/** Whether a task went on after its cancellation was acknowledged. */
function wentOn({ last, isCancelled, actedAt }: TaskRecord): boolean {
  if (!isCancelled || last.kind !== 'result') return false;
  return Date.parse(String(last.result['lastUpdatedAt'])) > actedAt + SLACK_MS;
}

function textIn(result: Json): string {
  const [block]: { text?: string }[] = Array.isArray(result['content']) ? result['content'] : [];
  return block?.text ?? '';
}

/** Tokens of tasks that ran twice though they must not. */
export function ranTwice(records: readonly TaskRecord[], ledger: Ledger): readonly string[] {
  return records
    .filter(({ kind }) => kindOf(kind).isRepeatable !== true)
    .map(({ token }) => token)
    .filter((token) => ledger.executions(token) > 1);
}

/** Tokens of cancelled tasks whose upstream still works on them, for nobody told it. */
export function stillAtWork(records: readonly TaskRecord[], ledger: Ledger): readonly string[] {
  return records
    .filter(({ last }) => statusIn(last) === 'cancelled')
    .map(({ token }) => token)
    .filter((token) => ledger.executions(token) > 0 && !ledger.isWithdrawn(token));
}
