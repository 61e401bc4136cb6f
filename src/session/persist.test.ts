import { describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import { GatewardError } from '../errors.ts';
import { persist } from './persist.ts';

describe('persist', () => {
  it('tries again while the store is gone', async () => {
    const clock = new ManualClock();
    let tries = 0;
    const done = persist(
      async () => {
        if (++tries < 4) throw new GatewardError('STORE_UNAVAILABLE');
        return 'done';
      },
      { clock, giveUpMs: 1000 },
    );
    await quiet();
    await clock.advance(1000);
    expect(await done).toBe('done');
    expect(tries).toBe(4);
    expect(clock.pending).toBe(0);
  });

  it('gives up in time, and at once for anything else', async () => {
    const clock = new ManualClock();
    let tries = 0;
    const attempt = (): Promise<never> => {
      tries++;
      return Promise.reject(new GatewardError('STORE_UNAVAILABLE'));
    };
    const failed = expect(persist(attempt, { clock, giveUpMs: 1000 })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    await quiet();
    await clock.advance(1000);
    await failed;
    expect(tries).toBeGreaterThan(3);
    tries = 0;
    await expect(persist(attempt, { clock, giveUpMs: 0 })).rejects.toMatchObject({});
    expect(tries).toBe(1);
    const other = () => Promise.reject(new TypeError('no'));
    await expect(persist(other, { clock, giveUpMs: 1000 })).rejects.toThrow('no');
  });
});
