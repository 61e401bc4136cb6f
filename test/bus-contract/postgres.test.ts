import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createPostgresBus } from '../../src/store/bus/postgres-bus.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { recordLog } from '../support/record-log.ts';
import { busContract } from './contract.ts';

describe('the bus of PostgreSQL', () => {
  let postgres: RunningPostgres;
  const { log, lines } = recordLog();

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  busContract(async () => ({
    a: await createPostgresBus({ url: postgres.url, log }),
    b: await createPostgresBus({ url: postgres.url, log }),
  }));

  it('comes back after the database did, however it went', async () => {
    const [a, b] = await Promise.all([
      createPostgresBus({ url: postgres.url, log }),
      createPostgresBus({ url: postgres.url, log }),
    ]);
    const heard: string[] = [];
    b.subscribe('t', (text) => heard.push(text));
    for (const stop of [postgres.restart, postgres.kill]) {
      heard.length = 0;
      await stop();
      for (let n = 0; n < 100; n += 1) a.publish('t', 'maybe lost');
      if (stop === postgres.kill) await postgres.restart();
      await vi.waitFor(() => {
        a.publish('t', 'again');
        expect(heard).toContain('again');
      }, 10_000);
    }
    expect(lines.join('\n')).toContain('are away');
    expect(lines.join('\n')).toContain('are back');
    await Promise.all([a.close(), b.close()]);
  });

  it('says that it cannot connect, without the password, and can be closed', async () => {
    const said = recordLog();
    const url = 'postgres://user:s3cret-word@127.0.0.1:1/none';
    const bus = await createPostgresBus({ url, log: said.log });
    bus.publish('t', 'x');
    await bus.close();
    expect(said.lines.join('\n')).toContain('ECONNREFUSED');
    expect(said.lines.join('\n')).not.toContain('s3cret');
  });
});
