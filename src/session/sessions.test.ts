import { describe, expect, it } from 'vitest';
import { createSessionRows } from './sessions.ts';

function rowsAt(maxSessions = 10) {
  const clock = { now: 0 };
  const rows = createSessionRows({ maxSessions, now: () => clock.now });
  const ended: string[] = [];
  rows.watchEnds((key) => ended.push(key));
  return { clock, rows, ended };
}

const ref = (key: string, expiresAtMs = 1000) => ({ key, expiresAtMs });

describe('createSessionRows', () => {
  it('knows nothing of a session that changed nothing', async () => {
    const { rows } = rowsAt();
    expect(await rows.read('a')).toEqual({ ended: false, logLevel: undefined, subscriptions: [] });
  });

  it('remembers the log level, the subscriptions and what did not fit into the id', async () => {
    const { rows } = rowsAt();
    await rows.setLogLevel(ref('a'), 'error');
    await rows.setSubscriptions(ref('a'), ['x:1', 'x:2']);
    await rows.keepExtra(ref('a'), Buffer.from('{}'));
    expect(await rows.read('a')).toEqual({ ended: false, logLevel: 'error', subscriptions: ['x:1', 'x:2'] });
    expect((await rows.readExtra('a'))?.toString()).toBe('{}');
  });

  it('ends a session once, tells who watches, and lets nothing bring it back', async () => {
    const { rows, ended } = rowsAt();
    await rows.setLogLevel(ref('a'), 'error');
    await rows.end(ref('a'));
    await rows.end(ref('a'));
    await rows.setLogLevel(ref('a'), 'debug');
    expect(ended).toEqual(['a']);
    expect(await rows.read('a')).toEqual({ ended: true, logLevel: undefined, subscriptions: [] });
  });

  it('ends the session whose row is oldest when there are too many', async () => {
    const { rows, ended } = rowsAt(2);
    for (const key of ['a', 'b', 'c']) await rows.setLogLevel(ref(key), 'error');
    expect(ended).toEqual(['a']);
    expect((await rows.read('a')).ended).toBe(true);
    expect((await rows.read('c')).logLevel).toBe('error');
  });

  it('lets expired rows go before it ends anything', async () => {
    const { rows, ended, clock } = rowsAt(2);
    await rows.setLogLevel(ref('a', 1000), 'error');
    await rows.setLogLevel(ref('b', 2000), 'error');
    clock.now = 1500;
    await rows.setLogLevel(ref('c', 3000), 'error');
    expect(ended).toEqual([]);
    expect((await rows.read('b')).logLevel).toBe('error');
  });
});
