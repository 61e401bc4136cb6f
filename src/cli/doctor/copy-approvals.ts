import { existsSync } from 'node:fs';
import type { StoreConfig } from '../../config/types.ts';
import type { ApprovalRow, ApprovalTable } from '../../store/approval-table.ts';
import { openStoreOf } from '../open-store-of.ts';

/** Rows that are read at a time: each may be large. */
const PAGE = 100;

/**
 * Copies what was decided from one store to another, which is made: so that what the doctor starts is what the gateway
 * would start. A store that cannot be opened holds nothing here; another check tells of it.
 */
export async function copyApprovals(from: StoreConfig, to: StoreConfig): Promise<void> {
  if (from.kind === 'sqlite' && !existsSync(from.file)) return;
  const source = await openStoreOf(from).catch(() => undefined);
  if (source === undefined) return;
  try {
    const target = await openStoreOf(to);
    try {
      for (const state of ['approved', 'rejected'] as const) {
        for await (const rows of pagesOf(source.approvals, state)) await put(target.approvals, rows, state);
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function* pagesOf(
  table: ApprovalTable,
  state: 'approved' | 'rejected',
): AsyncGenerator<readonly ApprovalRow[]> {
  for (let after: string | undefined; ; ) {
    const rows = await table.list({ state }, { max: PAGE, ...(after !== undefined && { after }) });
    if (rows.length > 0) yield rows;
    after = rows.at(-1)?.id;
    if (rows.length < PAGE) return;
  }
}

async function put(
  table: ApprovalTable,
  rows: readonly ApprovalRow[],
  state: 'approved' | 'rejected',
): Promise<void> {
  const seen = rows.map(({ upstream, kind, name, digest, body, findings }) => {
    return { upstream, kind, name, digest, body, findings, state: 'pending', decidedBy: undefined } as const;
  });
  await table.see(seen, PAGE);
  await table.decide(
    rows.map(({ id }) => id),
    state,
    'doctor',
  );
}
