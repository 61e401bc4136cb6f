/**
 * Tells of upstreams of which something was decided. A time that was told is never used again, so that two
 * changes of one millisecond are two.
 */
export const tellOf = (rows: string): string =>
  `INSERT INTO gateward_approval_changes AS first (upstream, changed_at) ${rows}
     ON CONFLICT (upstream) DO UPDATE SET changed_at = greatest(first.changed_at + 1, excluded.changed_at)`;
