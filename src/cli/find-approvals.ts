import type { Config } from '../config/types.ts';
import { GatewardError } from '../errors.ts';
import type { ApprovalDetails, ApprovalOperations } from '../guard/approvals/operations.ts';
import {
  type ApprovalFilter,
  type ApprovalKind,
  type ApprovalState,
  isApprovalId,
} from '../store/approval-table.ts';

/** Which things a command is about. */
export interface ApprovalSelection {
  /** Names of upstreams, or ids; none for all upstreams. */
  readonly names: readonly string[];
  readonly kind: ApprovalKind | undefined;
  /** Name of a tool or prompt, URI of a resource. */
  readonly name: string | undefined;
  /** Of what is not named by its id. */
  readonly state: ApprovalState;
}

/** What approvals are found in. */
export interface ApprovalPlaces {
  readonly operations: Pick<ApprovalOperations, 'compare' | 'show'>;
  readonly config: Pick<Config, 'upstreams'>;
}

/** Read at a time: each may be large. */
const PAGE = 50;

/**
 * Everything that a selection names, each once, the oldest first. Throws APPROVAL_NOT_FOUND for a name that is neither an
 * id nor an upstream that is configured or ever was.
 */
export async function findApprovals(
  { names, kind, name, state }: ApprovalSelection,
  places: ApprovalPlaces,
): Promise<readonly ApprovalDetails[]> {
  const filter = { state, ...(kind !== undefined && { kind }), ...(name !== undefined && { name }) };
  const found = new Map<string, ApprovalDetails>();
  const keep = (all: readonly ApprovalDetails[]): void => {
    for (const one of all) found.set(one.id, one);
  };
  if (names.length === 0) keep(await readAll(filter, places));
  for (const wanted of names) keep(await findNamed(wanted, filter, places));
  return [...found.values()];
}

async function findNamed(
  wanted: string,
  filter: ApprovalFilter,
  places: ApprovalPlaces,
): Promise<readonly ApprovalDetails[]> {
  const { operations, config } = places;
  const byId = isApprovalId(wanted) ? await showIfThere(wanted, places) : undefined;
  if (byId !== undefined) return [byId];
  const found = await readAll({ ...filter, upstream: wanted }, places);
  if (found.length > 0 || config.upstreams.some((upstream) => upstream.name === wanted)) return found;
  const { approvals } = await operations.compare({ upstream: wanted }, { limit: 1 });
  if (approvals.length > 0) return [];
  const detail = `There is neither an upstream nor an id ${JSON.stringify(wanted)}.`;
  throw new GatewardError('APPROVAL_NOT_FOUND', { detail });
}

async function showIfThere(id: string, { operations }: ApprovalPlaces): Promise<ApprovalDetails | undefined> {
  try {
    return await operations.show(id);
  } catch (error) {
    if (error instanceof GatewardError && error.code === 'APPROVAL_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readAll(
  filter: ApprovalFilter,
  { operations }: ApprovalPlaces,
): Promise<readonly ApprovalDetails[]> {
  const all: ApprovalDetails[] = [];
  let after: string | undefined;
  do {
    const page = await operations.compare(filter, { limit: PAGE, after });
    all.push(...page.approvals);
    after = page.next;
  } while (after !== undefined);
  return all;
}
