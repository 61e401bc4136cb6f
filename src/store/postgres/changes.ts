import { numberIn, type Row, textIn } from '../row.ts';
import type { ChangeFeed } from '../store.ts';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';

/** Changes told at a time. */
const MAX_CHANGES = 1000;
/** Changes looked at for that, those told before included. */
const MAX_ROWS = 10_000;
/**
 * Milliseconds to go back. A change bears the time at which its statement began; statements may take a second and a
 * half, clocks of the machines of one database differ, and a disk may be slow.
 */
const OVERLAP_MS = 8_000;

const SINCE = statement(
  'read_changes',
  `SELECT 'clock' AS kind, '' AS name, ${NOW} AS at
   UNION ALL (
     SELECT 'session', key, changed_at FROM gateward_sessions
     WHERE changed_at > coalesce($1::bigint, ${NOW}) - ${OVERLAP_MS} LIMIT ${MAX_ROWS})
   UNION ALL (
     SELECT 'key', id, revoked_at FROM gateward_keys
     WHERE revoked_at > coalesce($1::bigint, ${NOW}) - ${OVERLAP_MS} LIMIT ${MAX_ROWS})
   UNION ALL (
     SELECT 'approval', upstream, changed_at FROM gateward_approval_changes
     WHERE changed_at > coalesce($1::bigint, ${NOW}) - ${OVERLAP_MS} LIMIT ${MAX_ROWS})`,
  { isUrgent: true },
);

/** What the last look found, so that it is not told again to whoever goes on from there. */
interface Told {
  readonly cursor: string;
  readonly times: ReadonlyMap<string, number>;
}

/** What changed, by the database's clock. */
export function createChangeFeed(db: Database): ChangeFeed {
  let told: Told = { cursor: '', times: new Map() };
  return {
    async since(cursor) {
      const from = cursor === undefined ? undefined : Number(cursor);
      if (from !== undefined && !Number.isSafeInteger(from)) return undefined;
      const rows = await db.rows(SINCE, [from ?? null]);
      const now = numberIn(rows.find((row) => row['kind'] === 'clock') ?? {}, 'at');
      const changes = rows.filter((row) => row['kind'] !== 'clock');
      const fresh = changes.filter(
        (row) => told.cursor !== cursor || told.times.get(nameIn(row)) !== numberIn(row, 'at'),
      );
      if (from !== undefined) {
        // A clock that went back is that of a machine that took over: what it dates is below what was told already.
        if (now < from || changes.length >= MAX_ROWS || fresh.length > MAX_CHANGES) return undefined;
      }
      const times = new Map(changes.map((row) => [nameIn(row), numberIn(row, 'at')]));
      told = { cursor: String(now), times };
      const found = from === undefined ? [] : fresh;
      return {
        sessions: namesOf('session', found),
        keys: namesOf('key', found),
        approvals: namesOf('approval', found),
        cursor: told.cursor,
      };
    },
  };
}

function nameIn(row: Row): string {
  return `${textIn(row, 'kind')} ${textIn(row, 'name')}`;
}

function namesOf(kind: string, rows: readonly Row[]): string[] {
  return rows.filter((row) => row['kind'] === kind).map((row) => textIn(row, 'name'));
}
