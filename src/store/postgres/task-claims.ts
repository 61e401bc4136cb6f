import { randomUUID } from 'node:crypto';
import { GatewardError } from '../../errors.ts';
import { numberIn, textIn } from '../row.ts';
import { taskIn } from '../task-row.ts';
import type { TaskRow, TaskTable } from '../task-table.ts';
import type { Database, Values } from './database.ts';
import { NOW, type Statement, statement } from './statement.ts';
import { COLUMNS, UNENDED } from './task-rules.ts';

const MAX_STOPS = 500;
/** Milliseconds after which nothing comes any more of a statement whose answer was lost. */
const LOST_MS = 30_000;
/** Statements whose answers were lost that are remembered. */
const MAX_LOST = 200;

const TAKE = statement(
  'take_task',
  `UPDATE gateward_tasks SET
     holder = $2, claimed = $3, wake_at = deadline_at,
     epoch = epoch + CASE WHEN holder IS NULL THEN 1 ELSE 0 END
   WHERE id = $1 AND ${UNENDED} AND expires_at > ${NOW}
     AND (holder IS NULL OR ($4 AND holder = $2 AND claimed = $3))
   RETURNING ${COLUMNS}`,
);
/** Rows that others lock are left to them. */
const UP_TO = 'LIMIT $2 FOR UPDATE SKIP LOCKED';
/** $4 names claims of the same holder whose answers were lost: it does not know what it holds by them. */
const CLAIM = statement(
  'claim_tasks',
  `WITH due AS (
     SELECT id, wake_at AS since FROM gateward_tasks
     WHERE holder IS NULL AND wake_at <= ${NOW} AND expires_at > ${NOW}
     ORDER BY wake_at ${UP_TO}
   ), orphans AS (
     SELECT id, updated_at AS since FROM gateward_tasks
     WHERE holder IS NOT NULL AND holder <> $1 AND expires_at > ${NOW}
       AND NOT EXISTS (SELECT 1 FROM gateward_replicas WHERE gateward_replicas.id = holder AND lease_ends_at > ${NOW})
     ${UP_TO}
   ), lost AS (
     SELECT id, updated_at AS since FROM gateward_tasks
     WHERE holder = $1 AND claimed = ANY($4::text[]) AND expires_at > ${NOW} ${UP_TO}
   ), picked AS (
     SELECT id, since FROM (
       SELECT id, since FROM due UNION ALL SELECT id, since FROM orphans UNION ALL SELECT id, since FROM lost
     ) AS found ORDER BY since LIMIT $2
   )
   UPDATE gateward_tasks AS task SET
     holder = $1, claimed = $3, epoch = epoch + 1,
     wake_at = CASE WHEN state = 'cancelled' THEN wake_at ELSE deadline_at END
   WHERE id = ANY(ARRAY(SELECT id FROM picked))
   RETURNING ${COLUMNS}, (SELECT since FROM picked WHERE picked.id = task.id) AS since`,
);
const STOPS_OF = statement(
  'stopped_tasks',
  `SELECT id FROM gateward_tasks
   WHERE holder = $1 AND wake_at <= ${NOW} AND expires_at > ${NOW} ORDER BY wake_at LIMIT ${MAX_STOPS}`,
);

/**
 * Who works on what. A claim whose answer was lost may have been done all the same, and then nobody would know what it
 * took, so each has a name, and the next claim takes that too.
 */
export class TaskClaims implements Pick<TaskTable, 'take' | 'claim' | 'stopsOf'> {
  readonly #db: Database;
  /** Names of claims whose answers were lost, and until when they may still be done. */
  readonly #lost = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  async take(id: string, holder: string): Promise<TaskRow | undefined> {
    const name = randomUUID();
    const [row] = await this.#named(name, TAKE, (again) => [id, holder, name, again]);
    return row && taskIn(row);
  }

  async claim(holder: string, max: number): Promise<readonly TaskRow[]> {
    const name = randomUUID();
    const lost = this.#lostNow();
    const rows = await this.#named(name, CLAIM, (again) => [
      holder,
      max,
      name,
      again ? [...lost, name] : lost,
    ]);
    return rows.toSorted((a, b) => numberIn(a, 'since') - numberIn(b, 'since')).map(taskIn);
  }

  async stopsOf(holder: string): Promise<readonly string[]> {
    return (await this.#db.rows(STOPS_OF, [holder])).map((row) => textIn(row, 'id'));
  }

  async #named(name: string, claim: Statement, values: Extract<Values, (again: boolean) => unknown>) {
    let tries = 0;
    const counted = (again: boolean) => {
      tries += 1;
      return values(again);
    };
    try {
      return await this.#db.rows(claim, counted);
    } catch (error) {
      if (tries > 0 && error instanceof GatewardError) this.#remember(name);
      throw error;
    }
  }

  #remember(name: string): void {
    this.#lost.set(name, performance.now() + LOST_MS);
    for (const oldest of this.#lost.keys()) {
      if (this.#lost.size <= MAX_LOST) return;
      this.#lost.delete(oldest);
    }
  }

  #lostNow(): readonly string[] {
    const now = performance.now();
    for (const [name, until] of this.#lost) if (until < now) this.#lost.delete(name);
    return [...this.#lost.keys()];
  }
}
