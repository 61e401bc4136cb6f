// The thread of a checkpointer: moves the log into the file each time that it is told to.
import { parentPort, workerData } from 'node:worker_threads';
import { loadSqlite } from './load-sqlite.ts';

/** Pages of the log above which writers are held up for a moment, so that the log can begin anew. */
const MAX_PAGES = 4096;

const connection = new (loadSqlite().DatabaseSync)(String(workerData), { timeout: 100 });
// The log must be on the disk before it is moved, and the file before the log is written over.
connection.exec('PRAGMA synchronous = NORMAL');
const gently = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)');
const firmly = connection.prepare('PRAGMA wal_checkpoint(RESTART)');

parentPort?.on('message', () => {
  const { log, checkpointed } = gently.get() ?? {};
  // Writers that never pause keep the log growing: what is left is little now, and done at once.
  if (Number(log) > MAX_PAGES && log !== checkpointed) firmly.get();
  parentPort?.postMessage('done');
});
