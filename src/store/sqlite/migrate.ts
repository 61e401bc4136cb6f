import { type Migration, planMigrations, type SchemaState } from '../migrations.ts';
import { numberIn } from '../row.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

/**
 * Brings the file to the schema of this program. Processes that start at once wait for each other.
 *
 * @throws GatewardError STORE_TOO_NEW, STORE_UNAVAILABLE
 */
export async function migrate(db: Database, known: readonly Migration[] = MIGRATIONS): Promise<void> {
  // The usual start needs no lock.
  const found = await db.read(() => readState(db));
  if (found !== undefined && planMigrations(known, found).length === 0) return;
  await db.write(() => {
    const state = readState(db);
    for (const migration of planMigrations(known, state)) step(db, migration);
  });
}

function readState(db: Database): SchemaState | undefined {
  const table = db.get(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_state'`);
  const row = table && db.get('SELECT version, min_reader FROM schema_state');
  return row && { version: numberIn(row, 'version'), minReader: numberIn(row, 'min_reader') };
}

function step(db: Database, { version, minReader, sql }: Migration): void {
  db.exec(sql);
  db.exec(`DELETE FROM schema_state; INSERT INTO schema_state VALUES (1, ${version}, ${minReader})`);
}
