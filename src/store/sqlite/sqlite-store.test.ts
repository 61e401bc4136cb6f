import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSqlite } from './load-sqlite.ts';
import { createSqliteStore } from './sqlite-store.ts';

describe('an SQLite store', () => {
  let folder: string;
  let file: string;

  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateward-sqlite-'));
    file = join(folder, 'data', 'gateward.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.skipIf(process.platform === 'win32')('is for its owner alone', async () => {
    const store = await createSqliteStore({ file });
    await store.sessions.change('key', {}, 1000);
    expect(modeOf(join(folder, 'data'))).toBe(0o700);
    for (const name of readdirSync(join(folder, 'data'))) {
      expect([name, modeOf(join(folder, 'data', name))]).toEqual([name, 0o600]);
    }
    await store.close();
    chmodSync(file, 0o644);
    await (await createSqliteStore({ file })).close();
    expect(modeOf(file)).toBe(0o600);
  });

  it('keeps what it was given when it is opened again', async () => {
    const store = await createSqliteStore({ file });
    await store.sessions.change('key', { logLevel: 'info' }, 60_000);
    await store.close();
    const again = await createSqliteStore({ file });
    expect(await again.sessions.read('key')).toMatchObject({ logLevel: 'info' });
    await again.close();
  });

  it('may live in memory alone', async () => {
    const store = await createSqliteStore({ file: ':memory:' });
    const other = await createSqliteStore({ file: ':memory:' });
    await store.sessions.change('key', {}, 1000);
    expect(await other.sessions.read('key')).toBeUndefined();
    await store.close();
    await other.close();
  });

  it('says which file it cannot use, and why', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(file, 'this is text, and long enough to be looked at as the head of a database'.repeat(50));
    await expect(createSqliteStore({ file })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(`${file} cannot be used: file is not a database`),
      cause: expect.any(Error),
    });
    await expect(createSqliteStore({ file: folder })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(createSqliteStore({ file: join(file, 'x.db') })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
    });
  });

  it('does not list more changes than one can act on', async () => {
    const store = await createSqliteStore({ file });
    const first = await store.changes.since(undefined);
    for (let n = 0; n < 1000; n++) await store.sessions.change(`session ${n}`, {}, 60_000);
    const cursor = first?.cursor ?? '';
    expect((await store.changes.since(cursor))?.sessions).toHaveLength(1000);
    await store.sessions.change('one more', {}, 60_000);
    expect(await store.changes.since(cursor)).toBeUndefined();
    // A cursor of another file.
    expect(await store.changes.since('5000')).toBeUndefined();
    await store.close();
  });

  it('hides the events of an ended session at once, and deletes them in the sweep', async () => {
    const store = await createSqliteStore({ file });
    const key = { session: 'session', stream: 'stream' };
    const by = { holder: 'r1', epoch: 1 };
    const bounds = { maxAgeMs: 60_000, maxBytes: 1_000_000 };
    const events = Array.from({ length: 500 }, (_, n) => ({ number: n + 1, data: Buffer.alloc(100) }));
    await store.streams.open({ key, holder: 'r1', requests: [], work: Buffer.alloc(10) });
    await store.streams.append(key, by, { events, bounds });
    await store.sessions.end('session', 60_000);
    expect(await store.streams.after(key, 500)).toBeUndefined();
    await store.sweep({ maxEventBytes: 1_000_000 });
    await store.close();
    const connection = new (loadSqlite().DatabaseSync)(file);
    expect(connection.prepare('SELECT id FROM streams UNION SELECT id FROM events').all()).toEqual([]);
    connection.close();
  });

  it('moves its log into the file while it is written to, and ends at once all the same', async () => {
    const store = await createSqliteStore({ file });
    const body = Buffer.alloc(4000);
    const sizes: number[] = [];
    for (let n = 0; n < 3000; n++) {
      await store.mail.send([{ to: 'r1', body }], 60_000);
      if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      if (n % 1000 === 999) sizes.push(statSync(file).size);
    }
    await store.close();
    expect(sizes.at(-1)).toBeGreaterThan(1_000_000);
    expect(readdirSync(join(folder, 'data'))).toEqual(['gateward.db']);
  });

  it('says nothing on the terminal, and lets its process end', () => {
    const entry = fileURLToPath(new URL('sqlite-store.ts', import.meta.url));
    const script = `
      import { createSqliteStore } from ${JSON.stringify(entry)};
      const store = await createSqliteStore({ file: ${JSON.stringify(file)} });
      for (let n = 0; n < 1200; n++) await store.sessions.change('key', {}, 60_000);
      process.emitWarning('another warning');
    `;
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(0);
    expect(stderr).toContain('another warning');
    expect(stderr).not.toContain('SQLite');
  });
});
