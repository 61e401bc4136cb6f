import { numberIn, textIn } from '../row.ts';
import type { ReplicaTable } from '../store.ts';
import type { Database } from './database.ts';

/** Who is alive: whose lease ends later than now. */
export function createReplicaTable(db: Database): ReplicaTable {
  return {
    renew: (id, leaseMs) =>
      db.write(() => {
        const now = db.now();
        const before = db.get('SELECT lease_ends_at FROM replicas WHERE id = ?', [id]);
        db.run(
          `INSERT INTO replicas VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET lease_ends_at = excluded.lease_ends_at`,
          [id, now + leaseMs],
        );
        const live = db.all('SELECT id FROM replicas WHERE lease_ends_at > ? ORDER BY id', [now]);
        return {
          live: live.map((row) => textIn(row, 'id')),
          wasDead: before !== undefined && numberIn(before, 'lease_ends_at') <= now,
        };
      }),
    leave: (id) =>
      db.write(() => {
        db.run('UPDATE replicas SET lease_ends_at = min(lease_ends_at, ?) WHERE id = ?', [db.now(), id]);
        db.run('DELETE FROM letters WHERE recipient = ?', [id]);
      }),
  };
}
