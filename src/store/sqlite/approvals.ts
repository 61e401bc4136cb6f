import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  APPROVAL_COLUMNS,
  approvalIn,
  CHOSEN_BY_UPSTREAM,
  conditionsOf,
  HELD_BYTES,
  LEAST_BYTES,
  MARK_COLUMNS,
  markIn,
  NOT_KEPT,
  NOT_KEPT_BODY,
  nameColumn,
  stateOf,
} from '../approval-row.ts';
import {
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
import { nextChange } from './changes.ts';
import type { Database } from './database.ts';

/** Rows of one transaction: it runs on the event loop. */
const BATCH = 100;
/** Marks read at a stretch. */
const MARKS = 1_000;

const ADD = `
INSERT INTO approvals
  (id, upstream, kind, name, digest, thing, state, seen_at, decided_at, decided_by, findings, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;
const TELL = `
INSERT INTO approval_changes (upstream, changed) VALUES (?, ?)
ON CONFLICT (upstream) DO UPDATE SET changed = excluded.changed`;
const FORGET_OLDEST = `
DELETE FROM approvals WHERE number IN (
  SELECT number FROM approvals WHERE upstream = ? AND state = 'pending' ORDER BY number DESC LIMIT -1 OFFSET ?
)`;

const COUNT_TEXTS = `
SELECT ifnull(sum(${HELD_BYTES}), 0) AS bytes FROM approvals
WHERE upstream = ? AND state = 'pending' AND ${CHOSEN_BY_UPSTREAM}`;
/** The oldest whose texts are too much with all that is newer. */
const DROP_TEXTS = `
UPDATE approvals SET body = ${NOT_KEPT_BODY}, findings = ? WHERE number IN (
  SELECT number FROM (
    SELECT number, bytes, sum(bytes) OVER (ORDER BY number DESC) AS total FROM (
      SELECT number, ${HELD_BYTES} AS bytes FROM approvals
      WHERE upstream = ? AND state = 'pending' AND ${CHOSEN_BY_UPSTREAM}
    )
  ) WHERE total > ? AND bytes > ?
)`;

/** Approvals. */
export function createApprovalTable(db: Database): ApprovalTable {
  return {
    see: (seen, maxPending, maxPendingBytes = MAX_PENDING_BYTES) =>
      seeAll(db, seen, { maxPending, maxPendingBytes }),
    marks: (upstream) => readMarks(db, upstream),
    read: (id) => db.attempt(() => find(db, id)),
    list: (filter, { max, after }) =>
      db.read(() => {
        const { parts, values } = conditionsOf(filter, () => '?');
        const from = after === undefined ? 0 : placeOf(db, after);
        const where = [...parts, 'number > ?'].join(' AND ');
        const sql = `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE ${where} ORDER BY number LIMIT ?`;
        return from === undefined ? [] : db.all(sql, [...values, from, max]).map(approvalIn);
      }),
    lastApproved: (thing) =>
      db.attempt(() => {
        const row = db.get(
          `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE thing = ? AND state = 'approved'
           ORDER BY decided_at DESC, number DESC LIMIT 1`,
          [thingId(thing)],
        );
        return row && approvalIn(row);
      }),
    decide: (ids, state, by) => decideAll(db, ids, { state, by }),
  };
}

/** What may wait of one upstream: rows, and bytes of texts. */
interface Bounds {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** What is known is read without a write: that is nearly always all of it. */
async function seeAll(
  db: Database,
  seen: readonly Seen[],
  { maxPending, maxPendingBytes }: Bounds,
): Promise<readonly ApprovalState[]> {
  const states: ApprovalState[] = [];
  const grown = new Set<string>();
  for (let from = 0; from < seen.length; from += BATCH) {
    const batch = seen.slice(from, from + BATCH);
    const found = await db.read(() => batch.map((one) => findMark(db, approvalId(one))));
    const marks = found.includes(undefined) ? await db.writeDurably(() => add(db, batch, maxPending)) : found;
    states.push(...batch.map((one, n) => stateOf(one, marks[n])));
    for (const [n, { upstream, state }] of batch.entries())
      if (found[n] === undefined && state === 'pending') grown.add(upstream);
    await nextTurn();
  }
  for (const upstream of grown) await dropTexts(db, upstream, maxPendingBytes);
  return states;
}

/** Counted once for all that was seen: it takes milliseconds where very much waits. */
async function dropTexts(db: Database, upstream: string, maxBytes: number): Promise<void> {
  const bytes = await db.read(() => numberIn(db.get(COUNT_TEXTS, [upstream]) ?? {}, 'bytes'));
  if (bytes > maxBytes)
    await db.writeDurably(() => db.run(DROP_TEXTS, [NOT_KEPT, upstream, maxBytes, LEAST_BYTES]));
}

function add(
  db: Database,
  batch: readonly Seen[],
  maxPending: number,
): readonly (ApprovalMark | undefined)[] {
  const added = batch.filter((one) => addOne(db, one));
  tell(
    db,
    added.filter(({ state }) => state !== 'pending'),
  );
  const marks = batch.map((one) => findMark(db, approvalId(one)));
  const pending = added.filter(({ state }) => state === 'pending');
  for (const upstream of new Set(pending.map((one) => one.upstream)))
    db.run(FORGET_OLDEST, [upstream, maxPending]);
  return marks;
}

function addOne(db: Database, seen: Seen): boolean {
  const { upstream, kind, name, digest, state, findings, body } = seen;
  const isPending = state === 'pending';
  const now = db.now();
  const key = [approvalId(seen), upstream, kind, nameColumn(name), digest, thingId(seen)];
  const decision = [isPending ? null : now, isPending ? null : (seen.decidedBy ?? null)];
  return db.run(ADD, [...key, state, now, ...decision, findings, body]) > 0;
}

/** Page by page, so that what an upstream with very many costs is spread over turns of the event loop. */
async function readMarks(db: Database, upstream: string): Promise<readonly ApprovalMark[]> {
  const marks: ApprovalMark[] = [];
  for (let from = 0; ; ) {
    const rows = await db.attempt(() =>
      db.all(
        `SELECT number, ${MARK_COLUMNS} FROM approvals WHERE upstream = ? AND number > ? ORDER BY number LIMIT ?`,
        [upstream, from, MARKS],
      ),
    );
    marks.push(...rows.map(markIn));
    const last = rows.at(-1);
    if (last === undefined || rows.length < MARKS) return marks;
    from = numberIn(last, 'number');
    await nextTurn();
  }
}

async function decideAll(
  db: Database,
  ids: readonly string[],
  { state, by }: { readonly state: ApprovalState; readonly by: string },
): Promise<readonly ApprovalRow[]> {
  const decided: ApprovalRow[] = [];
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH);
    const rows = await db.writeDurably(() => {
      for (const id of batch) {
        db.run('UPDATE approvals SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?', [
          state,
          db.now(),
          by,
          id,
        ]);
      }
      const found = batch.map((id) => find(db, id)).filter((row) => row !== undefined);
      tell(db, found);
      return found;
    });
    decided.push(...rows);
    await nextTurn();
  }
  return decided;
}

/** Something was decided on each of these. */
function tell(db: Database, decided: readonly { readonly upstream: string }[]): void {
  for (const upstream of new Set(decided.map((one) => one.upstream)))
    db.run(TELL, [upstream, nextChange(db)]);
}

function find(db: Database, id: string): ApprovalRow | undefined {
  const row = db.get(`SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE id = ?`, [id]);
  return row && approvalIn(row);
}

function findMark(db: Database, id: string): ApprovalMark | undefined {
  const row = db.get(`SELECT ${MARK_COLUMNS} FROM approvals WHERE id = ?`, [id]);
  return row && markIn(row);
}

function placeOf(db: Database, id: string): number | undefined {
  const row = db.get('SELECT number FROM approvals WHERE id = ?', [id]);
  return row && numberIn(row, 'number');
}
