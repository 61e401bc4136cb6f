import type { Log } from '../../lib/log.ts';
import type { Store } from '../store.ts';
import { createApprovalTable } from './approvals.ts';
import { createChangeFeed } from './changes.ts';
import { Database } from './database.ts';
import { createKeyTable } from './keys.ts';
import { createMailTable } from './mail.ts';
import { migrate } from './migrate.ts';
import { createOwnerTable } from './owners.ts';
import { createParkedTable } from './parked.ts';
import { createReplicaTable } from './replicas.ts';
import { createSessionTable } from './sessions.ts';
import { createStreamTable } from './streams.ts';
import { sweep } from './sweep.ts';
import { createTaskTable } from './tasks.ts';

/**
 * A store in a PostgreSQL database, for any number of replicas. What fails with a connection is tried again for three
 * seconds before STORE_UNAVAILABLE is thrown.
 *
 * @throws GatewardError CONFIG_INVALID, STORE_UNAVAILABLE, STORE_TOO_NEW
 */
export async function createPostgresStore(options: {
  /** `postgres://user:password@host:port/database`, and what `pg` knows as parameters, such as `sslmode`. */
  readonly url: string;
  readonly log: Log;
  /** Milliseconds since 1970; for tests, instead of the database's clock. */
  readonly now?: () => number;
  /** Connections at a time; 10 unless given. */
  readonly maxConnections?: number;
}): Promise<Store> {
  const db = new Database(options);
  try {
    await migrate(db);
  } catch (error) {
    await db.close();
    throw error;
  }
  return {
    replicas: createReplicaTable(db),
    mail: createMailTable(db),
    sessions: createSessionTable(db),
    streams: createStreamTable(db),
    parked: createParkedTable(db),
    tasks: createTaskTable(db),
    owners: createOwnerTable(db),
    keys: createKeyTable(db),
    approvals: createApprovalTable(db),
    changes: createChangeFeed(db),
    sweep: (bounds) => sweep(db, bounds),
    close: () => db.close(),
  };
}
