import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewardError } from '../../src/errors.ts';
import { approvalId, type Seen } from '../../src/store/approval-table.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store, StreamKey } from '../../src/store/store.ts';
import { type LossyProxy, startLossyProxy } from '../support/lossy-proxy.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { recordLog } from '../support/record-log.ts';

const BOUNDS = { maxAgeMs: 60_000, maxBytes: 100_000 };
const bytes = (text: string): Buffer => Buffer.from(text);
const by = (holder: string, epoch = 1) => ({ holder, epoch });
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewardError ? error.code : String(error)),
  );

let postgres: RunningPostgres;
const { log, lines } = recordLog();

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe('a store whose database is lost for a moment', () => {
  let store: Store;
  beforeAll(async () => {
    store = await createPostgresStore({ url: postgres.url, log });
  });
  afterAll(() => store.close());

  it('does what it was asked for while the database starts again, and loses nothing', async () => {
    const key = { session: 'restart', stream: 's' };
    await store.streams.open({ key, holder: 'r', requests: ['1'], work: undefined });
    let stopped = false;
    let given = 0;
    const write = async (): Promise<void> => {
      for (let number = 1; !stopped; ) {
        const events = [{ number, data: bytes(`event ${number}`) }];
        const append = store.streams.append(key, by('r'), { events, bounds: BOUNDS });
        // Whoever is told that the store is unavailable does the same again.
        if ((await codeOf(append)) !== 'none') continue;
        expect(await append).toBe(true);
        given = number;
        number += 1;
        await sleep(1);
      }
    };
    const writing = write();
    for (let n = 0; n < 3; n += 1) {
      await sleep(100);
      if (n === 1) await postgres.kill();
      await postgres.restart();
    }
    stopped = true;
    await writing;
    const found = await store.streams.after(key, 0);
    expect(found?.events.map(({ number }) => number)).toEqual(Array.from({ length: given }, (_, n) => n + 1));
  });

  it('says that it is unavailable within four seconds, and works when the database is back', async () => {
    const said = recordLog();
    const other = await createPostgresStore({ url: postgres.url, log: said.log });
    await postgres.kill();
    const start = performance.now();
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(other.sessions.read('x'))));
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(new Set(codes)).toEqual(new Set(['STORE_UNAVAILABLE']));
    await postgres.restart();
    expect(await other.sessions.read('x')).toBeUndefined();
    expect(said.lines).toEqual([
      expect.stringMatching(/^warn the store cannot be reached/),
      expect.stringMatching(/^info the store is back/),
    ]);
    await other.close();
  });
});

describe('a store that cannot be opened', () => {
  const secret = 'pass-w0rd';
  const open = (url: string): Promise<Store> => createPostgresStore({ url, log });

  it('says why in the log, and never the password', async () => {
    const { port } = postgres;
    const refused = [
      `postgres://user:${secret}@127.0.0.1:${port}/none`,
      `postgres://nobody:${secret}@127.0.0.1:${port}/postgres`,
      `postgres://user:${secret}@127.0.0.1:1/none`,
    ];
    for (const url of refused) {
      const error: unknown = await open(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.any(Error) });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
    }
    for (const url of ['no url', `mysql://user:${secret}@127.0.0.1/x`, `postgres://user:${secret}@[::1/x`]) {
      const error: unknown = await open(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
    }
    expect(lines.join('\n')).not.toContain(secret);
  });

  it('belongs to a newer program that this one cannot work beside', async () => {
    const url = await postgres.createDatabase('newer');
    await (await open(url)).close();
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('UPDATE gateward_schema SET version = 1000');
    await (await open(url)).close();
    await client.query('UPDATE gateward_schema SET min_reader = 1000');
    expect(await codeOf(open(url))).toBe('STORE_TOO_NEW');
    await client.end();
  });

  it('is opened when a replica that changed the schema died at that', async () => {
    const url = await postgres.createDatabase('halfway');
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(
      'CREATE TABLE gateward_schema (id text PRIMARY KEY, version bigint NOT NULL, min_reader bigint NOT NULL, turn text NOT NULL, turn_ends_at bigint NOT NULL)',
    );
    await client.query(
      `INSERT INTO gateward_schema VALUES ('schema', 0, 0, 'dead', (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1000)`,
    );
    await client.query(
      'CREATE TABLE gateward_replicas (id text PRIMARY KEY, lease_ends_at bigint NOT NULL, deaths bigint NOT NULL)',
    );
    await client.end();
    const store = await open(url);
    expect((await store.replicas.renew('r', 1_000)).live).toEqual(['r']);
    await store.close();
  });
});

describe('a store whose answers are lost on the way', () => {
  let proxy: LossyProxy;
  let store: Store;
  let id: string;
  let key: StreamKey;

  beforeEach(async () => {
    proxy = await startLossyProxy(postgres.port);
    const url = new URL(postgres.url);
    url.port = String(proxy.port);
    store = await createPostgresStore({ url: url.href, log });
    id = randomBytes(6).toString('hex');
    key = { session: id, stream: 's' };
  });
  afterEach(async () => {
    await store.close();
    await proxy.stop();
  });

  /** Runs with the answer to a statement lost once. */
  const lossy = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const before = proxy.lost();
    proxy.loseAnswerTo(`gateward_${name}\0`);
    const result = await run();
    expect(proxy.lost()).toBe(before + 1);
    return result;
  };
  const open = (): Promise<void> =>
    store.streams.open({ key, holder: 'r1', requests: ['1'], work: bytes('work') });

  it('opens, writes, answers, hands over and finishes a stream once', async () => {
    await lossy('open_stream', open);
    const events = [{ number: 1, data: bytes('one') }];
    const append = () => store.streams.append(key, by('r1'), { events, bounds: BOUNDS });
    expect(await lossy('append_events', append)).toBe(true);
    const answer = { question: 'q', body: bytes('yes') };
    expect(await lossy('answer_question', () => store.streams.answer(key, answer))).toBe(true);
    expect(await store.streams.answer(key, { question: 'q', body: bytes('no') })).toBe(false);
    expect(await store.streams.answer(key, answer)).toBe(false);
    expect(await store.streams.answers(key)).toEqual([answer]);
    const claimed = await lossy('claim_stream', () => store.streams.claim(key, by('r1'), 'r2'));
    expect(claimed).toMatchObject({ holder: 'r2', epoch: 2, last: 1 });
    expect(await store.streams.claim(key, by('r1'), 'r2')).toBeUndefined();
    expect(await lossy('finish_stream', () => store.streams.finish(key, by('r2', 2), BOUNDS))).toBe(true);
    expect(await store.streams.finish(key, by('r2', 2), BOUNDS)).toBe(false);
    expect(await store.streams.after(key, 0)).toEqual({ events, ended: true });
  });

  it('says no to an answer that was not the first, however often it asks', async () => {
    await open();
    await store.streams.answer(key, { question: 'q', body: bytes('yes') });
    const late = { question: 'q', body: bytes('no') };
    expect(await lossy('answer_question', () => store.streams.answer(key, late))).toBe(false);
  });

  it('parks a call once, and hands it over once', async () => {
    await store.sweep({ maxEventBytes: 1 });
    const put = () => store.parked.put({ id, holder: 'r1', body: bytes('body') }, 60_000, 1_000);
    expect(await lossy('put_parked', put)).toBe(true);
    const save = () => store.parked.save(id, by('r1'), { answers: 'sending', ttlMs: 60_000 });
    expect(await lossy('save_parked', save)).toBe(true);
    expect(await lossy('claim_parked', () => store.parked.claim(id, by('r1'), 'r2'))).toMatchObject({
      epoch: 2,
      answers: 'sending',
    });
    expect(await store.parked.claim(id, by('r1'), 'r3')).toBeUndefined();
    await lossy('delete_parked', () => store.parked.delete(id, by('r2', 2)));
    expect(await store.parked.read(id)).toBeUndefined();
  });

  it('makes, moves on and ends a task once', async () => {
    const task = { id, owner: 'o', server: 's', upstream: 'u', tool: 't', attempts: 0 };
    const times = { deadlineMs: 60_000, retentionMs: 60_000, body: bytes('again') };
    const create = () => store.tasks.create({ ...task, ...times, holder: 'r1', body: bytes('body') });
    expect(await lossy('create_tasks', create)).toMatchObject({ id, epoch: 1, body: bytes('body') });
    await expect(create()).rejects.toThrow(TypeError);
    expect(await lossy('save_task', () => store.tasks.save(id, by('r1'), { attempts: 1 }))).toBe(true);
    const pause = { state: 'input_required', dueMs: undefined, body: bytes('paused') } as const;
    expect(await lossy('pause_task', () => store.tasks.pause(id, by('r1'), pause))).toBe(true);
    expect(await store.tasks.pause(id, by('r1'), pause)).toBe(false);
    const answers = [{ key: 'name', body: bytes('Eve') }];
    expect(await lossy('answer_task', () => store.tasks.answer(id, answers))).toBe(true);
    expect(await store.tasks.answers(id)).toEqual(answers);
    const taken = await lossy('take_task', () => store.tasks.take(id, 'r2'));
    expect(taken).toMatchObject({ holder: 'r2', epoch: 2 });
    expect(await store.tasks.take(id, 'r2')).toBeUndefined();
    const failed = { state: 'failed', outcome: bytes('error'), keepBody: true, retentionMs: 60_000 } as const;
    expect(await lossy('finish_tasks', () => store.tasks.finish(id, by('r2', 2), failed))).toBe(true);
    expect(await store.tasks.finish(id, by('r2', 2), failed)).toBe(false);
    const fresh = { ...times, body: bytes('anew') };
    const revived = await lossy('revive_task', () => store.tasks.revive(id, fresh));
    expect(revived).toMatchObject({ id, state: 'working', holder: undefined });
    const claimed = await lossy('claim_tasks', () => store.tasks.claim('r3', 10));
    expect(claimed).toMatchObject([{ id, holder: 'r3' }]);
    expect(await store.tasks.read(id)).toEqual(claimed[0]);
    expect(await lossy('cancel_task', () => store.tasks.cancel(id, 60_000))).toMatchObject({
      state: 'cancelled',
      holder: 'r3',
    });
    await lossy('release_task', () => store.tasks.release(id, by('r3', claimed[0]?.epoch)));
    expect(await store.tasks.read(id)).toMatchObject({ holder: undefined, body: undefined });
  });

  it('finds by the next claim what one took that nobody heard of, and makes no task that was refused', async () => {
    const task = { id, owner: 'o', server: 's', upstream: 'u', tool: 't', attempts: 0, body: undefined };
    const times = { deadlineMs: 60_000, retentionMs: 60_000 };
    const create = (name: string, holder?: string) =>
      store.tasks.create({ ...task, ...times, id: name, holder });
    const never = async (name: string, run: () => Promise<unknown>): Promise<void> => {
      const lose = (): void => proxy.loseAnswerTo(`gateward_${name}\0`);
      lose();
      const losing = setInterval(lose, 1);
      const code = await codeOf(run());
      clearInterval(losing);
      proxy.loseAnswerTo('nothing');
      expect(code).toBe('STORE_UNAVAILABLE');
    };
    await create(id);
    await never('claim_tasks', () => store.tasks.claim('r1', 10));
    expect(await store.tasks.read(id)).toMatchObject({ holder: 'r1' });
    expect(await store.tasks.claim('r1', 10)).toMatchObject([{ id, holder: 'r1' }]);
    await never('create_tasks', () => create(`${id} 2`, 'r1'));
    expect(await store.tasks.read(`${id} 2`)).toBeDefined();
    await store.tasks.claim('r1', 10);
    expect(await store.tasks.read(`${id} 2`)).toBeUndefined();
  }, 20_000);

  it('delivers a letter once', async () => {
    await lossy('send_letters', () => store.mail.send([{ to: id, body: bytes('1') }], 60_000));
    await store.mail.send([{ to: id, body: bytes('2') }], 60_000);
    const letters = await store.mail.collect(id, []);
    expect(letters.map(({ body }) => body.toString())).toEqual(['1', '2']);
    const done = letters.map((letter) => letter.id);
    expect(await lossy('drop_letters', () => store.mail.collect(id, done))).toEqual([]);
  });

  it('tells a replica that it was dead, even if the first word of that was lost', async () => {
    await store.replicas.renew(id, 1);
    await sleep(20);
    expect((await lossy('renew_replica', () => store.replicas.renew(id, 10_000))).wasDead).toBe(true);
    expect((await store.replicas.renew(id, 10_000)).wasDead).toBe(false);
  });

  it('claims what there is one of once', async () => {
    expect(await lossy('make_owner', () => store.owners.claim(id, 'dead'))).toMatchObject({ epoch: 1 });
    const taken = await lossy('take_over_owner', () => store.owners.claim(id, 'next'));
    expect(taken).toMatchObject({ holder: 'next', epoch: 2 });
    expect(await lossy('note_owner', () => store.owners.note(id, by('next', 2), bytes('n')))).toBe(true);
  });

  it('makes and revokes a key once', async () => {
    const key = { id, name: id, hash: bytes('h'), servers: undefined, ttlMs: undefined };
    expect(await lossy('create_key', () => store.keys.create(key))).toMatchObject({
      id,
      revokedAt: undefined,
    });
    expect(await codeOf(store.keys.create({ ...key, id: `${id}2` }))).toBe('KEY_EXISTS');
    expect((await lossy('revoke_key', () => store.keys.revoke(id)))?.revokedAt).toBeGreaterThan(0);
    expect(await store.keys.revoke(id)).toBeUndefined();
  });

  it('notes and decides what was seen once', async () => {
    const seen: Seen = {
      ...{ upstream: id, kind: 'tools', name: 'search', digest: 'sha256:1', body: '{}', findings: '[]' },
      ...{ state: 'approved', decidedBy: 'first sight' },
    };
    const pending: Seen = { ...seen, name: 'fetch', state: 'pending', decidedBy: undefined };
    expect(await lossy('add_approvals', () => store.approvals.see([seen, pending], 10))).toEqual([
      'approved',
      'pending',
    ]);
    const ids = [approvalId(pending), approvalId(seen)];
    const decided = await lossy('decide_approvals', () => store.approvals.decide(ids, 'rejected', 'eve'));
    expect(decided.map(({ name, state }) => [name, state])).toEqual([
      ['fetch', 'rejected'],
      ['search', 'rejected'],
    ]);
    expect(await store.approvals.list({ upstream: id }, { max: 10 })).toEqual(decided.toReversed());
  });

  it('changes and ends a session', async () => {
    await lossy('change_session', () => store.sessions.change(id, { subscribe: 'x' }, 60_000));
    expect((await store.sessions.read(id))?.subscriptions).toEqual(['x']);
    await lossy('end_session', () => store.sessions.end(id, 60_000));
    expect((await store.sessions.read(id))?.ended).toBe(true);
  });

  it('leaves connections behind that say nothing any more', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => store.sessions.read(`${id} ${n}`)));
    proxy.swallow();
    const start = performance.now();
    const reads = Array.from({ length: 5 }, (_, n) => store.sessions.read(`${id} ${n}`));
    expect(await Promise.all(reads)).toEqual(reads.map(() => undefined));
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('a store by its own clock', () => {
  it('lets things expire, tells changes once, and keeps its connections few', async () => {
    const [a, b] = await Promise.all([
      createPostgresStore({ url: postgres.url, log }),
      createPostgresStore({ url: postgres.url, log }),
    ]);
    let cursor = (await a.changes.since(undefined))?.cursor ?? '';
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => b.sessions.change(`clock ${n}`, { logLevel: 'info' }, 300)),
    );
    const told: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const changes = await a.changes.since(cursor);
      cursor = changes?.cursor ?? '';
      told.push(...(changes?.sessions ?? []));
    }
    expect(told.toSorted()).toEqual(Array.from({ length: 100 }, (_, n) => `clock ${n}`).toSorted());
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    const { rows } = await client.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'gateward'`,
    );
    expect(rows[0].count).toBeLessThanOrEqual(20);
    await vi.waitFor(async () => {
      await b.sweep({ maxEventBytes: 0 });
      const left = await client.query(
        `SELECT count(*)::int AS count FROM gateward_sessions WHERE key LIKE 'clock %'`,
      );
      expect(left.rows[0].count).toBe(0);
    }, 5_000);
    expect(await a.sessions.read('clock 1')).toBeUndefined();
    await client.end();
    await Promise.all([a.close(), b.close()]);
  });
});
