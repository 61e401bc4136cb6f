import { chmodSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { makeDataFolder } from '../key-files.ts';
import type { Store } from '../store.ts';
import { createApprovalTable } from './approvals.ts';
import { createChangeFeed } from './changes.ts';
import { Checkpointer } from './checkpointer.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { unavailable } from './faults.ts';
import { createKeyTable } from './keys.ts';
import { loadSqlite } from './load-sqlite.ts';
import { createMailTable } from './mail.ts';
import { migrate } from './migrate.ts';
import { createOwnerTable } from './owners.ts';
import { createParkedTable } from './parked.ts';
import { createReplicaTable } from './replicas.ts';
import { createSessionTable } from './sessions.ts';
import { createStreamTable } from './streams.ts';
import { sweep } from './sweep.ts';
import { createTaskTable } from './tasks.ts';

const IN_MEMORY = ':memory:';
const OTHERS = 0o077;

/**
 * A store in one SQLite file, for all processes of a machine. The file and its folder are made where they are not
 * there, for the owner alone. `:memory:` is a store of its own that ends with the process.
 *
 * @throws GatewardError STORE_UNAVAILABLE, STORE_TOO_NEW, DATA_FOLDER_UNUSABLE
 */
export async function createSqliteStore({
  file,
  now = Date.now,
}: {
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}): Promise<Store> {
  if (file !== IN_MEMORY) await makeDataFolder(dirname(file));
  const checkpointer = new Checkpointer(file);
  const onWrite = file === IN_MEMORY ? undefined : () => checkpointer.countWrite();
  const db = await openDatabase(file, { now, ...(onWrite && { onWrite }) });
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
    close: async () => {
      await checkpointer.close();
      db.close();
    },
  };
}

async function openDatabase(file: string, options: DatabaseOptions): Promise<Database> {
  let db: Database | undefined;
  try {
    if (file !== IN_MEMORY) makeFile(file);
    db = new Database(new (loadSqlite().DatabaseSync)(file), options);
    await configure(db);
    await migrate(db);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof GatewardError && error.code !== 'STORE_UNAVAILABLE') throw error;
    const cause = error instanceof GatewardError ? error.cause : error;
    throw unavailable(cause, `${file} cannot be used: ${cause instanceof Error ? cause.message : cause}.`);
  }
}

/**
 * Makes an empty file for the owner alone; SQLite makes its other files with the mode of this one. A file that is
 * there is not opened: closing it again would drop the locks of this process (https://sqlite.org/howtocorrupt.html
 * §2.2).
 */
function makeFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) closeSync(openSync(file, constants.O_CREAT | constants.O_RDWR, 0o600));
  else if ((found.mode & OTHERS) !== 0) chmodSync(file, 0o600);
}

/**
 * With WAL, readers and the writer do not wait for each other, and `synchronous = NORMAL` survives the end of a
 * process without waiting for the disk (https://sqlite.org/wal.html §Performance Considerations).
 */
async function configure(db: Database): Promise<void> {
  await db.attempt(() => {
    const mode = db.get('PRAGMA journal_mode = WAL')?.['journal_mode'];
    if (mode !== 'wal' && mode !== 'memory') {
      throw new GatewardError('STORE_UNAVAILABLE', { cause: `the journal mode is ${String(mode)}` });
    }
    db.exec(
      'PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 8192',
    );
  });
}
