import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import { kindOf } from './kinds.ts';
import { statusIn, type TaskRecord } from './task-client.ts';
import { insist, type Reply } from './task-wire.ts';

/** How near to its time a task may be gone or still there. */
const MARGIN_MS = 1_500;
const INSIST_MS = 45_000;
const NOT_FOUND = -32_602;
/** How long rows may stay in the database that are past their time, or that end without a client's help. */
const SWEPT_WITHIN_MS = 90_000;

const isBrief = ({ kind }: TaskRecord): boolean => kindOf(kind).isBrief === true;

async function look({ url, handle }: TaskRecord): Promise<Reply> {
  return insist(url, { method: 'tasks/get', params: { taskId: handle?.id ?? '' } }, INSIST_MS);
}

const isGone = (reply: Reply): boolean => reply.kind === 'error' && reply.code === NOT_FOUND;

/**
 * Looks at a task that is kept for a short time, just before its time is over and just after. Gives what was wrong;
 * undefined for nothing, and for other tasks.
 */
export async function watchRetention(record: TaskRecord): Promise<string | undefined> {
  const { handle, last } = record;
  if (handle === undefined || !isBrief(record) || last.kind !== 'result') return undefined;
  const { expiresAt } = handle;
  await sleep(Math.max(0, expiresAt - 2 * MARGIN_MS - Date.now()));
  const before = await look(record);
  // In the chaos the answer may come too late to say anything.
  if (Date.now() < expiresAt - MARGIN_MS && !isSame(record, before))
    return `${record.token} was not there until its time: ${JSON.stringify(before)}`;
  await sleep(Math.max(0, expiresAt + MARGIN_MS - Date.now()));
  const after = await look(record);
  return isGone(after) ? undefined : `${record.token} outlived its time: ${JSON.stringify(after)}`;
}

/** What of a task must not change any more once it has ended. */
function isSame({ last }: TaskRecord, now: Reply): boolean {
  if (last.kind !== 'result' || now.kind !== 'result') return false;
  const { result } = last;
  return ['status', 'result', 'error', 'createdAt'].every((name) =>
    isDeepStrictEqual(result[name], now.result[name]),
  );
}

/** Looks at every task again whose handle was given out. Gives what was wrong. */
export async function lookAgain(records: readonly TaskRecord[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const rest = records.filter(({ handle }) => handle !== undefined);
  const work = async (): Promise<void> => {
    for (let record = rest.pop(); record !== undefined; record = rest.pop()) {
      const now = await look(record);
      const isRight = isBrief(record) ? isGone(now) : isSame(record, now);
      if (!isRight) wrong.push(`${record.token} is ${statusIn(now) ?? JSON.stringify(now)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return wrong;
}

interface TaskRow {
  readonly id: string;
  readonly state: string;
  readonly tool: string;
  readonly holder: string | null;
  readonly attempts: number;
}

interface Rows {
  readonly unfinished: readonly TaskRow[];
  readonly overdue: number;
  readonly missing: number;
}

async function countRows(client: Client, records: readonly TaskRecord[]): Promise<Rows> {
  const { rows } = await client.query<TaskRow>(
    'SELECT id, state, tool, holder, attempts FROM gateward_tasks',
  );
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  const idsOf = (brief: boolean): string[] =>
    records.flatMap((one) => (one.handle !== undefined && isBrief(one) === brief ? [one.handle.id] : []));
  return {
    unfinished: rows.filter(({ state }) => state === 'working' || state === 'input_required'),
    overdue: idsOf(true).filter((id) => states.has(id)).length,
    missing: idsOf(false).filter((id) => !states.has(id)).length,
  };
}

/**
 * Looks into the database, at the rows of which no client knows too: none is unfinished, none is past its time, none
 * is missing. Gives what is wrong after the time that a sweep may take.
 */
export async function inspectRows(
  database: string,
  records: readonly TaskRecord[],
): Promise<string | undefined> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    const until = Date.now() + SWEPT_WITHIN_MS;
    for (;;) {
      const { unfinished, overdue, missing } = await countRows(client, records);
      if (unfinished.length + overdue + missing === 0) return undefined;
      if (missing > 0 || Date.now() > until)
        return `${overdue} past their time, ${missing} missing, unfinished: ${JSON.stringify(unfinished)}`;
      await sleep(1_000);
    }
  } finally {
    await client.end();
  }
}
