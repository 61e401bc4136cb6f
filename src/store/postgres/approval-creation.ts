import {
  CHOSEN_BY_UPSTREAM,
  HELD_BYTES,
  LEAST_BYTES,
  NOT_KEPT,
  NOT_KEPT_BODY,
  nameColumn,
} from '../approval-row.ts';
import { approvalId, type Seen, thingId } from '../approval-table.ts';
import { tellOf } from './approval-rules.ts';
import type { Database } from './database.ts';
import { countFitting } from './row-group.ts';
import { NOW, ORDER, statement } from './statement.ts';

/** Rows and characters that a statement is given at most. */
const MEASURE = {
  maxItems: 200,
  maxSize: 2 * 1024 * 1024,
  sizeOf: ({ body, findings }: Seen) => body.length + findings.length,
};

/** Rows that are there already stay as they are, also those of an attempt whose answer was lost. */
const ADD = statement(
  'add_approvals',
  `WITH added AS (
     INSERT INTO gateward_approvals
       (upstream, id, kind, name, digest, thing, state, came, seen_at, decided_at, decided_by, findings, body)
     SELECT seen.upstream, seen.id, seen.kind, seen.name, seen.digest, seen.thing, seen.state,
       ${ORDER} + seen.place, ${NOW}, CASE WHEN seen.state <> 'pending' THEN ${NOW} END,
       seen.decided_by, seen.findings, seen.body
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
       $9::text[], $10::text[], $11::text[])
       AS seen (upstream, id, kind, name, digest, thing, state, place, decided_by, findings, body)
     ON CONFLICT (upstream, id) DO NOTHING
     RETURNING upstream, state
   )
   ${tellOf(`SELECT DISTINCT upstream, ${NOW} FROM added WHERE state <> 'pending'`)}`,
);
const FORGET_OLDEST = statement(
  'forget_oldest_approvals',
  `DELETE FROM gateward_approvals WHERE upstream = $1 AND state = 'pending' AND id IN (
     SELECT id FROM gateward_approvals WHERE upstream = $1 AND state = 'pending'
     ORDER BY came DESC, id DESC OFFSET $2::bigint
   )`,
);

/** The oldest whose texts are too much with all that is newer. */
const DROP_TEXTS = statement(
  'drop_approval_texts',
  `UPDATE gateward_approvals SET body = ${NOT_KEPT_BODY}, findings = $4
   WHERE upstream = $1 AND state = 'pending' AND id IN (
     SELECT id FROM (
       SELECT id, bytes, sum(bytes) OVER (ORDER BY came DESC, id DESC) AS total FROM (
         SELECT id, came, ${HELD_BYTES} AS bytes FROM gateward_approvals
         WHERE upstream = $1 AND state = 'pending' AND ${CHOSEN_BY_UPSTREAM}
       ) AS held
     ) AS summed WHERE total > $2::bigint AND bytes > $3::bigint
   )`,
);

/** Adds rows, as many with one statement as fit. */
export async function addApprovals(db: Database, seen: readonly Seen[]): Promise<void> {
  for (let rest = seen; rest.length > 0; ) {
    const count = countFitting(rest, MEASURE);
    await db.rows(ADD, valuesOf(rest.slice(0, count)));
    rest = rest.slice(count);
  }
}

/** What may wait of one upstream. */
export interface PendingBounds {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** Deletes the pending rows above the bound of each upstream of which something was added, and texts above theirs. */
export async function forgetOldest(
  db: Database,
  added: readonly Seen[],
  { maxPending, maxPendingBytes }: PendingBounds,
): Promise<void> {
  const pending = added.filter(({ state }) => state === 'pending');
  for (const upstream of new Set(pending.map((one) => one.upstream))) {
    await db.rows(FORGET_OLDEST, [upstream, maxPending]);
    await db.rows(DROP_TEXTS, [upstream, maxPendingBytes, LEAST_BYTES, NOT_KEPT]);
  }
}

function valuesOf(seen: readonly Seen[]): readonly unknown[] {
  return [
    seen.map(({ upstream }) => upstream),
    seen.map(approvalId),
    seen.map(({ kind }) => kind),
    seen.map(({ name }) => nameColumn(name)),
    seen.map(({ digest }) => digest),
    seen.map(thingId),
    seen.map(({ state }) => state),
    seen.map((_, place) => place),
    seen.map(({ state, decidedBy }) => (state === 'pending' ? null : (decidedBy ?? null))),
    seen.map(({ findings }) => findings),
    seen.map(({ body }) => body),
  ];
}
