import { describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../../test/support/manual-clock.ts';
import { GatewardError } from '../../errors.ts';
import { type Bucket, ConnectionPool, type Lease, type Pooled } from './connection-pool.ts';

class Thing implements Pooled {
  readonly #closed = new AbortController();
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  get closed(): AbortSignal {
    return this.#closed.signal;
  }
  async close(): Promise<void> {
    this.#closed.abort();
  }
}

function setUp(maxConnections = 2) {
  const clock = new ManualClock();
  const opened: Thing[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  let gated = false;
  const pool = new ConnectionPool<Thing, Bucket>({
    open: async ({ key }) => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      if (gated) await gate.promise;
      const thing = new Thing(key);
      opened.push(thing);
      return thing;
    },
    maxConnections,
    clock,
  });
  const open = () => opened.filter(({ closed }) => !closed.aborted).map(({ key }) => key);
  return { pool, clock, opened, open, gates, gate: () => (gated = true) };
}

const bucket = (key: string, rest: Partial<Bucket> = {}): Bucket => ({
  key,
  exclusive: false,
  idleMs: 1_000,
  until: undefined,
  ...rest,
});
const forever = new AbortController().signal;

describe('ConnectionPool', () => {
  it('shares one connection of a bucket, and opens it once for many at a time', async () => {
    const { pool, opened } = setUp();
    const leases = await Promise.all([1, 2, 3].map(() => pool.lease(bucket('a'), forever)));
    expect(new Set(leases.map(({ connection }) => connection)).size).toBe(1);
    expect(opened).toHaveLength(1);
  });

  it('gives an exclusive connection to one at a time', async () => {
    const { pool, open } = setUp();
    const exclusive = bucket('x', { exclusive: true });
    const [one] = await Promise.all([pool.lease(exclusive, forever), pool.lease(exclusive, forever)]);
    expect(open()).toEqual(['x', 'x']);
    one?.release();
    const third = await pool.lease(exclusive, forever);
    expect(third.connection).toBe(one?.connection);
  });

  it('closes what is idle for long, and what must serve nobody else', async () => {
    const { pool, clock, open } = setUp();
    const lease = await pool.lease(bucket('a'), forever);
    await clock.advance(5_000);
    expect(open()).toEqual(['a']);
    lease.release();
    await clock.advance(999);
    expect(open()).toEqual(['a']);
    await clock.advance(1);
    expect(open()).toEqual([]);
    (await pool.lease(bucket('b'), forever)).release('dispose');
    expect(open()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('ends idle connections of others to make room, those of sessions last', async () => {
    const { pool, open } = setUp(2);
    const session = new AbortController();
    (await pool.lease(bucket('session', { until: session.signal }), forever)).release();
    (await pool.lease(bucket('old'), forever)).release();
    await pool.lease(bucket('new'), forever);
    expect(open()).toEqual(['session', 'new']);
    await pool.lease(bucket('newer'), forever);
    expect(open()).toEqual(['new', 'newer']);
  });

  it('lets calls wait for room in their order, and forgets those that give up', async () => {
    const { pool } = setUp(1);
    const first = await pool.lease(bucket('a'), forever);
    const served: string[] = [];
    const impatient = new AbortController();
    const waiting = (key: string, signal = forever): Promise<Lease<Thing> | undefined> =>
      pool.lease(bucket(key), signal).then(
        (lease) => {
          served.push(key);
          return lease;
        },
        () => undefined,
      );
    const [one, two, three] = [waiting('b'), waiting('c', impatient.signal), waiting('d')];
    await quiet();
    impatient.abort();
    await two;
    first.release();
    (await one)?.release();
    await three;
    expect(served).toEqual(['b', 'd']);
  });

  it('ends the connection with what it belongs to, and opens none after that', async () => {
    const { pool, open } = setUp();
    const session = new AbortController();
    const tied = bucket('s', { until: session.signal });
    await pool.lease(tied, forever);
    session.abort();
    expect(open()).toEqual([]);
    await expect(pool.lease(tied, forever)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('replaces a connection that is gone', async () => {
    const { pool, open } = setUp();
    const lease = await pool.lease(bucket('a'), forever);
    await lease.connection.close();
    lease.release();
    const next = await pool.lease(bucket('a'), forever);
    expect(next.connection).not.toBe(lease.connection);
    expect(open()).toEqual(['a']);
  });

  it('goes on opening when one of those who wait for it gives up', async () => {
    const { pool, gates, gate, open } = setUp();
    gate();
    const impatient = new AbortController();
    const one = pool.lease(bucket('a'), impatient.signal);
    const two = pool.lease(bucket('a'), forever);
    impatient.abort('bored');
    await expect(one).rejects.toBe('bored');
    gates[0]?.resolve();
    await two;
    expect(open()).toEqual(['a']);
  });

  it('tells everybody who waits why opening failed, and tries again for the next', async () => {
    let fails = true;
    const clock = new ManualClock();
    const pool = new ConnectionPool<Thing, Bucket>({
      open: async ({ key }) => {
        if (fails) throw new GatewardError('LAUNCH_FAILED');
        return new Thing(key);
      },
      maxConnections: 1,
      clock,
    });
    const both = await Promise.allSettled([1, 2].map(() => pool.lease(bucket('a'), forever)));
    expect(both).toMatchObject([
      { reason: { code: 'LAUNCH_FAILED' } },
      { reason: { code: 'LAUNCH_FAILED' } },
    ]);
    fails = false;
    await pool.lease(bucket('a'), forever);
  });

  it('leaves nothing when it is closed, not even what was being opened', async () => {
    const { pool, clock, gates, gate, open } = setUp(3);
    (await pool.lease(bucket('a'), forever)).release();
    gate();
    const opening = pool.lease(bucket('b'), forever);
    const refused = expect(opening).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    const closing = pool.close();
    gates[1]?.resolve();
    await closing;
    await refused;
    expect(open()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
