import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberIn } from '../row.ts';
import { Database } from './database.ts';
import { loadSqlite } from './load-sqlite.ts';

const { DatabaseSync } = loadSqlite();

describe('a database', () => {
  let folder: string;
  let db: Database;
  let other: Database;
  let writes: number;

  const open = (maxWaitMs?: number): Database =>
    new Database(new DatabaseSync(join(folder, 'test.db')), {
      now: () => 0,
      onWrite: () => {
        writes += 1;
      },
      ...(maxWaitMs !== undefined && { maxWaitMs }),
    });
  const add = (database: Database, n: number): Promise<number> =>
    database.write(() => database.run('INSERT INTO numbers VALUES (?)', [n]));
  const numbers = (): Promise<number[]> =>
    db.read(() => db.all('SELECT n FROM numbers ORDER BY rowid').map((row) => numberIn(row, 'n')));
  const lock = (): void => other.exec('BEGIN IMMEDIATE');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateward-database-'));
    writes = 0;
    db = open();
    other = open();
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (n INTEGER UNIQUE) STRICT');
  });
  afterEach(() => {
    db.close();
    other.close();
    rmSync(folder, { recursive: true });
  });

  it('waits for a lock without holding up the event loop, and writes in the order of asking', async () => {
    lock();
    const added = [1, 2, 3].map((n) => add(db, n));
    const timer = new Promise((resolve) => setTimeout(resolve, 20, 'timer'));
    expect(await Promise.race([timer, ...added])).toBe('timer');
    expect(await numbers()).toEqual([]);
    other.exec('COMMIT');
    const late = add(db, 4);
    await Promise.all([...added, late]);
    expect(await numbers()).toEqual([1, 2, 3, 4]);
  });

  it('says that it is unavailable when a lock stays', async () => {
    db.close();
    db = open(50);
    lock();
    await expect(add(db, 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryAfterSeconds: 1 });
    other.exec('ROLLBACK');
    await add(db, 2);
    expect(await numbers()).toEqual([2]);
  });

  it('reads while another writes', async () => {
    await add(db, 1);
    other.exec('BEGIN IMMEDIATE; INSERT INTO numbers VALUES (2)');
    expect(await numbers()).toEqual([1]);
    other.exec('COMMIT');
    expect(await numbers()).toEqual([1, 2]);
  });

  it('says that it is unavailable when the disk is full, with the cause for the log, and goes on later', async () => {
    const pages = await db.read(() => numberIn(db.get('PRAGMA page_count') ?? {}, 'page_count'));
    db.exec(`CREATE TABLE large (b BLOB); PRAGMA max_page_count = ${pages + 2}`);
    const write = db.write(() => db.run('INSERT INTO large VALUES (zeroblob(100000))'));
    await expect(write).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: expect.objectContaining({ errcode: 13 }),
    });
    await add(db, 1);
    expect(await numbers()).toEqual([1]);
  });

  it('takes back all of a transaction that fails', async () => {
    await add(db, 1);
    const twice = db.write(() => {
      db.run('INSERT INTO numbers VALUES (2)');
      db.run('INSERT INTO numbers VALUES (1)');
    });
    await expect(twice).rejects.toMatchObject({ errcode: expect.any(Number) });
    expect(await numbers()).toEqual([1]);
  });

  it('waits for the disk in durable writes alone', async () => {
    const level = () => numberIn(db.get('PRAGMA synchronous') ?? {}, 'synchronous');
    db.exec('PRAGMA synchronous = NORMAL');
    expect(await db.write(level)).toBe(1);
    expect(await db.writeDurably(level)).toBe(2);
    await expect(db.writeDurably(() => db.run('INSERT INTO nothing VALUES (1)'))).rejects.toThrow('nothing');
    expect(await db.write(level)).toBe(1);
  });

  it('counts what it wrote, and not what it read', async () => {
    await add(db, 1);
    await db.writeDurably(() => undefined);
    await numbers();
    expect(writes).toBe(2);
  });

  it('leaves nobody waiting when it is closed', async () => {
    lock();
    const added = add(db, 1);
    db.close();
    await expect(added).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(add(db, 2)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    db.close();
  });
});
