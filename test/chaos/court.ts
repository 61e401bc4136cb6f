import type { CountedChecks } from '../support/count-checks.ts';
import type { Disturber } from './disturber.ts';
import type { Ledger } from './ledger.ts';

/** What a part of the suite is to do, and whom it tells. */
export interface PartOptions {
  /** Calls or tasks without disturbance. */
  readonly calm: number;
  /** Calls or tasks in the chaos. */
  readonly chaos: number;
  readonly isVerbose: boolean;
  readonly check: CountedChecks['check'];
}

/** What is judged by, and whom it is told. */
export interface Court extends Pick<PartOptions, 'check' | 'isVerbose'> {
  readonly ledger: Ledger;
  readonly disturber: Disturber;
}

/** Faults that are told of each check, unless all are wanted. */
const TOLD = 10;

/** Shows how often each verdict was given, row by row. */
export function showVerdicts<R>(
  title: string,
  verdicts: ReadonlyMap<R, string>,
  rowOf: (record: R) => string,
): void {
  const table: Record<string, Record<string, number>> = {};
  for (const [record, verdict] of verdicts) {
    const row = rowOf(record);
    table[row] ??= {};
    table[row][verdict] = (table[row][verdict] ?? 0) + 1;
  }
  console.log(`\n${title}`);
  console.table(table);
}

/** Shows the first faults, and sums them up; undefined for none. */
export function listFaults(
  faults: readonly string[],
  { isVerbose }: Pick<Court, 'isVerbose'>,
): string | undefined {
  for (const fault of faults.slice(0, isVerbose ? 1000 : TOLD)) console.log(`  ${fault}`);
  return faults.length > 0 ? `${faults.length} faults` : undefined;
}
