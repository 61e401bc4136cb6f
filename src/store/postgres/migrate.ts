import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Migration, planMigrations, type SchemaState } from '../migrations.ts';
import { numberIn, type Row } from '../row.ts';
import type { Database } from './database.ts';
import { isMadeAlready, unavailable } from './faults.ts';
import { MIGRATIONS } from './migrations.ts';
import { statement } from './statement.ts';

/** Milliseconds for which one replica may change the schema, counted anew with each step. */
const TURN_MS = 30_000;
/** Milliseconds to wait for the turns of others. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 200;

/**
 * One row says how far the schema is and whose turn it is to change it. A row with an end, because not every
 * distributed database has advisory locks, or keeps the lock of a row while tables are made.
 */
const STATE_TABLE = `CREATE TABLE IF NOT EXISTS gateward_schema (
  id text PRIMARY KEY,
  version bigint NOT NULL,
  min_reader bigint NOT NULL,
  turn text NOT NULL,
  turn_ends_at bigint NOT NULL
)`;

const CLOCK = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

const FIND_TABLE = statement('find_schema', `SELECT to_regclass('gateward_schema') IS NOT NULL AS found`);
const READ = statement('read_schema', `SELECT version, min_reader FROM gateward_schema WHERE id = 'schema'`);
const MAKE_ROW = statement(
  'make_schema_row',
  `INSERT INTO gateward_schema (id, version, min_reader, turn, turn_ends_at) VALUES ('schema', 0, 0, '', 0)
   ON CONFLICT (id) DO NOTHING`,
);
const TAKE_TURN = statement(
  'take_schema_turn',
  `UPDATE gateward_schema SET turn = $1, turn_ends_at = ${CLOCK} + $2::bigint
   WHERE id = 'schema' AND (turn = $1 OR turn_ends_at < ${CLOCK})
   RETURNING version, min_reader`,
);
const STEP = statement(
  'step_schema',
  `UPDATE gateward_schema
   SET version = greatest(version, $2), min_reader = greatest(min_reader, $3), turn_ends_at = ${CLOCK} + $4::bigint
   WHERE id = 'schema' AND turn = $1`,
);
const END_TURN = statement(
  'end_schema_turn',
  `UPDATE gateward_schema SET turn = '', turn_ends_at = 0 WHERE id = 'schema' AND turn = $1`,
);

/**
 * Brings the database to the schema of this program. Replicas that start at once wait for each other.
 *
 * @throws GatewardError STORE_TOO_NEW, STORE_UNAVAILABLE
 */
export async function migrate(db: Database, known: readonly Migration[] = MIGRATIONS): Promise<void> {
  // The usual start changes nothing.
  const found = await readState(db);
  if (found !== undefined && planMigrations(known, found).length === 0) return;
  await makeState(db);
  const me = randomUUID();
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const turn = await db.row(TAKE_TURN, [me, TURN_MS]);
    if (turn !== undefined) {
      try {
        await takeSteps(db, me, planMigrations(known, stateIn(turn)));
      } finally {
        await db.rows(END_TURN, [me]);
      }
      return;
    }
    await sleep(LOOK_EVERY_MS);
    if (planMigrations(known, await readState(db)).length === 0) return;
  }
  throw unavailable('another replica keeps changing the schema');
}

async function takeSteps(db: Database, me: string, steps: readonly Migration[]): Promise<void> {
  for (const { version, minReader, sql } of steps) {
    for (const text of sql.split(/;\s*\n/).filter((part) => part.trim() !== '')) await make(db, text);
    await db.rows(STEP, [me, version, minReader, TURN_MS]);
  }
}

async function makeState(db: Database): Promise<void> {
  await make(db, STATE_TABLE);
  await db.rows(MAKE_ROW);
}

async function make(db: Database, text: string): Promise<void> {
  try {
    await db.runLong([text]);
  } catch (error) {
    if (!isMadeAlready(error)) throw error;
  }
}

async function readState(db: Database): Promise<SchemaState | undefined> {
  const table = await db.row(FIND_TABLE);
  if (table?.['found'] !== true) return undefined;
  const row = await db.row(READ);
  return row && stateIn(row);
}

function stateIn(row: Row): SchemaState {
  return { version: numberIn(row, 'version'), minReader: numberIn(row, 'min_reader') };
}
