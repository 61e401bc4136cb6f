import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Migration } from '../migrations.ts';
import { textIn } from '../row.ts';
import { Database } from './database.ts';
import { loadSqlite } from './load-sqlite.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';

const { DatabaseSync } = loadSqlite();
const newest = MIGRATIONS.length;

function add(table: string, version: number, minReader: number): Migration {
  return { version, minReader, sql: `CREATE TABLE ${table} (n INTEGER) STRICT` };
}

describe('migrate', () => {
  let db: Database;
  const tables = (): string[] =>
    db.all(`SELECT name FROM sqlite_schema WHERE type = 'table'`).map((row) => textIn(row, 'name'));

  beforeEach(() => {
    db = new Database(new DatabaseSync(':memory:'), { now: () => 0 });
  });
  afterEach(() => db.close());

  it('numbers its steps one after the other', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, n) => n + 1));
    for (const { version, minReader } of MIGRATIONS) expect(minReader).toBeLessThanOrEqual(version);
  });

  it('takes the steps that are missing, once', async () => {
    await migrate(db);
    expect(tables()).not.toContain('later');
    const known = [...MIGRATIONS, add('later', newest + 1, 1)];
    await migrate(db, known);
    await migrate(db, known);
    expect(tables()).toContain('later');
  });

  it('works on a newer schema that only adds, and leaves it as it is', async () => {
    const known = [...MIGRATIONS, add('later', newest + 1, 1)];
    await migrate(db, known);
    await migrate(db);
    await migrate(db, known);
    expect(tables()).toContain('later');
  });

  it('refuses a schema that this program cannot work on', async () => {
    await migrate(db, [...MIGRATIONS, add('later', newest + 1, newest + 1)]);
    await expect(migrate(db)).rejects.toMatchObject({
      code: 'STORE_TOO_NEW',
      message: expect.stringContaining(`version ${newest + 1}, and this program knows ${newest}`),
    });
  });

  it('leaves no half of its steps behind', async () => {
    const broken = [
      ...MIGRATIONS,
      { version: newest + 1, minReader: 1, sql: 'CREATE TABLE x (n NOTHING) STRICT' },
    ];
    await expect(migrate(db, broken)).rejects.toThrow('NOTHING');
    expect(tables()).toEqual([]);
  });
});
