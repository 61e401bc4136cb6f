import { GatewardError } from '../errors.ts';

/**
 * One step of a store's schema. Steps only add, since replicas of two neighbouring versions work on one store side by
 * side while they are replaced one by one.
 */
export interface Migration {
  /** Counts from 1. */
  readonly version: number;
  /** The oldest version of the schema whose code still works after this step. */
  readonly minReader: number;
  readonly sql: string;
}

/** What a store says of itself. */
export interface SchemaState {
  readonly version: number;
  readonly minReader: number;
}

/**
 * The steps that a store still needs, oldest first; none for a store that is newer but can still be used.
 *
 * @throws GatewardError STORE_TOO_NEW
 */
export function planMigrations(
  known: readonly Migration[],
  found: SchemaState | undefined,
): readonly Migration[] {
  const newest = known.at(-1)?.version ?? 0;
  if (found !== undefined && found.minReader > newest) {
    const detail = `Its schema is version ${found.version}, and this program knows ${newest}.`;
    throw new GatewardError('STORE_TOO_NEW', { detail });
  }
  return known.filter(({ version }) => version > (found?.version ?? 0));
}
