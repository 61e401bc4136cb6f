import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Holding } from '../../src/store/holding.ts';
import type { Store } from '../../src/store/store.ts';
import type { NewTask, TaskAnswer, TaskEnd, TaskPause, TaskRow } from '../../src/store/task-table.ts';
import type { Database } from './database.ts';
import { openTwice } from './open-twice.ts';

const SWEEP = { maxEventBytes: 1_000_000 };
const HOUR = 3_600_000;
const DEADLINE = 10_000;
const RETENTION = 5_000;

const bytes = (text: string): Buffer => Buffer.from(text);
const by = (holder: string, epoch = 1): Holding => ({ holder, epoch });
const idsOf = (rows: readonly TaskRow[]): string[] => rows.map((row) => row.id);
const pauseOf = (changes: Partial<TaskPause> = {}): TaskPause => ({
  state: 'working',
  dueMs: 1000,
  body: bytes('paused'),
  ...changes,
});
const endOf = (changes: Partial<TaskEnd> = {}): TaskEnd => ({
  state: 'completed',
  outcome: bytes('result'),
  keepBody: false,
  retentionMs: RETENTION,
  ...changes,
});

/** What tasks do in every store. `fresh` gives an empty database that no other suite works on. */
export function taskContract(fresh: () => Promise<Database>): void {
  let database: Database;
  let time = 1_750_000_000_000;
  let a: Store;
  let b: Store;
  /** A name that no other test uses, since all work on one database. */
  let id: string;

  const pass = (ms: number): void => {
    time += ms;
  };
  const taskOf = (changes: Partial<NewTask> = {}): NewTask => ({
    id,
    owner: `owner ${id}`,
    server: 'files',
    upstream: 'disk',
    tool: 'search',
    body: bytes('body'),
    holder: 'r1',
    attempts: 1,
    deadlineMs: DEADLINE,
    retentionMs: RETENTION,
    ...changes,
  });
  const create = (changes: Partial<NewTask> = {}, store = a): Promise<TaskRow> =>
    store.tasks.create(taskOf(changes));
  const asks = async (dueMs?: number): Promise<void> => {
    await create();
    await a.tasks.pause(id, by('r1'), pauseOf({ state: 'input_required', dueMs }));
  };
  const live = async (...replicas: string[]): Promise<void> => {
    for (const replica of replicas) await a.replicas.renew(replica, 60_000);
  };

  openTwice(
    fresh,
    () => time,
    (opened) => {
      ({ database, a, b } = opened);
    },
  );
  beforeEach(() => {
    id = randomBytes(6).toString('hex');
  });
  // Whatever a test left has expired, and its replicas are dead.
  afterEach(() => pass(100 * HOUR));

  describe('a new task', () => {
    it('is read as it was made, on any replica', async () => {
      const row = {
        id,
        owner: `owner ${id}`,
        server: 'files',
        upstream: 'disk',
        tool: 'search',
        state: 'working',
        holder: 'r1',
        epoch: 1,
        attempts: 1,
        createdAt: time,
        updatedAt: time,
        dueAt: undefined,
        deadlineAt: time + DEADLINE,
        endedAt: undefined,
        expiresAt: time + DEADLINE + RETENTION,
        body: bytes('body'),
        outcome: undefined,
      };
      expect(await create()).toEqual(row);
      expect(await b.tasks.read(id)).toEqual(row);
      expect(await b.tasks.read(`${id}2`)).toBeUndefined();
    });

    it('that nobody holds is due at once', async () => {
      const made = await create({ holder: undefined, attempts: 0, body: undefined });
      expect(made).toMatchObject({ holder: undefined, epoch: 1, attempts: 0, dueAt: time, body: undefined });
      expect(await b.tasks.read(id)).toEqual(made);
      expect(idsOf(await b.tasks.claim('r2', 10))).toEqual([id]);
    });

    it('may have an empty body', async () => {
      expect((await create({ body: Buffer.alloc(0) })).body).toEqual(Buffer.alloc(0));
      expect((await b.tasks.read(id))?.body).toEqual(Buffer.alloc(0));
    });

    it('gets its own row, however many are made at once', async () => {
      const names = Array.from({ length: 500 }, (_, n) => `${id} ${n}`);
      const rows = await Promise.all(
        names.map((name, n) =>
          create(
            { id: name, tool: name, body: n % 7 ? bytes(name.repeat(n % 50)) : undefined },
            n % 2 ? a : b,
          ),
        ),
      );
      expect(idsOf(rows)).toEqual(names);
      for (const [n, name] of names.entries()) {
        const row = await a.tasks.read(name);
        expect(row).toEqual(rows[n]);
        expect(row?.tool).toBe(name);
        expect(row?.body).toEqual(n % 7 ? bytes(name.repeat(n % 50)) : undefined);
      }
    });

    it('does not take the id of another, nor the others that are made at the same time with it', async () => {
      const first = await create();
      const names = ['1', '2', '3'].map((name) => `${id} ${name}`);
      const made = await Promise.allSettled([
        ...names.map((name) => create({ id: name })),
        create({ owner: 'somebody else' }),
        create({ id: `${id} 1` }),
      ]);
      expect(made.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'fulfilled',
        'rejected',
        'rejected',
      ]);
      expect(await a.tasks.read(id)).toEqual(first);
    });

    it('is forgotten by who made it, as long as that is the holder', async () => {
      await create();
      await b.tasks.discard(id, by('r2'));
      await b.tasks.discard(id, by('r1', 2));
      expect(await a.tasks.read(id)).toBeDefined();
      await b.tasks.discard(id, by('r1'));
      expect(await a.tasks.read(id)).toBeUndefined();
    });
  });

  describe('the holder of a task', () => {
    it('saves what it gives, and leaves the rest', async () => {
      const made = await create();
      pass(10);
      expect(await a.tasks.save(id, by('r1'), { body: bytes('more') })).toBe(true);
      expect(await b.tasks.read(id)).toEqual({ ...made, body: bytes('more') });
      expect(await a.tasks.save(id, by('r1'), { attempts: 2 })).toBe(true);
      expect(await b.tasks.read(id)).toEqual({ ...made, attempts: 2, body: bytes('more') });
    });

    it('makes it working again by an attempt', async () => {
      await asks();
      const taken = await b.tasks.take(id, 'r2');
      pass(10);
      await b.tasks.save(id, by('r2', 2), { body: bytes('more') });
      expect(await a.tasks.read(id)).toMatchObject({ state: 'input_required', updatedAt: taken?.updatedAt });
      await b.tasks.save(id, by('r2', 2), { attempts: 2 });
      expect(await a.tasks.read(id)).toMatchObject({ state: 'working', updatedAt: time });
    });

    it('gives it up for a while', async () => {
      const made = await create();
      pass(10);
      expect(await a.tasks.pause(id, by('r1'), pauseOf())).toBe(true);
      const paused = { ...made, holder: undefined, dueAt: time + 1000, body: bytes('paused') };
      expect(await b.tasks.read(id)).toEqual(paused);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
      pass(1000);
      expect(await b.tasks.claim('r2', 10)).toEqual([{ ...paused, holder: 'r2', epoch: 2 }]);
    });

    it('gives it up until its input is there', async () => {
      const made = await create();
      pass(10);
      await a.tasks.pause(id, by('r1'), pauseOf({ state: 'input_required', dueMs: undefined }));
      const asked = {
        ...made,
        state: 'input_required',
        holder: undefined,
        updatedAt: time,
        body: bytes('paused'),
      };
      expect(await b.tasks.read(id)).toEqual(asked);
      pass(DEADLINE - 11);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
    });

    it('ends it', async () => {
      await asks();
      await a.tasks.answer(id, [{ key: 'name', body: bytes('Eve') }]);
      await a.tasks.take(id, 'r1');
      const before = await a.tasks.read(id);
      pass(10);
      expect(await a.tasks.finish(id, by('r1', 2), endOf())).toBe(true);
      expect(await b.tasks.read(id)).toEqual({
        ...before,
        state: 'completed',
        holder: undefined,
        updatedAt: time,
        endedAt: time,
        dueAt: undefined,
        expiresAt: time + RETENTION,
        body: undefined,
        outcome: bytes('result'),
      });
      expect(await b.tasks.answers(id)).toEqual([]);
    });

    it('ends many at once, each as it was told to', async () => {
      const names = Array.from({ length: 100 }, (_, n) => `${id} ${n}`);
      await Promise.all(names.map((name) => create({ id: name })));
      const ends = names.map((name, n) =>
        endOf({
          state: n % 2 ? 'completed' : 'failed',
          outcome: n % 5 ? bytes(name) : undefined,
          keepBody: n % 3 === 0,
        }),
      );
      const done = await Promise.all(
        names.map((name, n) => a.tasks.finish(name, by(n % 10 ? 'r1' : 'r2'), ends[n] ?? endOf())),
      );
      expect(done).toEqual(names.map((_, n) => n % 10 !== 0));
      for (const [n, name] of names.entries()) {
        expect(await b.tasks.read(name)).toMatchObject(
          n % 10
            ? {
                state: ends[n]?.state,
                outcome: ends[n]?.outcome,
                body: n % 3 === 0 ? bytes('body') : undefined,
              }
            : { state: 'working', outcome: undefined },
        );
      }
    });

    it('is nobody else', async () => {
      const made = await create();
      for (const other of [by('r2'), by('r1', 2), by('r2', 2)]) {
        expect(await b.tasks.save(id, other, { attempts: 9 })).toBe(false);
        expect(await b.tasks.pause(id, other, pauseOf())).toBe(false);
        expect(await b.tasks.finish(id, other, endOf())).toBe(false);
        await b.tasks.release(id, other);
      }
      expect(await a.tasks.read(id)).toEqual(made);
    });

    it('does nothing more once it is paused, ended or taken over', async () => {
      const refused = async (): Promise<void> => {
        const before = await a.tasks.read(id);
        expect(await a.tasks.save(id, by('r1'), { attempts: 9 })).toBe(false);
        expect(await a.tasks.pause(id, by('r1'), pauseOf({ state: 'input_required' }))).toBe(false);
        expect(await a.tasks.finish(id, by('r1'), endOf({ state: 'failed' }))).toBe(false);
        expect(await a.tasks.read(id)).toEqual(before);
      };
      await create();
      await a.tasks.pause(id, by('r1'), pauseOf());
      await refused();
      await b.tasks.take(id, 'r2');
      await refused();
      await b.tasks.finish(id, by('r2', 2), endOf());
      await refused();
    });
  });

  describe('a task that nobody holds', () => {
    it('is taken by one of many who want it at once', async () => {
      await asks();
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).tasks.take(id, `taker ${n}`)),
      );
      const won = taken.filter((row) => row !== undefined);
      expect(won).toHaveLength(1);
      expect(won[0]).toMatchObject({ state: 'input_required', epoch: 2, body: bytes('paused') });
      expect(await a.tasks.read(id)).toEqual(won[0]);
    });

    it('is not taken once it has ended, nor while it is held', async () => {
      expect(await a.tasks.take(id, 'r2')).toBeUndefined();
      await create();
      expect(await a.tasks.take(id, 'r2')).toBeUndefined();
      await a.tasks.finish(id, by('r1'), endOf());
      expect(await a.tasks.take(id, 'r2')).toBeUndefined();
    });

    it('is claimed when its input is overdue, and stays what it is', async () => {
      await asks(2000);
      const due = time + 2000;
      pass(1999);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
      pass(1);
      expect(await b.tasks.claim('r2', 10)).toMatchObject([
        { id, state: 'input_required', holder: 'r2', epoch: 2, dueAt: due },
      ]);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
    });

    it('is claimed at its deadline at the latest', async () => {
      await asks();
      await create({ id: `${id} 2` });
      await a.tasks.pause(`${id} 2`, by('r1'), pauseOf({ dueMs: DEADLINE + 1 }));
      await live('r2');
      pass(DEADLINE - 1);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
      pass(1);
      expect(idsOf(await b.tasks.claim('r2', 10)).toSorted()).toEqual([id, `${id} 2`]);
    });

    it('is claimed in its turn, the longest overdue first', async () => {
      const names = [3, 1, 2, 5, 4].map((n) => ({ name: `${id} ${n}`, dueMs: n * 100 }));
      for (const { name, dueMs } of names) {
        await create({ id: name });
        await a.tasks.pause(name, by('r1'), pauseOf({ dueMs }));
      }
      pass(400);
      expect(idsOf(await b.tasks.claim('r2', 3))).toEqual([1, 2, 3].map((n) => `${id} ${n}`));
      await live('r2');
      pass(1000);
      expect(idsOf(await b.tasks.claim('r2', 3))).toEqual([4, 5].map((n) => `${id} ${n}`));
      expect(await b.tasks.claim('r2', 0)).toEqual([]);
    });

    it('is claimed once, however many claim at once', async () => {
      const names = Array.from({ length: 300 }, (_, n) => `${id} ${n}`);
      await Promise.all(names.map((name) => create({ id: name, holder: undefined })));
      await live('r1', 'r2');
      const claimed: string[] = [];
      const claimAll = async (store: Store, holder: string): Promise<void> => {
        for (let misses = 0; misses < 3; ) {
          const rows = await store.tasks.claim(holder, 7);
          for (const row of rows) expect(row).toMatchObject({ holder, epoch: 2 });
          claimed.push(...idsOf(rows));
          misses = rows.length === 0 ? misses + 1 : 0;
        }
      };
      await Promise.all([claimAll(a, 'r1'), claimAll(a, 'r1'), claimAll(b, 'r2'), claimAll(b, 'r2')]);
      expect(claimed.toSorted()).toEqual(names.toSorted());
    });
  });

  describe('a task of a replica that is dead', () => {
    it('is claimed, and the dead one holds it no more', async () => {
      await live('r1', 'r2', 'r3');
      await create();
      await create({ id: `${id} 3`, holder: 'r3' });
      pass(10);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
      await a.replicas.leave('r1');
      expect(await b.tasks.claim('r2', 10)).toMatchObject([{ id, holder: 'r2', epoch: 2, attempts: 1 }]);
      expect(await a.tasks.save(id, by('r1'), { attempts: 2 })).toBe(false);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
    });

    it('is claimed when the lease has run out, or was never there, by any other', async () => {
      await a.replicas.renew('r1', 1000);
      await create();
      await create({ id: `${id} 2`, holder: 'nobody' });
      await create({ id: `${id} 3`, holder: 'zz' });
      await create({ id: `${id} 4`, holder: '~' });
      await live('r2');
      pass(1000);
      const claimed = [...(await b.tasks.claim('r2', 2)), ...(await b.tasks.claim('r2', 10))];
      expect(idsOf(claimed).toSorted()).toEqual([id, `${id} 2`, `${id} 3`, `${id} 4`]);
    });

    it('is not claimed by itself: it works on that', async () => {
      await create();
      expect(await a.tasks.claim('r1', 10)).toEqual([]);
    });

    it('is claimed even if it was cancelled, so that the upstream is told', async () => {
      await live('r1', 'r2');
      await create();
      await a.tasks.cancel(id, RETENTION);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
      await a.replicas.leave('r1');
      expect(await b.tasks.claim('r2', 10)).toMatchObject([
        { id, state: 'cancelled', holder: 'r2', epoch: 2, body: bytes('body') },
      ]);
      expect(await b.tasks.stopsOf('r2')).toEqual([id]);
      await b.tasks.release(id, by('r2', 2));
      expect(await b.tasks.read(id)).toMatchObject({
        state: 'cancelled',
        holder: undefined,
        body: undefined,
      });
    });
  });

  describe('a task that is cancelled', () => {
    it('is cancelled at once, and held until its work has stopped', async () => {
      const made = await create();
      pass(10);
      const cancelled = {
        ...made,
        state: 'cancelled',
        updatedAt: time,
        endedAt: time,
        expiresAt: time + RETENTION,
      };
      expect(await b.tasks.cancel(id, RETENTION)).toEqual(cancelled);
      expect(await a.tasks.read(id)).toEqual(cancelled);
      expect(await a.tasks.stopsOf('r1')).toEqual([id]);
      expect(await a.tasks.stopsOf('r2')).toEqual([]);
      expect(await a.tasks.finish(id, by('r1'), endOf())).toBe(false);
      await a.tasks.release(id, by('r1'));
      expect(await a.tasks.read(id)).toEqual({ ...cancelled, holder: undefined, body: undefined });
      expect(await a.tasks.stopsOf('r1')).toEqual([]);
    });

    it('loses its body and answers at once if nobody holds it', async () => {
      await asks();
      await a.tasks.answer(id, [{ key: 'name', body: bytes('Eve') }]);
      expect(await b.tasks.cancel(id, RETENTION)).toMatchObject({ state: 'cancelled', body: undefined });
      expect(await a.tasks.answers(id)).toEqual([]);
      pass(RETENTION - 1);
      expect(await b.tasks.claim('r2', 10)).toEqual([]);
    });

    it('stays cancelled, and one that had ended before stays what it was', async () => {
      await create();
      const first = await a.tasks.cancel(id, RETENTION);
      pass(10);
      expect(await b.tasks.cancel(id, RETENTION)).toEqual(first);
      await create({ id: `${id} 2` });
      await a.tasks.finish(`${id} 2`, by('r1'), endOf());
      expect(await b.tasks.cancel(`${id} 2`, HOUR)).toMatchObject({
        state: 'completed',
        expiresAt: time + RETENTION,
        outcome: bytes('result'),
      });
      expect(await b.tasks.cancel(`${id} 3`, RETENTION)).toBeUndefined();
    });

    it('or ended, not both', async () => {
      const names = Array.from({ length: 30 }, (_, n) => `${id} ${n}`);
      await Promise.all(names.map((name) => create({ id: name })));
      const ends = await Promise.all(
        names.map(async (name) => {
          const [finished, row] = await Promise.all([
            a.tasks.finish(name, by('r1'), endOf()),
            b.tasks.cancel(name, RETENTION),
          ]);
          return { name, finished, row };
        }),
      );
      for (const { name, finished, row } of ends) {
        const state = finished ? 'completed' : 'cancelled';
        expect(row?.state).toBe(state);
        expect((await a.tasks.read(name))?.state).toBe(state);
      }
    });
  });

  it('tells a holder of work that is past its deadline', async () => {
    await create();
    await create({ id: `${id} 2`, holder: undefined });
    await a.tasks.take(`${id} 2`, 'r1');
    await create({ id: `${id} 3`, deadlineMs: DEADLINE + 1 });
    pass(DEADLINE - 1);
    expect(await a.tasks.stopsOf('r1')).toEqual([]);
    pass(1);
    expect((await a.tasks.stopsOf('r1')).toSorted()).toEqual([id, `${id} 2`]);
    await a.tasks.finish(id, by('r1'), endOf());
    expect(await a.tasks.stopsOf('r1')).toEqual([`${id} 2`]);
  });

  describe('a failed task', () => {
    const times = { deadlineMs: 20_000, retentionMs: 7000, body: bytes('fresh') };

    it('is made work again if its body was kept', async () => {
      const made = await create();
      await a.tasks.finish(id, by('r1'), endOf({ state: 'failed', keepBody: true }));
      pass(10);
      const revived = {
        ...made,
        holder: undefined,
        updatedAt: time,
        dueAt: time,
        deadlineAt: time + 20_000,
        expiresAt: time + 27_000,
        body: times.body,
      };
      expect(await b.tasks.revive(id, times)).toEqual(revived);
      expect(await b.tasks.claim('r2', 10)).toEqual([{ ...revived, holder: 'r2', epoch: 2 }]);
    });

    it('is not if it was not, and neither is any other', async () => {
      await create();
      expect(await b.tasks.revive(id, times)).toBeUndefined();
      await a.tasks.finish(id, by('r1'), endOf({ state: 'failed' }));
      expect(await b.tasks.revive(id, times)).toBeUndefined();
      await create({ id: `${id} 2` });
      await a.tasks.finish(`${id} 2`, by('r1'), endOf({ keepBody: true }));
      expect(await b.tasks.revive(`${id} 2`, times)).toBeUndefined();
      expect(await b.tasks.revive(`${id} 3`, times)).toBeUndefined();
    });
  });

  describe('answers', () => {
    const answer = (key: string, text: string): TaskAnswer => ({ key, body: bytes(text) });

    it('are kept in parts, and the first to a question counts', async () => {
      await asks();
      pass(10);
      expect(await a.tasks.answer(id, [answer('name', 'Eve'), answer('age', '7')])).toBe(true);
      expect(await b.tasks.answer(id, [answer('town', ''), answer('name', 'Mallory')])).toBe(true);
      expect(await a.tasks.answer(id, [])).toBe(true);
      const kept = await a.tasks.answers(id);
      expect(kept.slice(0, 2)).toEqual([answer('name', 'Eve'), answer('age', '7')]);
      expect(kept.slice(2)).toEqual([answer('town', '')]);
      expect(await a.tasks.read(id)).toMatchObject({ state: 'input_required', updatedAt: time });
    });

    it('are kept by many replicas at once', async () => {
      await asks();
      const answers = Array.from({ length: 20 }, (_, n) => answer(`key ${n}`, `value ${n}`));
      const kept = await Promise.all(
        answers.map((one, n) => (n % 2 ? a : b).tasks.answer(id, [one, answer('all', String(n))])),
      );
      expect(kept).toEqual(answers.map(() => true));
      const found = await b.tasks.answers(id);
      expect(found).toHaveLength(21);
      expect(found).toEqual(expect.arrayContaining(answers));
    });

    it('are not kept of a task that does not wait for them', async () => {
      expect(await a.tasks.answer(id, [answer('name', 'Eve')])).toBe(false);
      await create();
      expect(await a.tasks.answer(id, [answer('name', 'Eve')])).toBe(false);
      await a.tasks.pause(id, by('r1'), pauseOf({ state: 'input_required' }));
      await b.tasks.take(id, 'r2');
      await b.tasks.finish(id, by('r2', 2), endOf());
      expect(await a.tasks.answer(id, [answer('name', 'Eve')])).toBe(false);
      expect(await a.tasks.answers(id)).toEqual([]);
    });
  });

  describe('lists', () => {
    it('show the newest first, page by page', async () => {
      const names = Array.from({ length: 10 }, (_, n) => `${id} ${n}`);
      for (const [n, name] of names.entries()) {
        await create({ id: name });
        if (n % 3 === 0) pass(10);
      }
      const owner = `owner ${id}`;
      const seen: TaskRow[] = [];
      for (let last = false; !last; ) {
        const after = seen.at(-1);
        const page = await b.tasks.list({ owner, limit: 4, ...(after && { after }) });
        seen.push(...page);
        last = page.length < 4;
      }
      expect(idsOf(seen).toSorted()).toEqual(names);
      expect(seen).toEqual(
        seen.toSorted((x, y) => y.createdAt - x.createdAt || (y.id < x.id ? -1 : y.id > x.id ? 1 : 0)),
      );
    });

    it('show what they are asked for', async () => {
      const kinds = [
        { server: 'files', upstream: 'disk' },
        { server: 'files', upstream: 'tape' },
        { server: 'mail', upstream: 'disk' },
      ];
      const owner = `owner ${id}`;
      for (const [n, kind] of kinds.entries()) {
        await create({ id: `${id} ${n}`, ...kind });
        await create({ id: `${id} ${n} foreign`, owner: `foreign ${id}`, ...kind });
        pass(1);
      }
      await a.tasks.finish(`${id} 1`, by('r1'), endOf());
      const list = async (filter: object): Promise<string[]> =>
        idsOf(await b.tasks.list({ limit: 100, ...filter })).map((name) => name.slice(id.length + 1));
      expect(await list({ owner })).toEqual(['2', '1', '0']);
      expect(await list({ owner, server: 'files' })).toEqual(['1', '0']);
      expect(await list({ owner, upstream: 'disk' })).toEqual(['2', '0']);
      expect(await list({ owner, state: 'working', server: 'files' })).toEqual(['0']);
      expect(await list({ state: 'completed', upstream: 'tape' })).toEqual(['1']);
      expect(await list({})).toHaveLength(6);
      expect(await list({ server: 'mail', limit: 1 })).toHaveLength(1);
      expect(await list({ owner: 'none' })).toEqual([]);
      const after = { id: `${id} 0`, createdAt: time };
      expect(await list({ owner, server: 'files', upstream: 'disk', state: 'working', after })).toEqual([
        '0',
      ]);
    });
  });

  it('counts the tasks of an owner, to a bound', async () => {
    const owner = `owner ${id}`;
    expect(await a.tasks.countOf(owner, 3)).toBe(0);
    for (const n of [1, 2, 3, 4]) await create({ id: `${id} ${n}` });
    await a.tasks.finish(`${id} 1`, by('r1'), endOf());
    expect(await b.tasks.countOf(owner, 3)).toBe(3);
    expect(await b.tasks.countOf(owner, 10)).toBe(4);
    pass(RETENTION);
    expect(await b.tasks.countOf(owner, 10)).toBe(3);
  });

  it('counts the tasks of upstreams by state', async () => {
    const start = time;
    for (const n of [1, 2, 3]) {
      await create({ id: `${id} ${n}` });
      pass(10);
    }
    await create({ id: `${id} 4`, upstream: 'tape' });
    await a.tasks.finish(`${id} 1`, by('r1'), endOf());
    const counts = await b.tasks.counts();
    expect(counts).toHaveLength(3);
    expect(counts).toEqual(
      expect.arrayContaining([
        { upstream: 'disk', state: 'working', count: 2, oldestAt: start + 10 },
        { upstream: 'disk', state: 'completed', count: 1, oldestAt: start },
        { upstream: 'tape', state: 'working', count: 1, oldestAt: start + 30 },
      ]),
    );
  });

  describe('a task that expired', () => {
    it('is gone for everybody, before and after the sweep', async () => {
      await asks();
      await a.tasks.answer(id, [{ key: 'name', body: bytes('Eve') }]);
      pass(DEADLINE + RETENTION - 1);
      await a.sweep(SWEEP);
      expect(await b.tasks.read(id)).toBeDefined();
      pass(1);
      for (const swept of [false, true]) {
        if (swept) await a.sweep(SWEEP);
        expect(await b.tasks.read(id)).toBeUndefined();
        expect(await b.tasks.take(id, 'r2')).toBeUndefined();
        expect(await b.tasks.claim('r2', 10)).toEqual([]);
        expect(await b.tasks.cancel(id, HOUR)).toBeUndefined();
        expect(await b.tasks.answer(id, [{ key: 'age', body: bytes('7') }])).toBe(false);
        expect(await b.tasks.answers(id)).toEqual([]);
        expect(await b.tasks.list({ limit: 10 })).toEqual([]);
        expect(await b.tasks.countOf(`owner ${id}`, 10)).toBe(0);
        expect(await b.tasks.counts()).toEqual([]);
      }
      expect((await create()).epoch).toBe(1);
      expect(await a.tasks.answers(id)).toEqual([]);
    });

    it('is kept for as long as was said at its end', async () => {
      await create();
      await create({ id: `${id} 2` });
      await a.tasks.finish(id, by('r1'), endOf({ retentionMs: 2 * HOUR }));
      await a.tasks.finish(`${id} 2`, by('r1'), endOf({ retentionMs: 100 }));
      pass(100);
      await a.sweep(SWEEP);
      expect(await b.tasks.read(`${id} 2`)).toBeUndefined();
      pass(HOUR);
      await a.sweep(SWEEP);
      expect((await b.tasks.read(id))?.outcome).toEqual(bytes('result'));
      pass(HOUR);
      expect(await b.tasks.read(id)).toBeUndefined();
    });

    it('is swept, however many have', async () => {
      const names = Array.from({ length: 1200 }, (_, n) => `${id} ${n}`);
      await Promise.all(names.map((name) => create({ id: name, body: undefined })));
      pass(DEADLINE + RETENTION);
      await a.sweep(SWEEP);
      pass(-RETENTION);
      expect(await a.tasks.countOf(`owner ${id}`, 2000)).toBe(0);
    });
  });

  it('is as durable as the connection: once closed, nothing is made', async () => {
    const store = await database.open(() => time);
    const late = create({}, store).catch((error: unknown) => error);
    await store.close();
    await expect(create({ id: `${id} 2` }, store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await late).toMatchObject({});
  });
}
