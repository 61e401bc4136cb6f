import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatewardError } from '../../src/errors.ts';
import type { Holding } from '../../src/store/holding.ts';
import type { EventBounds, Store, StreamEvent, StreamKey } from '../../src/store/store.ts';
import type { Database } from './database.ts';
import { openTwice } from './open-twice.ts';
import { runProcesses } from './processes.ts';

const BOUNDS: EventBounds = { maxAgeMs: 10_000, maxBytes: 1000 };
const SWEEP = { maxEventBytes: 1_000_000 };

const bytes = (text: string): Buffer => Buffer.from(text);
const event = (number: number, data = `event ${number}`): StreamEvent => ({ number, data: bytes(data) });
const by = (holder: string, epoch = 1): Holding => ({ holder, epoch });

/** What every store does. `fresh` gives an empty database that no other suite works on. */
export function storeContract(fresh: () => Promise<Database>): void {
  let database: Database;
  let time = 1_750_000_000_000;
  let a: Store;
  let b: Store;
  /** Names that no other test uses, since all work on one database. */
  let id: string;
  let key: StreamKey;

  const pass = (ms: number): void => {
    time += ms;
  };
  const openStream = (store = a, holder = 'r1'): Promise<void> =>
    store.streams.open({ key, holder, requests: ['1', '"two"'], work: bytes('work') });
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'none',
      (error: GatewardError) => error.code,
    );

  openTwice(
    fresh,
    () => time,
    (opened) => {
      ({ database, a, b } = opened);
    },
  );
  beforeEach(() => {
    id = randomBytes(6).toString('hex');
    key = { session: `session ${id}`, stream: `stream ${id}` };
  });
  afterEach(() => pass(1));

  describe('replicas', () => {
    it('live until their lease runs out, and are told that it had', async () => {
      expect(await a.replicas.renew(`${id}1`, 1000)).toEqual({
        live: expect.arrayContaining([`${id}1`]),
        wasDead: false,
      });
      pass(600);
      const { live } = await b.replicas.renew(`${id}2`, 1000);
      expect(live).toEqual(expect.arrayContaining([`${id}1`, `${id}2`]));
      pass(600);
      expect((await b.replicas.renew(`${id}2`, 1000)).live).not.toContain(`${id}1`);
      expect((await a.replicas.renew(`${id}1`, 1000)).wasDead).toBe(true);
      expect((await a.replicas.renew(`${id}1`, 1000)).wasDead).toBe(false);
    });

    it('are dead at once when they leave, and their mail is gone', async () => {
      await a.replicas.renew(id, 1000);
      await b.mail.send([{ to: id, body: bytes('late') }], 1000);
      await a.replicas.leave(id);
      expect((await b.replicas.renew(`${id}2`, 1000)).live).not.toContain(id);
      expect(await a.mail.collect(id, [])).toEqual([]);
      expect((await a.replicas.renew(id, 1000)).wasDead).toBe(true);
    });

    it('that were dead for a day are forgotten by the sweep, with what they owned', async () => {
      await a.replicas.renew(id, 1000);
      const { epoch } = await a.owners.claim(id, id);
      await a.owners.note(id, by(id, epoch), bytes('note'));
      pass(23 * 3_600_000);
      await a.sweep(SWEEP);
      expect((await a.owners.claim(id, 'next')).note).toEqual(bytes('note'));
      await a.owners.claim(`${id}2`, id);
      pass(3 * 3_600_000);
      await a.sweep(SWEEP);
      expect(await a.owners.claim(`${id}2`, 'next')).toEqual({ holder: 'next', epoch: 1, note: undefined });
    });
  });

  describe('mail', () => {
    const textsOf = async (to: string, done: readonly string[] = []): Promise<string[]> =>
      (await b.mail.collect(to, done)).map(({ body }) => body.toString());

    it('comes in the order of its sending, again and again until it is named as done', async () => {
      await a.mail.send(
        ['1', '2', '3'].map((body) => ({ to: id, body: bytes(body) })),
        1000,
      );
      await a.mail.send([{ to: id, body: bytes('4') }], 1000);
      const letters = await b.mail.collect(id, []);
      expect(letters.map(({ body }) => body.toString())).toEqual(['1', '2', '3', '4']);
      expect(await b.mail.collect(id, [])).toEqual(letters);
      const done = letters.slice(0, 2).map((letter) => letter.id);
      expect(await textsOf(id, done)).toEqual(['3', '4']);
      expect(await textsOf(id, done)).toEqual(['3', '4']);
      await a.mail.send([{ to: id, body: bytes('5') }], 1000);
      expect(await textsOf(id)).toEqual(['3', '4', '5']);
    });

    it('is for the replica that it is addressed to alone', async () => {
      await a.mail.send([{ to: id, body: bytes('mine') }], 1000);
      const [mine] = await b.mail.collect(id, []);
      expect(await b.mail.collect(`${id}2`, [mine?.id ?? ''])).toEqual([]);
      expect(await textsOf(id)).toEqual(['mine']);
    });

    it('expires', async () => {
      await a.mail.send([{ to: id, body: bytes('short') }], 1000);
      await a.mail.send([{ to: id, body: bytes('long') }], 5000);
      pass(1000);
      expect(await textsOf(id)).toEqual(['long']);
      await a.sweep(SWEEP);
      expect(await textsOf(id)).toEqual(['long']);
    });

    it('is given 500 letters at a time', async () => {
      const bodies = Array.from({ length: 700 }, (_, n) => String(n));
      await a.mail.send(
        bodies.map((body) => ({ to: id, body: bytes(body) })),
        1000,
      );
      const first = await b.mail.collect(id, []);
      expect(first.map(({ body }) => body.toString())).toEqual(bodies.slice(0, 500));
      expect(
        await textsOf(
          id,
          first.map((letter) => letter.id),
        ),
      ).toEqual(bodies.slice(500));
    });

    it('is given in parts when it is large, at least one letter at a time, bytes unchanged', async () => {
      const bodies = Array.from({ length: 4 }, () => randomBytes(3_000_000));
      for (const body of bodies) await a.mail.send([{ to: id, body }], 10_000);
      const got: Buffer[] = [];
      let letters = await b.mail.collect(id, []);
      while (letters.length > 0) {
        expect(letters.length).toBeLessThan(4);
        got.push(...letters.map(({ body }) => body));
        letters = await b.mail.collect(
          id,
          letters.map((letter) => letter.id),
        );
      }
      expect(Buffer.concat(got).equals(Buffer.concat(bodies))).toBe(true);
    });

    it('of no letters is nothing', async () => {
      await a.mail.send([], 1000);
      expect(await b.mail.collect(id, ['no such letter', ''])).toEqual([]);
    });

    it('may be empty', async () => {
      await a.mail.send([{ to: id, body: Buffer.alloc(0) }], 1000);
      expect(await textsOf(id)).toEqual(['']);
    });
  });

  describe('sessions', () => {
    const NEW = {
      ended: false,
      logLevel: undefined,
      subscriptions: [],
      streamHolder: undefined,
      extra: undefined,
    };

    it('are unknown until they change', async () => {
      expect(await a.sessions.read(id)).toBeUndefined();
      await a.sessions.change(id, { logLevel: 'debug' }, 1000);
      expect(await b.sessions.read(id)).toEqual({ ...NEW, logLevel: 'debug' });
    });

    it('keep what a change leaves out', async () => {
      await a.sessions.change(id, { logLevel: 'debug', subscriptions: ['x', 'y'] }, 1000);
      await b.sessions.change(id, { streamHolder: 'r1', extra: bytes('more') }, 1000);
      const all = {
        ended: false,
        logLevel: 'debug',
        subscriptions: ['x', 'y'],
        streamHolder: 'r1',
        extra: bytes('more'),
      };
      expect(await a.sessions.read(id)).toEqual(all);
      await a.sessions.change(id, { streamHolder: null, subscriptions: [] }, 1000);
      expect(await a.sessions.read(id)).toEqual({ ...all, streamHolder: undefined, subscriptions: [] });
      await a.sessions.change(id, {}, 1000);
      expect(await a.sessions.read(id)).toEqual({ ...all, streamHolder: undefined, subscriptions: [] });
    });

    it('take single subscriptions from several replicas at once', async () => {
      const uris = Array.from({ length: 20 }, (_, n) => `test://${n}`);
      await Promise.all(uris.map((subscribe, n) => (n % 2 ? a : b).sessions.change(id, { subscribe }, 1000)));
      expect((await a.sessions.read(id))?.subscriptions.toSorted()).toEqual(uris.toSorted());
      await a.sessions.change(id, { subscribe: 'test://3' }, 1000);
      await Promise.all(
        uris.slice(1).map((unsubscribe, n) => (n % 2 ? a : b).sessions.change(id, { unsubscribe }, 1000)),
      );
      expect((await a.sessions.read(id))?.subscriptions).toEqual(['test://0']);
      await a.sessions.change(id, { subscriptions: ['x'], subscribe: 'y', unsubscribe: 'z' }, 1000);
      expect((await a.sessions.read(id))?.subscriptions).toEqual(['x', 'y']);
    });

    it('end for good', async () => {
      await a.sessions.change(id, { logLevel: 'debug', extra: bytes('more') }, 1000);
      await b.sessions.end(id, 1000);
      await a.sessions.change(id, { logLevel: 'info' }, 5000);
      expect(await a.sessions.read(id)).toEqual({ ...NEW, ended: true });
      pass(1000);
      expect(await a.sessions.read(id)).toBeUndefined();
    });

    it('end before they ever changed', async () => {
      await a.sessions.end(id, 1000);
      expect(await b.sessions.read(id)).toEqual({ ...NEW, ended: true });
    });

    it('take their streams, events and answers with them when they end', async () => {
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      await a.streams.answer(key, { question: 'q', body: bytes('yes') });
      await b.sessions.end(key.session, 1000);
      expect(await a.streams.read(key)).toBeUndefined();
      expect(await a.streams.after(key, 0)).toBeUndefined();
      expect(await a.streams.answers(key)).toEqual([]);
      expect(await a.streams.append(key, by('r1'), { events: [event(2)], bounds: BOUNDS })).toBe(false);
    });

    it('last from their newest change on, and begin anew after that', async () => {
      await a.sessions.change(id, { logLevel: 'debug' }, 1000);
      pass(600);
      await a.sessions.change(id, { subscribe: 'x' }, 1000);
      pass(600);
      expect((await a.sessions.read(id))?.logLevel).toBe('debug');
      pass(400);
      expect(await a.sessions.read(id)).toBeUndefined();
      await a.sessions.change(id, { subscribe: 'y' }, 1000);
      expect(await a.sessions.read(id)).toEqual({ ...NEW, subscriptions: ['y'] });
      pass(1000);
      await a.sweep(SWEEP);
      expect(await a.sessions.read(id)).toBeUndefined();
    });
  });

  describe('streams', () => {
    it('are known as they were opened, once', async () => {
      expect(await a.streams.read(key)).toBeUndefined();
      await openStream();
      await openStream(b, 'r2');
      expect(await b.streams.read(key)).toEqual({
        key,
        holder: 'r1',
        epoch: 1,
        requests: ['1', '"two"'],
        work: bytes('work'),
        last: 0,
        ended: false,
      });
      await a.streams.saveWork(key, by('r1'), bytes('more work'));
      expect((await b.streams.read(key))?.work).toEqual(bytes('more work'));
    });

    it('replay what follows a number, on any replica', async () => {
      await openStream();
      expect(await b.streams.after(key, 0)).toEqual({ events: [], ended: false });
      expect(await a.streams.append(key, by('r1'), { events: [event(1), event(2)], bounds: BOUNDS })).toBe(
        true,
      );
      expect(await a.streams.append(key, by('r1'), { events: [event(3, '')], bounds: BOUNDS })).toBe(true);
      expect(await b.streams.after(key, 0)).toEqual({
        events: [event(1), event(2), event(3, '')],
        ended: false,
      });
      expect(await b.streams.after(key, 2)).toEqual({ events: [event(3, '')], ended: false });
      expect(await b.streams.after(key, 3)).toEqual({ events: [], ended: false });
      expect((await b.streams.read(key))?.last).toBe(3);
    });

    it('replay nothing after an event that they do not have', async () => {
      expect(await a.streams.after(key, 0)).toBeUndefined();
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      expect(await a.streams.after(key, 2)).toBeUndefined();
    });

    it('replay nothing over a number that was left out', async () => {
      await openStream();
      await a.streams
        .append(key, by('r1'), { events: [event(1), event(3)], bounds: BOUNDS })
        .catch(() => undefined);
      await expectNoGap(b, { key, from: 0, sent: [] });
    });

    it('take an event that is written again for the one that they have', async () => {
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      expect(await a.streams.append(key, by('r1'), { events: [event(1), event(2)], bounds: BOUNDS })).toBe(
        true,
      );
      expect((await a.streams.after(key, 0))?.events).toEqual([event(1), event(2)]);
    });

    it('drop their oldest events above their bound, and then say so', async () => {
      await openStream();
      const large = 'x'.repeat(400);
      await a.streams.append(key, by('r1'), { events: [event(1, large), event(2, large)], bounds: BOUNDS });
      expect((await a.streams.after(key, 0))?.events).toHaveLength(2);
      await a.streams.append(key, by('r1'), { events: [event(3, large)], bounds: BOUNDS });
      expect(await a.streams.after(key, 0)).toBeUndefined();
      expect((await a.streams.after(key, 1))?.events).toEqual([event(2, large), event(3, large)]);
      await a.streams.append(key, by('r1'), { events: [event(4, 'x'.repeat(5000))], bounds: BOUNDS });
      expect(await a.streams.after(key, 3)).toBeUndefined();
      expect(await a.streams.after(key, 4)).toEqual({ events: [], ended: false });
      await a.streams.append(key, by('r1'), { events: [event(5)], bounds: BOUNDS });
      expect((await a.streams.after(key, 4))?.events).toEqual([event(5)]);
    });

    it('keep events for their age', async () => {
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      pass(6000);
      await a.streams.append(key, by('r1'), { events: [event(2)], bounds: BOUNDS });
      pass(6000);
      for (const swept of [false, true]) {
        if (swept) await a.sweep(SWEEP);
        expect(await a.streams.after(key, 0)).toBeUndefined();
        expect((await a.streams.after(key, 1))?.events).toEqual([event(2)]);
      }
      pass(6000);
      await a.sweep(SWEEP);
      expect(await a.streams.after(key, 1)).toBeUndefined();
      expect(await a.streams.after(key, 2)).toEqual({ events: [], ended: false });
      expect((await a.streams.read(key))?.last).toBe(2);
    });

    it('are made known together with their first events, once', async () => {
      const opens = { requests: ['1'], work: bytes('work') };
      const first = { events: [event(1), event(2)], bounds: BOUNDS, opens };
      expect(await a.streams.append(key, by('r1'), first)).toBe(true);
      const known = { holder: 'r1', epoch: 1, requests: ['1'], work: bytes('work'), last: 2, ended: false };
      expect(await b.streams.read(key)).toEqual({ key, ...known });
      // The answer to the first time was lost, and the work has changed since.
      const again = { ...first, opens: { ...opens, work: bytes('other work') } };
      expect(await a.streams.append(key, by('r1'), again)).toBe(true);
      expect(await a.streams.append(key, by('r2'), again)).toBe(false);
      expect(await b.streams.read(key)).toEqual({ key, ...known });
      expect(await b.streams.after(key, 0)).toEqual({ events: [event(1), event(2)], ended: false });
      await a.streams.append(key, by('r1'), { events: [event(3)], bounds: BOUNDS });
      expect(await b.streams.after(key, 2)).toEqual({ events: [event(3)], ended: false });
    });

    it('end together with their last events, and say so again', async () => {
      await openStream();
      await a.streams.answer(key, { question: 'q', body: bytes('yes') });
      const last = { events: [event(1)], bounds: BOUNDS, ends: true };
      expect(await a.streams.append(key, by('r2'), last)).toBe(false);
      expect(await b.streams.read(key)).toMatchObject({ work: bytes('work'), ended: false });
      expect(await a.streams.append(key, by('r1'), last)).toBe(true);
      expect(await b.streams.read(key)).toMatchObject({ work: undefined, ended: true, last: 1 });
      expect(await b.streams.answers(key)).toEqual([]);
      expect(await b.streams.after(key, 0)).toEqual({ events: [event(1)], ended: true });
      expect(await a.streams.append(key, by('r1'), last)).toBe(true);
      expect(await a.streams.append(key, by('r1'), { ...last, events: [event(2)] })).toBe(false);
      expect(await a.streams.append(key, by('r1', 2), last)).toBe(false);
      pass(BOUNDS.maxAgeMs);
      expect(await b.streams.read(key)).toBeUndefined();
    });

    it('are made known and end at once where all is said at once', async () => {
      const opens = { requests: ['1'], work: bytes('work') };
      const all = { events: [event(1), event(2)], bounds: BOUNDS, opens, ends: true };
      expect(await a.streams.append(key, by('r1'), all)).toBe(true);
      expect(await b.streams.read(key)).toMatchObject({ work: undefined, ended: true, last: 2 });
      expect(await b.streams.after(key, 0)).toEqual({ events: [event(1), event(2)], ended: true });
      expect(await a.streams.append(key, by('r1'), all)).toBe(true);
      expect(await b.streams.after(key, 1)).toEqual({ events: [event(2)], ended: true });
    });

    it('have no work and no answers once they have ended, and are forgotten then', async () => {
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      await a.streams.answer(key, { question: 'q', body: bytes('yes') });
      expect(await a.streams.finish(key, by('r1'), BOUNDS)).toBe(true);
      expect(await b.streams.read(key)).toMatchObject({ work: undefined, ended: true, last: 1 });
      expect(await b.streams.answers(key)).toEqual([]);
      expect(await b.streams.after(key, 0)).toEqual({ events: [event(1)], ended: true });
      pass(BOUNDS.maxAgeMs);
      expect(await b.streams.read(key)).toBeUndefined();
      await a.sweep(SWEEP);
      expect(await b.streams.read(key)).toBeUndefined();
    });

    it('take nothing from who does not hold them', async () => {
      await openStream();
      await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS });
      const claimed = await b.streams.claim(key, by('r1'), 'r2');
      expect(claimed).toMatchObject({ key, holder: 'r2', epoch: 2, last: 1, work: bytes('work') });
      for (const other of [by('r1'), by('r2'), by('r1', 2), by('r3', 2)]) {
        expect(await a.streams.append(key, other, { events: [event(2, 'foreign')], bounds: BOUNDS })).toBe(
          false,
        );
        expect(await a.streams.saveWork(key, other, bytes('foreign'))).toBe(false);
        expect(await a.streams.finish(key, other, BOUNDS)).toBe(false);
        expect(await a.streams.claim(key, other, 'r3')).toBeUndefined();
      }
      expect(await b.streams.append(key, by('r2', 2), { events: [event(2)], bounds: BOUNDS })).toBe(true);
      expect((await a.streams.after(key, 0))?.events).toEqual([event(1), event(2)]);
      expect(await a.streams.read(key)).toMatchObject({ work: bytes('work'), holder: 'r2', epoch: 2 });
    });

    it('take nothing after their end', async () => {
      await openStream();
      await a.streams.finish(key, by('r1'), BOUNDS);
      expect(await a.streams.append(key, by('r1'), { events: [event(1)], bounds: BOUNDS })).toBe(false);
      expect(await a.streams.saveWork(key, by('r1'), bytes('more'))).toBe(false);
      expect(await a.streams.finish(key, by('r1'), BOUNDS)).toBe(false);
      expect(await b.streams.claim(key, by('r1'), 'r2')).toBeUndefined();
      expect(await b.streams.answer(key, { question: 'q', body: bytes('late') })).toBe(false);
    });

    it('keep the first answer to a question', async () => {
      expect(await a.streams.answer(key, { question: 'q1', body: bytes('to nothing') })).toBe(false);
      await openStream();
      expect(await a.streams.answer(key, { question: 'q1', body: bytes('first') })).toBe(true);
      expect(await b.streams.answer(key, { question: 'q1', body: bytes('second') })).toBe(false);
      expect(await b.streams.answer(key, { question: 'q2', body: bytes('other') })).toBe(true);
      expect(await a.streams.answers(key)).toEqual([
        { question: 'q1', body: bytes('first') },
        { question: 'q2', body: bytes('other') },
      ]);
    });

    it('keep one of many answers that come at once', async () => {
      await openStream();
      const given = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const body = bytes(String(n));
          return (await (n % 2 ? a : b).streams.answer(key, { question: 'q', body })) ? [body] : [];
        }),
      );
      expect(given.flat()).toHaveLength(1);
      expect(await a.streams.answers(key)).toEqual([{ question: 'q', body: given.flat()[0] }]);
    });

    it('of a session are those that have not ended', async () => {
      const other = { session: key.session, stream: `${id} other` };
      await openStream();
      await a.streams.open({ key: other, holder: 'r2', requests: [], work: undefined });
      expect((await b.streams.ofSession(key.session)).map((row) => row.key.stream).toSorted()).toEqual(
        [key.stream, other.stream].toSorted(),
      );
      await a.streams.finish(key, by('r1'), BOUNDS);
      expect(await b.streams.ofSession(key.session)).toEqual([
        { key: other, holder: 'r2', epoch: 1, requests: [], work: undefined, last: 0, ended: false },
      ]);
      expect(await b.streams.ofSession(id)).toEqual([]);
    });

    it('are orphans when their holder is dead, until somebody who lives claims them', async () => {
      const orphans = async (): Promise<string[]> =>
        (await b.streams.orphans(1000)).map((row) => row.key.stream).filter((name) => name === key.stream);
      await a.replicas.renew(`${id}1`, 1000);
      await b.replicas.renew(`${id}2`, 60_000);
      await openStream(a, `${id}1`);
      expect(await orphans()).toEqual([]);
      pass(1000);
      expect(await orphans()).toEqual([key.stream]);
      expect(await b.streams.orphans(0)).toEqual([]);
      await b.streams.claim(key, by(`${id}1`), `${id}2`);
      expect(await orphans()).toEqual([]);
      await b.replicas.leave(`${id}2`);
      expect(await orphans()).toEqual([key.stream]);
      await b.streams.finish(key, by(`${id}2`, 2), BOUNDS);
      expect(await orphans()).toEqual([]);
    });

    it('are won by one of many who claim them at once', async () => {
      await openStream();
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).streams.claim(key, by('r1'), `claimer ${n}`)),
      );
      const won = claims.filter((row) => row !== undefined);
      expect(won).toHaveLength(1);
      expect(await a.streams.read(key)).toEqual(won[0]);
    });

    it('never have a gap in what they replay', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ size: fc.nat(400), read: fc.nat(30), many: fc.integer({ min: 1, max: 3 }) }), {
            minLength: 1,
            maxLength: 12,
          }),
          async (steps) => {
            key = { session: `s ${id}`, stream: randomBytes(8).toString('hex') };
            await openStream();
            const sent: StreamEvent[] = [];
            const reads: Promise<void>[] = [];
            for (const { size, read, many } of steps) {
              const batch = Array.from({ length: many }, (_, n) =>
                event(sent.length + n + 1, String(n).repeat(size)),
              );
              reads.push(expectNoGap(b, { key, from: read, sent }));
              expect(await a.streams.append(key, by('r1'), { events: batch, bounds: BOUNDS })).toBe(true);
              sent.push(...batch);
              reads.push(expectNoGap(b, { key, from: Math.min(read, sent.length), sent }));
            }
            await Promise.all(reads);
            expect((await b.streams.after(key, sent.length - 1))?.events).toEqual(sent.slice(-1));
          },
        ),
        { numRuns: 25 },
      );
    });
  });

  describe('all events together', () => {
    it('lose the oldest above the bound of the sweep', async () => {
      const streams = ['1', '2', '3'].map((name) => ({ session: key.session, stream: `${id} ${name}` }));
      const data = 'x'.repeat(900);
      for (const stream of streams) {
        await a.streams.open({ key: stream, holder: 'r1', requests: [], work: undefined });
        await a.streams.append(stream, by('r1'), { events: [event(1, data)], bounds: BOUNDS });
        pass(10);
      }
      await a.sweep({ maxEventBytes: 1900 });
      const kept = await Promise.all(streams.map((stream) => b.streams.after(stream, 0)));
      expect(kept.map((replay) => replay?.events.length)).toEqual([undefined, 1, 1]);
      await a.sweep({ maxEventBytes: 0 });
      for (const stream of streams) expect(await b.streams.after(stream, 0)).toBeUndefined();
      const [first = key] = streams;
      expect(await a.streams.append(first, by('r1'), { events: [event(2)], bounds: BOUNDS })).toBe(true);
      expect((await b.streams.after(first, 1))?.events).toEqual([event(2)]);
    });

    it('are deleted by a sweep, however many have expired', async () => {
      await openStream();
      for (let n = 0; n < 10; n++) {
        const batch = Array.from({ length: 100 }, (_, m) => event(100 * n + m + 1, ''));
        await a.streams.append(key, by('r1'), { events: batch, bounds: BOUNDS });
      }
      pass(BOUNDS.maxAgeMs);
      await a.sweep(SWEEP);
      expect(await a.streams.after(key, 0)).toBeUndefined();
      expect(await a.streams.after(key, 1000)).toEqual({ events: [], ended: false });
    });
  });

  describe('parked calls', () => {
    const put = (name = id, maxRows = 1000): Promise<boolean> =>
      a.parked.put({ id: name, holder: 'r1', body: bytes('body') }, 1000, maxRows);

    it('are read as they were put, until they expire', async () => {
      expect(await put()).toBe(true);
      const row = { id, holder: 'r1', epoch: 1, answers: 'none', body: bytes('body') };
      expect(await b.parked.read(id)).toEqual(row);
      expect(await b.parked.read(`${id}2`)).toBeUndefined();
      pass(1000);
      expect(await b.parked.read(id)).toBeUndefined();
      expect(await a.parked.save(id, by('r1'), { ttlMs: 1000 })).toBe(false);
      expect(await b.parked.claim(id, by('r1'), 'r2')).toBeUndefined();
      await a.sweep(SWEEP);
      expect(await b.parked.read(id)).toBeUndefined();
    });

    it('are no more than the bound', async () => {
      pass(1000);
      expect(await put(`${id}1`, 2)).toBe(true);
      expect(await put(`${id}2`, 2)).toBe(true);
      expect(await put(`${id}3`, 2)).toBe(false);
      expect(await b.parked.read(`${id}3`)).toBeUndefined();
      await a.parked.delete(`${id}1`, by('r1'));
      expect(await put(`${id}3`, 2)).toBe(true);
      expect(await put(`${id}4`, 0)).toBe(false);
      pass(1000);
      expect(await put(`${id}4`, 2)).toBe(true);
    });

    it('keep what a save leaves out, and last from then on', async () => {
      await put();
      pass(600);
      expect(await a.parked.save(id, by('r1'), { answers: 'sending', ttlMs: 1000 })).toBe(true);
      pass(600);
      expect(await b.parked.read(id)).toMatchObject({ answers: 'sending', body: bytes('body') });
      expect(await a.parked.save(id, by('r1'), { body: bytes('next'), ttlMs: 1000 })).toBe(true);
      expect(await b.parked.read(id)).toMatchObject({ answers: 'sending', body: bytes('next') });
      await a.parked.save(id, by('r1'), { answers: 'sent', body: bytes('last'), ttlMs: 1000 });
      expect(await b.parked.read(id)).toMatchObject({ answers: 'sent', body: bytes('last') });
    });

    it('take nothing from who does not hold them', async () => {
      await put();
      const claimed = await b.parked.claim(id, by('r1'), 'r2');
      expect(claimed).toEqual({ id, holder: 'r2', epoch: 2, answers: 'none', body: bytes('body') });
      for (const other of [by('r1'), by('r2'), by('r1', 2), by('r3', 2)]) {
        expect(await a.parked.save(id, other, { answers: 'sent', ttlMs: 9000 })).toBe(false);
        expect(await a.parked.claim(id, other, 'r3')).toBeUndefined();
        await a.parked.delete(id, other);
      }
      expect(await a.parked.read(id)).toEqual(claimed);
      await b.parked.delete(id, by('r2', 2));
      expect(await a.parked.read(id)).toBeUndefined();
    });

    it('are won by one of many who claim them at once', async () => {
      await put();
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).parked.claim(id, by('r1'), `claimer ${n}`)),
      );
      const won = claims.filter((row) => row !== undefined);
      expect(won).toHaveLength(1);
      expect(await a.parked.read(id)).toEqual(won[0]);
    });
  });

  describe('owners', () => {
    it('are owners as long as they live', async () => {
      await a.replicas.renew(`${id}1`, 1000);
      await b.replicas.renew(`${id}2`, 5000);
      expect(await a.owners.claim(id, `${id}1`)).toEqual({ holder: `${id}1`, epoch: 1, note: undefined });
      expect(await b.owners.claim(id, `${id}2`)).toEqual({ holder: `${id}1`, epoch: 1, note: undefined });
      expect(await a.owners.note(id, by(`${id}1`), bytes('note'))).toBe(true);
      expect(await a.owners.claim(id, `${id}1`)).toEqual({ holder: `${id}1`, epoch: 1, note: bytes('note') });
      pass(1000);
      expect(await b.owners.claim(id, `${id}2`)).toEqual({ holder: `${id}2`, epoch: 2, note: bytes('note') });
    });

    it('leave notes and give up only what is theirs', async () => {
      await a.replicas.renew(`${id}1`, 1000);
      await a.owners.claim(id, `${id}1`);
      for (const other of [by(`${id}2`), by(`${id}1`, 2)]) {
        expect(await b.owners.note(id, other, bytes('foreign'))).toBe(false);
        await b.owners.release(id, other);
      }
      await a.owners.note(id, by(`${id}1`), bytes('note'));
      expect(await a.owners.claim(id, `${id}1`)).toMatchObject({ epoch: 1, note: bytes('note') });
      await a.owners.release(id, by(`${id}1`));
      expect(await b.owners.claim(id, `${id}2`)).toMatchObject({ holder: `${id}2`, note: undefined });
    });

    it('are one of many who claim at once', async () => {
      const names = Array.from({ length: 20 }, (_, n) => `${id} ${n}`);
      for (const name of names) await a.replicas.renew(name, 1000);
      const claims = await Promise.all(names.map((name, n) => (n % 2 ? a : b).owners.claim(id, name)));
      expect(new Set(claims.map(({ holder }) => holder)).size).toBe(1);
    });
  });

  describe('keys', () => {
    const create = (name: string, ttlMs?: number, store = a) =>
      store.keys.create({
        id: `${name} id`,
        name,
        hash: bytes(`hash of ${name}`),
        servers: ['files'],
        ttlMs,
      });

    it('are read as they were made', async () => {
      const made = await create(id, 5000);
      expect(made).toEqual({
        id: `${id} id`,
        name: id,
        hash: bytes(`hash of ${id}`),
        servers: ['files'],
        createdAt: time,
        expiresAt: time + 5000,
        revokedAt: undefined,
      });
      expect(await b.keys.read(`${id} id`)).toEqual(made);
      expect(await b.keys.read(id)).toBeUndefined();
      const all = await a.keys.create({
        id: `${id}2`,
        name: `${id}2`,
        hash: bytes('h'),
        servers: undefined,
        ttlMs: undefined,
      });
      expect(all).toMatchObject({ servers: undefined, expiresAt: undefined });
      expect(await b.keys.read(`${id}2`)).toEqual(all);
    });

    it('are listed, the oldest first, and outlive the sweep', async () => {
      for (const name of ['c', 'a', 'b']) {
        await create(`${id} ${name}`, 100);
        pass(10);
      }
      pass(1000);
      await a.sweep(SWEEP);
      const names = (await b.keys.list()).map(({ name }) => name).filter((name) => name.startsWith(id));
      expect(names).toEqual([`${id} c`, `${id} a`, `${id} b`]);
    });

    it('have a name that no other has, until they are revoked', async () => {
      await create(id);
      const again = { id: `${id}2`, name: id, hash: bytes('h'), servers: undefined, ttlMs: undefined };
      expect(await codeOf(b.keys.create(again))).toBe('KEY_EXISTS');
      expect(await b.keys.read(`${id}2`)).toBeUndefined();
      await a.keys.revoke(id);
      expect((await b.keys.create(again)).name).toBe(id);
    });

    it('have one name at a time, however many ask for it at once', async () => {
      const codes = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          codeOf(
            (n % 2 ? a : b).keys.create({
              id: `${id} ${n}`,
              name: id,
              hash: bytes('h'),
              servers: undefined,
              ttlMs: undefined,
            }),
          ),
        ),
      );
      expect(codes.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'KEY_EXISTS'), 'none']);
    });

    it('are revoked once, by id or by name', async () => {
      const byName = await create(id);
      await create(`${id}2`);
      pass(10);
      expect(await b.keys.revoke(id)).toEqual({ ...byName, revokedAt: time });
      expect((await b.keys.revoke(`${id}2 id`))?.name).toBe(`${id}2`);
      expect(await a.keys.read(byName.id)).toEqual({ ...byName, revokedAt: time });
      expect(await a.keys.revoke(id)).toBeUndefined();
      expect(await a.keys.revoke(`${id}2 id`)).toBeUndefined();
      expect(await a.keys.revoke(`${id}3`)).toBeUndefined();
    });
  });

  describe('changes', () => {
    const cursorNow = async (): Promise<string> => (await a.changes.since(undefined))?.cursor ?? '';

    it('are told of from a cursor on: sessions and revoked keys', async () => {
      const cursor = await cursorNow();
      await b.sessions.change(`${id} changed`, { logLevel: 'info' }, 1000);
      await b.sessions.end(`${id} ended`, 1000);
      await b.keys.create({
        id: `${id} key`,
        name: id,
        hash: bytes('h'),
        servers: undefined,
        ttlMs: undefined,
      });
      await b.keys.revoke(id);
      const changes = await a.changes.since(cursor);
      expect(changes?.sessions).toEqual(expect.arrayContaining([`${id} changed`, `${id} ended`]));
      expect(changes?.keys).toContain(`${id} key`);
    });

    it('tell nothing without a cursor, and nothing old for long', async () => {
      await b.sessions.change(id, { logLevel: 'info' }, 100_000);
      expect(await a.changes.since(undefined)).toMatchObject({ sessions: [], keys: [] });
      let cursor = await cursorNow();
      for (let n = 0; n < 5; n++) {
        pass(5000);
        cursor = (await a.changes.since(cursor))?.cursor ?? '';
      }
      expect(await a.changes.since(cursor)).toMatchObject({ sessions: [], keys: [] });
      await b.sessions.change(id, { logLevel: 'debug' }, 100_000);
      expect((await a.changes.since(cursor))?.sessions).toEqual([id]);
    });

    it('leave none out, however often one looks', async () => {
      let cursor = await cursorNow();
      const seen = new Set<string>();
      const names = Array.from({ length: 50 }, (_, n) => `${id} ${n}`);
      let writing = true;
      const writes = Promise.all(
        names.map((name, n) => (n % 2 ? a : b).sessions.change(name, { subscribe: name }, 10_000)),
      ).finally(() => {
        writing = false;
      });
      for (let last = false; !last; ) {
        last = !writing;
        const changes = await a.changes.since(cursor);
        cursor = changes?.cursor ?? cursor;
        for (const name of changes?.sessions ?? []) seen.add(name);
        pass(1);
      }
      await writes;
      for (const name of names) expect(seen).toContain(name);
    });

    it('are not told of from a cursor that says nothing', async () => {
      expect(await a.changes.since('no cursor')).toBeUndefined();
      expect(await a.changes.since(await cursorNow())).toBeDefined();
    });
  });

  describe('processes', () => {
    it('that start at once on an empty database all find it ready', async () => {
      const empty = await fresh();
      const said = await runProcesses(empty.location, 6, `start ${id}`);
      expect(said).toEqual(Array.from({ length: 6 }, () => 'ready'));
      const store = await empty.open(() => time);
      expect(await store.sessions.read(`start ${id}`)).toMatchObject({ subscriptions: expect.any(Array) });
      expect((await store.sessions.read(`start ${id}`))?.subscriptions).toHaveLength(6 * 50);
      await store.close();
      await empty.drop();
    }, 60_000);
  });

  it('says that it is unavailable once it is closed', async () => {
    const store = await database.open(() => time);
    await store.close();
    await store.close();
    expect(await codeOf(store.sessions.read(id))).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(store.sessions.change(id, {}, 1000))).toBe('STORE_UNAVAILABLE');
  });
}

/** What is replayed after `from` is a part of what was sent without a gap, or it is said that there is one. */
async function expectNoGap(
  store: Store,
  {
    key,
    from,
    sent,
  }: { readonly key: StreamKey; readonly from: number; readonly sent: readonly StreamEvent[] },
): Promise<void> {
  const replay = await store.streams.after(key, from);
  if (replay === undefined) return;
  const numbers = replay.events.map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, n) => from + n + 1));
  for (const { number, data } of replay.events) {
    const original = sent[number - 1];
    if (original !== undefined) expect(data.equals(original.data)).toBe(true);
  }
}
