import { chmod, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { makeDataFolder } from '../key-files.ts';
import type { Store } from '../store.ts';
import { createChangeFeed } from './changes.ts';
import { Database } from './database.ts';
import { toStoreError, unavailable } from './faults.ts';
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
  if (file !== IN_MEMORY) await makeFile(file);
  const db = new Database(connect(file), now);
  try {
    await configure(db);
    await migrate(db);
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    replicas: createReplicaTable(db),
    mail: createMailTable(db),
    sessions: createSessionTable(db),
    streams: createStreamTable(db),
    parked: createParkedTable(db),
    owners: createOwnerTable(db),
    keys: createKeyTable(db),
    changes: createChangeFeed(db),
    sweep: (bounds) => sweep(db, bounds),
    close: async () => db.close(),
  };
}

/** SQLite makes its other files with the mode of this one. */
async function makeFile(file: string): Promise<void> {
  await makeDataFolder(dirname(file));
  try {
    await (await open(file, 'a', 0o600)).close();
    if (((await stat(file)).mode & OTHERS) !== 0) await chmod(file, 0o600);
  } catch (cause) {
    throw unavailable(cause, `${file} cannot be opened.`);
  }
}

function connect(file: string) {
  try {
    return new (loadSqlite().DatabaseSync)(file);
  } catch (error) {
    throw toStoreError(error);
  }
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
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216');
  });
}
