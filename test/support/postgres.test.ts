import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningPostgres, startPostgres } from './postgres.ts';

let postgres: RunningPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres.stop());

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' }).finally(() => client.end());
  return rows.flat();
}

describe('the PostgreSQL for tests', () => {
  it('answers on loopback only', async () => {
    expect(new URL(postgres.url).hostname).toBe('127.0.0.1');
    expect(await ask(postgres.url, 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
  });

  it('has databases that know nothing of each other', async () => {
    const other = await postgres.createDatabase('other');
    await ask(other, 'CREATE TABLE mine (n bigint)');
    expect(await ask(other, 'SELECT count(*) FROM mine')).toEqual(['0']);
    await expect(ask(postgres.url, 'SELECT count(*) FROM mine')).rejects.toThrow('does not exist');
  });

  it('keeps its data and its address when it is started again or killed', async () => {
    await ask(postgres.url, 'CREATE TABLE kept (n bigint)');
    await ask(postgres.url, 'INSERT INTO kept VALUES (1)');
    await postgres.restart();
    await ask(postgres.url, 'INSERT INTO kept VALUES (2)');
    await postgres.kill();
    await expect(ask(postgres.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await postgres.restart();
    expect(await ask(postgres.url, 'SELECT n FROM kept ORDER BY n')).toEqual(['1', '2']);
  });

  it('ends with the process that started it, even if that is killed', async () => {
    const file = fileURLToPath(new URL('postgres.ts', import.meta.url));
    const script = `import { startPostgres } from ${JSON.stringify(file)}; console.log((await startPostgres()).url); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = await once(child.stdout, 'data');
    const url = String(printed).trim();
    expect(await ask(url, 'SELECT 1')).toEqual([1]);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(ask(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED'), 10_000);
  });
});
