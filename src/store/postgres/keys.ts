import { GatewardError } from '../../errors.ts';
import { bytesIn, numberIn, optionalNumberIn, type Row, textIn } from '../row.ts';
import type { KeyRow, KeyTable } from '../store.ts';
import type { Database } from './database.ts';
import { isConflict } from './faults.ts';
import { optionalTextsIn } from './row.ts';
import { NOW, ORDER, statement } from './statement.ts';

/** Milliseconds after which a revocation is not the one whose answer was lost. */
const LOST_MS = 10_000;
const COLUMNS = 'id, name, hash, servers, created_at, expires_at, revoked_at';

const CREATE = statement(
  'create_key',
  `INSERT INTO gateward_keys AS first (id, name, hash, servers, came, created_at, expires_at)
   VALUES ($1, $2, $3, $4, ${ORDER}, ${NOW}, ${NOW} + $5::bigint)
   ON CONFLICT (id) DO UPDATE SET hash = excluded.hash WHERE $6 AND first.hash = excluded.hash
   RETURNING ${COLUMNS}`,
);
const READ = statement('read_key', `SELECT ${COLUMNS} FROM gateward_keys WHERE id = $1`);
const LIST = statement('list_keys', `SELECT ${COLUMNS} FROM gateward_keys ORDER BY came, id`);
/** An id goes before a name that happens to be the same. */
const REVOKE = statement(
  'revoke_key',
  `UPDATE gateward_keys SET revoked_at = coalesce(revoked_at, ${NOW}) WHERE id = (
     SELECT id FROM gateward_keys
     WHERE (id = $1 OR name = $1) AND (revoked_at IS NULL OR ($2 AND revoked_at > ${NOW} - ${LOST_MS}))
     ORDER BY revoked_at IS NULL DESC, id = $1 DESC LIMIT 1
   ) RETURNING ${COLUMNS}`,
);

/** Keys. Names of keys that are not revoked are unique by an index. */
export function createKeyTable(db: Database): KeyTable {
  return {
    async create({ id, name, hash, servers, ttlMs }) {
      const row = await makeRow(db, (again) => [id, name, hash, servers ?? null, ttlMs ?? null, again]);
      if (row === undefined) throw new GatewardError('KEY_EXISTS');
      return keyIn(row);
    },
    async read(id) {
      const row = await db.row(READ, [id]);
      return row && keyIn(row);
    },
    list: async () => (await db.rows(LIST)).map(keyIn),
    async revoke(idOrName) {
      const row = await db.row(REVOKE, (again) => [idOrName, again]);
      return row && keyIn(row);
    },
  };
}

async function makeRow(
  db: Database,
  values: (again: boolean) => readonly unknown[],
): Promise<Row | undefined> {
  try {
    return await db.row(CREATE, values);
  } catch (error) {
    throw isConflict(error) ? new GatewardError('KEY_EXISTS', { cause: error }) : error;
  }
}

function keyIn(row: Row): KeyRow {
  return {
    id: textIn(row, 'id'),
    name: textIn(row, 'name'),
    hash: bytesIn(row, 'hash'),
    servers: optionalTextsIn(row, 'servers'),
    createdAt: numberIn(row, 'created_at'),
    expiresAt: optionalNumberIn(row, 'expires_at'),
    revokedAt: optionalNumberIn(row, 'revoked_at'),
  };
}
