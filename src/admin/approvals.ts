import { GatewardError } from '../errors.ts';
import {
  APPROVAL_KINDS,
  APPROVAL_STATES,
  type ApprovalFilter,
  isApprovalId,
} from '../store/approval-table.ts';
import type { AdminParts, Resource } from './parts.ts';
import { readFields, readLimit, readWord } from './read-query.ts';

const FIELDS: readonly string[] = ['upstream', 'kind', 'name', 'state', 'limit', 'after'];
/** Who decides here, for those who read it later: there is one key. */
const BY = 'api:administrator';

/** GET /admin/api/approvals: what waits or was decided, the oldest first, page by page. */
export const approvalsResource: Resource = {
  method: 'GET',
  path: /^approvals$/,
  answer: ({ approvals }, _name, query) => {
    const given = readFields(query, FIELDS);
    const after = readCursor(given.get('after'));
    return approvals.list(readFilter(given), { limit: readLimit(given.get('limit')), after });
  },
};

/** GET /admin/api/approvals/ID: one thing whole, with its differences to what was approved last. */
export const approvalResource: Resource = {
  method: 'GET',
  path: /^approvals\/([^/]+)$/,
  answer: async ({ approvals }, id) => ({ approval: await approvals.show(id) }),
};

/** POST /admin/api/approvals/ID/approve: for what is dangerous with `?dangerous=yes`. */
export const approveResource: Resource = {
  method: 'POST',
  path: /^approvals\/([^/]+)\/approve$/,
  answer: (parts, id, query) => {
    const given = readFields(query, ['dangerous']).get('dangerous');
    const isDangerAgreed = readWord(given, { what: 'answer', words: ['yes'] }) === 'yes';
    return decide(parts, id, { state: 'approved', isDangerAgreed });
  },
};

/** POST /admin/api/approvals/ID/reject: also what was approved before. */
export const rejectResource: Resource = {
  method: 'POST',
  path: /^approvals\/([^/]+)\/reject$/,
  answer: (parts, id, query) => {
    readFields(query, []);
    return decide(parts, id, { state: 'rejected', isDangerAgreed: false });
  },
};

async function decide(
  { approvals }: AdminParts,
  id: string,
  decision: { readonly state: 'approved' | 'rejected'; readonly isDangerAgreed: boolean },
): Promise<unknown> {
  const [approval] = await approvals.decide([id], { ...decision, by: BY });
  return { approval };
}

function readFilter(given: ReadonlyMap<string, string>): ApprovalFilter {
  const upstream = given.get('upstream');
  const name = given.get('name');
  const kind = readWord(given.get('kind'), { what: 'kind', words: APPROVAL_KINDS });
  const state = readWord(given.get('state'), { what: 'state', words: APPROVAL_STATES });
  return {
    ...(upstream !== undefined && { upstream }),
    ...(kind !== undefined && { kind }),
    ...(name !== undefined && { name }),
    ...(state !== undefined && { state }),
  };
}

function readCursor(text: string | undefined): string | undefined {
  if (text === undefined || isApprovalId(text)) return text;
  throw new GatewardError('CURSOR_INVALID');
}
