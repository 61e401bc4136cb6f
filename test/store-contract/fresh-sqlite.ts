import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { openAt } from './open-at.ts';

/** An SQLite file in a folder of its own. */
export async function freshSqlite(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-store-'));
  const location = `sqlite:${join(folder, 'gateward.db')}`;
  return {
    location,
    open: (now) => openAt(location, now),
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}
