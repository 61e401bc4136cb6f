import { optionalNumberIn, textIn } from '../row.ts';
import type { ReplicaTable } from '../store.ts';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';

/**
 * Counts how often a replica was found dead, because an answer that says so may be lost on the way. The others are
 * those of the moment before.
 */
const RENEW = statement(
  'renew_replica',
  `WITH renewed AS (
     INSERT INTO gateward_replicas (id, lease_ends_at, deaths) VALUES ($1, ${NOW} + $2::bigint, 0)
     ON CONFLICT (id) DO UPDATE SET
       lease_ends_at = excluded.lease_ends_at,
       deaths = gateward_replicas.deaths + CASE WHEN gateward_replicas.lease_ends_at <= ${NOW} THEN 1 ELSE 0 END
     RETURNING deaths
   )
   SELECT $1 AS id, deaths FROM renewed
   UNION ALL SELECT id, NULL FROM gateward_replicas WHERE lease_ends_at > ${NOW} AND id <> $1`,
  { isUrgent: true },
);
const LEAVE = statement(
  'leave_replica',
  `WITH mail AS (DELETE FROM gateward_letters WHERE recipient = $1)
   UPDATE gateward_replicas SET lease_ends_at = least(lease_ends_at, ${NOW}) WHERE id = $1`,
);

/** Who is alive: whose lease ends later than now. */
export function createReplicaTable(db: Database): ReplicaTable {
  /** Deaths that each replica of this process was told of. */
  const told = new Map<string, number>();
  return {
    async renew(id, leaseMs) {
      const rows = await db.rows(RENEW, [id, leaseMs]);
      const own = rows.find((row) => row['deaths'] !== null);
      const deaths = (own && optionalNumberIn(own, 'deaths')) ?? 0;
      const wasDead = deaths > (told.get(id) ?? 0);
      told.set(id, deaths);
      return { live: rows.map((row) => textIn(row, 'id')).toSorted(), wasDead };
    },
    async leave(id) {
      await db.rows(LEAVE, [id]);
      told.delete(id);
    },
  };
}
