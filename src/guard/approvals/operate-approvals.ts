import { GatewardError } from '../../errors.ts';
import type { ApprovalFilter, ApprovalRow, ApprovalTable } from '../../store/approval-table.ts';
import { describe, summarize } from './approval-view.ts';
import type {
  ApprovalDecision,
  ApprovalDetails,
  ApprovalOperations,
  ApprovalPage,
  ApprovalPlace,
} from './operations.ts';

/** What the operations work with. */
export interface ApprovalOperationParts {
  readonly table: ApprovalTable;
  /** Tells the replicas at once that something of an upstream was decided; without it they hear within a second. */
  readonly announce?: ((upstream: string) => void) | undefined;
}

/** What operators do with approvals, with or without a running gateway. */
export function createApprovalOperations({ table, announce }: ApprovalOperationParts): ApprovalOperations {
  const detail = async (row: ApprovalRow): Promise<ApprovalDetails> =>
    describe(row, await table.lastApproved(row));
  return {
    async list(filter, place) {
      const { approvals, next } = await readPage(table, filter, place);
      return { approvals: approvals.map(summarize), next };
    },
    async compare(filter, place) {
      const { approvals, next } = await readPage(table, filter, place);
      const details: ApprovalDetails[] = [];
      for (const row of approvals) details.push(await detail(row));
      return { approvals: details, next };
    },
    show: async (id) => detail(await find(table, id)),
    async decide(ids, decision) {
      const rows: ApprovalRow[] = [];
      for (const id of new Set(ids)) rows.push(await find(table, id));
      checkDanger(rows, decision);
      const wanted = rows.map(({ id }) => id);
      const decided = await table.decide(wanted, decision.state, decision.by);
      for (const upstream of new Set(decided.map((row) => row.upstream))) announce?.(upstream);
      // What waited may have been forgotten meanwhile, for newer things that wait.
      if (decided.length < wanted.length) throw new GatewardError('APPROVAL_NOT_FOUND');
      return decided.map(summarize);
    },
  };
}

async function readPage(
  table: ApprovalTable,
  filter: ApprovalFilter,
  { limit, after }: ApprovalPlace,
): Promise<ApprovalPage<ApprovalRow>> {
  if (after !== undefined && (await table.read(after)) === undefined)
    throw new GatewardError('CURSOR_INVALID');
  const rows = await table.list(filter, { max: limit + 1, ...(after !== undefined && { after }) });
  const approvals = rows.slice(0, limit);
  return { approvals, next: rows.length > limit ? approvals.at(-1)?.id : undefined };
}

async function find(table: ApprovalTable, id: string): Promise<ApprovalRow> {
  const row = await table.read(id);
  if (row === undefined) throw new GatewardError('APPROVAL_NOT_FOUND');
  return row;
}

function checkDanger(rows: readonly ApprovalRow[], { state, isDangerAgreed }: ApprovalDecision): void {
  if (state === 'rejected' || isDangerAgreed) return;
  const dangerous = rows.map(summarize).find((one) => one.dangerous);
  if (dangerous === undefined) return;
  const { id, findings } = dangerous;
  const rules = [...new Set(findings.filter(({ grave }) => grave).map(({ rule }) => rule))].join(', ');
  throw new GatewardError('NOT_CONFIRMED', {
    detail: `${id} is dangerous: it falls under ${rules}. Read it, and agree to that as well.`,
    data: { approval: id },
  });
}
