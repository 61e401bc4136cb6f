import { GatewardError } from '../../errors.ts';
import { bytesIn, numberIn, optionalNumberIn, type Row, textIn } from '../row.ts';
import type { KeyRow, KeyTable } from '../store.ts';
import { nextChange } from './changes.ts';
import type { Database } from './database.ts';
import { isConflict } from './faults.ts';
import { textsIn } from './row.ts';

/** Keys. Names of keys that are not revoked are unique by an index. */
export function createKeyTable(db: Database): KeyTable {
  const find = (id: string) => {
    const row = db.get('SELECT * FROM keys WHERE id = ?', [id]);
    return row && keyIn(row);
  };
  return {
    async create({ id, name, hash, servers, ttlMs }) {
      const createdAt = db.now();
      const expiresAt = ttlMs === undefined ? undefined : createdAt + ttlMs;
      try {
        await db.writeDurably(() =>
          db.run(
            'INSERT INTO keys (id, name, hash, servers, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
            [id, name, hash, servers ? JSON.stringify(servers) : null, createdAt, expiresAt ?? null],
          ),
        );
      } catch (error) {
        throw isConflict(error) ? new GatewardError('KEY_EXISTS', { cause: error }) : error;
      }
      return { id, name, hash, servers, createdAt, expiresAt, revokedAt: undefined };
    },
    read: (id) => db.attempt(() => find(id)),
    list: () => db.attempt(() => db.all('SELECT * FROM keys ORDER BY created_at, rowid').map(keyIn)),
    revoke: (idOrName) =>
      db.writeDurably(() => {
        // An id goes before a name that happens to be the same.
        const row = db.get(
          `UPDATE keys SET revoked_at = ?, changed = ? WHERE id = (
             SELECT id FROM keys WHERE (id = ? OR name = ?) AND revoked_at IS NULL ORDER BY id = ? DESC LIMIT 1
           ) RETURNING *`,
          [db.now(), nextChange(db), idOrName, idOrName, idOrName],
        );
        return row && keyIn(row);
      }),
  };
}

function keyIn(row: Row): KeyRow {
  return {
    id: textIn(row, 'id'),
    name: textIn(row, 'name'),
    hash: bytesIn(row, 'hash'),
    servers: row['servers'] === null ? undefined : textsIn(row, 'servers'),
    createdAt: numberIn(row, 'created_at'),
    expiresAt: optionalNumberIn(row, 'expires_at'),
    revokedAt: optionalNumberIn(row, 'revoked_at'),
  };
}
