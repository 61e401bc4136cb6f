import { randomUUID } from 'node:crypto';
import { numberIn, textIn } from '../row.ts';
import { taskIn } from '../task-row.ts';
import { UNENDED } from '../task-sql.ts';
import type { TaskRow, TaskTable } from '../task-table.ts';
import type { Database, Values } from './database.ts';
import { RecentNames } from './recent-names.ts';
import { NOW, type Statement, statement } from './statement.ts';
import { COLUMNS } from './task-rules.ts';

const MAX_STOPS = 500;
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
const SOME = `AND expires_at > ${NOW} ORDER BY wake_at LIMIT $2 FOR UPDATE SKIP LOCKED`;
/**
 * Goes from holder to holder by their index, as there are few, and looks only at the tasks of dead ones. $4 names
 * claims of the same holder whose answers were lost: it does not know what it holds by them.
 */
const CLAIM = statement(
  'claim_tasks',
  `WITH RECURSIVE holders AS (
     (SELECT holder FROM gateward_tasks WHERE holder IS NOT NULL ORDER BY holder LIMIT 1)
     UNION ALL
     SELECT (SELECT task.holder FROM gateward_tasks AS task WHERE task.holder > holders.holder
       ORDER BY task.holder LIMIT 1)
     FROM holders WHERE holders.holder IS NOT NULL
   ), dead AS (
     SELECT holder FROM holders WHERE holder <> $1 AND NOT EXISTS (
       SELECT 1 FROM gateward_replicas WHERE gateward_replicas.id = holder AND lease_ends_at > ${NOW}
     )
   ), orphans AS (
     SELECT task.id, task.updated_at AS since FROM dead CROSS JOIN LATERAL (
       SELECT id, updated_at FROM gateward_tasks WHERE holder = dead.holder ${SOME}
     ) AS task
   ), due AS (
     SELECT id, wake_at AS since FROM gateward_tasks WHERE holder IS NULL AND wake_at <= ${NOW} ${SOME}
   ), lost AS (
     SELECT id, updated_at AS since FROM gateward_tasks
     WHERE cardinality($4::text[]) > 0 AND holder = $1 AND claimed = ANY($4::text[]) ${SOME}
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
  /** Names of claims whose answers were lost. */
  readonly #lost = new RecentNames();

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
    const lost = this.#lost.list();
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
    let tried = false;
    const noting = (again: boolean) => {
      tried = true;
      return values(again);
    };
    try {
      return await this.#db.rows(claim, noting);
    } catch (error) {
      if (tried) this.#lost.add(name);
      throw error;
    }
  }
}
