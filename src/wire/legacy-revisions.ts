import { REV_2024_11_05 } from './rev2024-11-05/revision.ts';
import { REV_2025_03_26 } from './rev2025-03-26/revision.ts';
import { REV_2025_06_18 } from './rev2025-06-18/revision.ts';
import { REV_2025_11_25, type Revision } from './rev2025-11-25/revision.ts';

const REVISIONS: readonly Revision[] = [REV_2025_11_25, REV_2025_06_18, REV_2025_03_26, REV_2024_11_05];

/** The legacy revisions that doors speak, newest first. */
export const LEGACY_VERSIONS: readonly string[] = REVISIONS.map(({ version }) => version);

/** The revision of this name; undefined for one that no legacy door speaks. */
export function findRevision(version: string): Revision | undefined {
  return REVISIONS.find((revision) => revision.version === version);
}

/**
 * The revision to answer `initialize` with: the one that the client asked for where we speak it, otherwise the latest
 * (2025-11-25 basic/lifecycle §Version Negotiation).
 */
export function negotiateRevision(asked: string): Revision {
  return findRevision(asked) ?? REV_2025_11_25;
}
