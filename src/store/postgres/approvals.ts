import {
  APPROVAL_COLUMNS,
  approvalIn,
  conditionsOf,
  MARK_COLUMNS,
  markIn,
  stateOf,
} from '../approval-row.ts';
import {
  type ApprovalFilter,
  type ApprovalMark,
  type ApprovalRow,
  type ApprovalState,
  type ApprovalTable,
  approvalId,
  MAX_PENDING_BYTES,
  type Seen,
  thingId,
} from '../approval-table.ts';
import { numberIn } from '../row.ts';
import { addApprovals, forgetOldest, type PendingBounds } from './approval-creation.ts';
import { tellOf } from './approval-rules.ts';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';

/** Milliseconds after which a decision is not the one whose answer was lost. */
const LOST_MS = 10_000;
/** Rows, and marks, that one statement is given or gives. */
const MAX_ROWS = 100;
const MAX_MARKS = 5_000;

const KNOWN = statement(
  'read_approval_marks',
  `SELECT ${MARK_COLUMNS} FROM gateward_approvals WHERE id = ANY($1::text[])`,
);
const MARKS = statement(
  'list_approval_marks',
  `SELECT ${MARK_COLUMNS} FROM gateward_approvals WHERE upstream = $1 AND id > $2 ORDER BY id LIMIT ${MAX_MARKS}`,
);
const READ = statement('read_approval', `SELECT ${APPROVAL_COLUMNS} FROM gateward_approvals WHERE id = $1`);
const PLACE = statement('place_approval', 'SELECT came FROM gateward_approvals WHERE id = $1');
const LAST_APPROVED = statement(
  'last_approval',
  `SELECT ${APPROVAL_COLUMNS} FROM gateward_approvals
   WHERE upstream = $1 AND thing = $2 AND state = 'approved' ORDER BY decided_at DESC, came DESC LIMIT 1`,
);
/** $4: an attempt whose answer was lost may have decided already. */
const DECIDE = statement(
  'decide_approvals',
  `WITH decided AS (
     UPDATE gateward_approvals SET
       decided_at = CASE
         WHEN $4 AND state = $2 AND decided_by = $3 AND decided_at > ${NOW} - ${LOST_MS} THEN decided_at
         ELSE ${NOW} END,
       state = $2, decided_by = $3
     WHERE id = ANY($1::text[]) RETURNING ${APPROVAL_COLUMNS}
   ), told AS (
     ${tellOf(`SELECT DISTINCT upstream, ${NOW} FROM decided`)}
   )
   SELECT ${APPROVAL_COLUMNS} FROM decided`,
);

/** Approvals. */
export function createApprovalTable(db: Database): ApprovalTable {
  return {
    see: (seen, maxPending, maxPendingBytes = MAX_PENDING_BYTES) =>
      seeAll(db, seen, { maxPending, maxPendingBytes }),
    marks: (upstream) => readMarks(db, upstream),
    async read(id) {
      const row = await db.row(READ, [id]);
      return row && approvalIn(row);
    },
    list: (filter, page) => listRows(db, filter, page),
    async lastApproved(thing) {
      const row = await db.row(LAST_APPROVED, [thing.upstream, thingId(thing)]);
      return row && approvalIn(row);
    },
    decide: (ids, state, by) => decideAll(db, ids, { state, by }),
  };
}

/** What is known is read without a write: that is nearly always all of it. */
async function seeAll(
  db: Database,
  seen: readonly Seen[],
  bounds: PendingBounds,
): Promise<readonly ApprovalState[]> {
  const ids = seen.map(approvalId);
  const before = await findMarks(db, ids);
  const fresh = seen.filter((_, n) => !before.has(ids[n] ?? ''));
  if (fresh.length === 0) return seen.map((one, n) => stateOf(one, before.get(ids[n] ?? '')));
  await addApprovals(db, fresh);
  const after = await findMarks(db, fresh.map(approvalId));
  await forgetOldest(db, fresh, bounds);
  return seen.map((one, n) => stateOf(one, before.get(ids[n] ?? '') ?? after.get(ids[n] ?? '')));
}

async function findMarks(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, ApprovalMark>> {
  const marks = new Map<string, ApprovalMark>();
  for (let from = 0; from < ids.length; from += MAX_MARKS) {
    const rows = await db.rows(KNOWN, [ids.slice(from, from + MAX_MARKS)]);
    for (const mark of rows.map(markIn)) marks.set(mark.id, mark);
  }
  return marks;
}

async function readMarks(db: Database, upstream: string): Promise<readonly ApprovalMark[]> {
  const marks: ApprovalMark[] = [];
  for (;;) {
    const rows = await db.rows(MARKS, [upstream, marks.at(-1)?.id ?? '']);
    marks.push(...rows.map(markIn));
    if (rows.length < MAX_MARKS) return marks;
  }
}

async function listRows(
  db: Database,
  filter: ApprovalFilter,
  { max, after }: { readonly max: number; readonly after?: string },
): Promise<readonly ApprovalRow[]> {
  const { name, parts, values } = conditionsOf(filter, (n) => `$${n}`);
  const place = after === undefined ? undefined : await db.row(PLACE, [after]);
  if (after !== undefined && place === undefined) return [];
  const from = after === undefined ? [] : [numberIn(place ?? {}, 'came'), after];
  const count = values.length;
  const all = [...parts, ...(from.length > 0 ? [`(came, id) > ($${count + 1}::bigint, $${count + 2})`] : [])];
  const list = statement(
    `approvals${name}${from.length > 0 ? '_after' : ''}`,
    `SELECT ${APPROVAL_COLUMNS} FROM gateward_approvals ${all.length > 0 ? 'WHERE' : ''} ${all.join(' AND ')}
     ORDER BY came, id LIMIT $${count + from.length + 1}`,
  );
  return (await db.rows(list, [...values, ...from, max])).map(approvalIn);
}

async function decideAll(
  db: Database,
  ids: readonly string[],
  { state, by }: { readonly state: ApprovalState; readonly by: string },
): Promise<readonly ApprovalRow[]> {
  const decided = new Map<string, ApprovalRow>();
  for (let from = 0; from < ids.length; from += MAX_ROWS) {
    const batch = ids.slice(from, from + MAX_ROWS);
    const rows = await db.rows(DECIDE, (again) => [batch, state, by, again]);
    for (const row of rows.map(approvalIn)) decided.set(row.id, row);
  }
  return ids.map((id) => decided.get(id)).filter((row) => row !== undefined);
}
