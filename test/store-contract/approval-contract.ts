import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApprovalRow, approvalId, type Seen } from '../../src/store/approval-table.ts';
import type { Store } from '../../src/store/store.ts';
import { seenOf as seenIn } from '../support/seen.ts';
import type { Database } from './database.ts';
import { openTwice } from './open-twice.ts';

const SWEEP = { maxEventBytes: 0 };
const YEAR_MS = 366 * 24 * 3_600_000;

const namesOf = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);

/** What approvals do in every store. `fresh` gives an empty database that no other suite works on. */
export function approvalContract(fresh: () => Promise<Database>): void {
  let time = 1_750_000_000_000;
  let a: Store;
  let b: Store;
  /** An upstream that no other test uses, since all work on one database. */
  let upstream: string;

  const seenOf = (changes: Partial<Seen> = {}): Seen => seenIn({ upstream, ...changes });
  const firstSight = (changes: Partial<Seen> = {}): Seen =>
    seenOf({ state: 'approved', decidedBy: 'first sight', ...changes });
  const see = (...seen: readonly Seen[]) => a.approvals.see(seen, 1000);
  const list = (filter: Parameters<Store['approvals']['list']>[0] = { upstream }) =>
    b.approvals.list(filter, { max: 1000 });

  openTwice(
    fresh,
    () => time,
    (opened) => {
      ({ a, b } = opened);
    },
  );
  beforeEach(() => {
    upstream = `upstream ${randomBytes(6).toString('hex')}`;
  });
  afterEach(() => {
    time += 10_000;
  });

  describe('what was seen', () => {
    it('is read as it was noted, on any replica', async () => {
      const seen = seenOf({ findings: '[{"rule":"preference"}]' });
      expect(await see(seen)).toEqual(['pending']);
      const { state: _, decidedBy: __, ...rest } = seen;
      const row = {
        ...rest,
        id: approvalId(seen),
        state: 'pending',
        seenAt: time,
        decidedAt: undefined,
        decidedBy: undefined,
      };
      expect(await b.approvals.read(row.id)).toEqual(row);
      expect(await list()).toEqual([row]);
      expect(await b.approvals.read('none')).toBeUndefined();
    });

    it('at first sight is approved at once, and says why', async () => {
      const seen = firstSight();
      expect(await see(seen)).toEqual(['approved']);
      expect(await b.approvals.read(approvalId(seen))).toMatchObject({
        state: 'approved',
        decidedAt: time,
        decidedBy: 'first sight',
      });
    });

    it('stays what it is when it is seen again', async () => {
      await see(seenOf());
      const [before] = await list();
      time += 10;
      expect(await b.approvals.see([firstSight({ body: 'other', findings: '[1]' })], 10)).toEqual([
        'pending',
      ]);
      expect(await list()).toEqual([before]);
    });

    it('is told apart by each part of its key, and states come in order', async () => {
      const kinds = [
        firstSight(),
        seenOf({ digest: 'sha256:2' }),
        firstSight({ name: 'fetch' }),
        seenOf({ kind: 'prompts' }),
        firstSight({ upstream: `${upstream} 2` }),
        firstSight(),
      ];
      expect(await see(...kinds)).toEqual([
        'approved',
        'pending',
        'approved',
        'pending',
        'approved',
        'approved',
      ]);
      await a.approvals.decide([approvalId(seenOf({ kind: 'prompts' }))], 'rejected', 'eve');
      expect(await b.approvals.see(kinds.toReversed(), 10)).toEqual([
        'approved',
        'approved',
        'rejected',
        'approved',
        'pending',
        'approved',
      ]);
      expect(await list()).toHaveLength(4);
    });

    it('may be very much, and have any name and any text', async () => {
      const seen = Array.from({ length: 700 }, (_, n) =>
        firstSight({ name: `tool ${n}`, body: JSON.stringify({ n, text: 'x'.repeat((n % 50) * 400) }) }),
      );
      const odd = ['\u0000', '\ud800', '"\\\n', '\u202e', 'name'.repeat(10_000), ''].map((name) =>
        firstSight({ name, body: JSON.stringify({ name }) }),
      );
      expect(await see(...seen, ...odd)).toEqual([...seen, ...odd].map(() => 'approved'));
      const rows = await list();
      expect(namesOf(rows)).toEqual(namesOf([...seen, ...odd]));
      expect(rows.map(({ body }) => body)).toEqual([...seen, ...odd].map(({ body }) => body));
      expect((await b.approvals.marks(upstream)).length).toBe(706);
      for (const { name } of odd) expect(namesOf(await list({ upstream, name }))).toEqual([name]);
    });

    it('by two replicas at once is one row, and both are told the same', async () => {
      const seen = Array.from({ length: 50 }, (_, n) => firstSight({ name: `tool ${n}` }));
      const told = await Promise.all(
        Array.from({ length: 8 }, (_, n) => (n % 2 ? a : b).approvals.see(seen, 1000)),
      );
      for (const states of told) expect(states).toEqual(seen.map(() => 'approved'));
      expect((await list()).length).toBe(50);
    });

    it('is nothing, and nothing comes of it', async () => {
      expect(await see()).toEqual([]);
      expect(await list()).toEqual([]);
      expect(await b.approvals.marks(upstream)).toEqual([]);
    });
  });

  describe('what waits', () => {
    it('is bounded for each upstream: the oldest are forgotten', async () => {
      const seen = Array.from({ length: 10 }, (_, n) => seenOf({ name: `tool ${n}` }));
      const other = { upstream: `${upstream} 2` };
      await a.approvals.see([seenOf(other), ...seen.slice(0, 8)], 5);
      expect(namesOf(await list())).toEqual(['tool 3', 'tool 4', 'tool 5', 'tool 6', 'tool 7']);
      await a.approvals.see(seen.slice(8), 5);
      expect(namesOf(await list())).toEqual(['tool 5', 'tool 6', 'tool 7', 'tool 8', 'tool 9']);
      expect(await list(other)).toHaveLength(1);
    });

    it('is forgotten before anything that was decided', async () => {
      const kept = Array.from({ length: 6 }, (_, n) => seenOf({ name: `kept ${n}` }));
      await see(...kept, firstSight({ name: 'first' }));
      const ids = kept.map(approvalId);
      await a.approvals.decide(ids.slice(0, 3), 'approved', 'eve');
      await a.approvals.decide(ids.slice(3), 'rejected', 'eve');
      await a.approvals.see([seenOf({ name: 'x' }), seenOf({ name: 'y' })], 1);
      expect(namesOf(await list())).toEqual([...namesOf(kept), 'first', 'y']);
    });

    it('keeps the texts of the newest as long as they are not too large in all, and says so of the others', async () => {
      const tool = (n: number): Seen =>
        seenOf({ name: `tool ${n}`, body: JSON.stringify('x'.repeat(1_000)) });
      const launch = seenOf({ kind: 'launch', name: '', body: JSON.stringify('l'.repeat(1_000)) });
      const decided = seenOf({ name: 'decided', body: JSON.stringify('d'.repeat(1_000)) });
      await see(decided);
      await a.approvals.decide([approvalId(decided)], 'rejected', 'eve');
      await a.approvals.see([launch, tool(0), tool(1), tool(2), tool(3)], 1_000, 3_500);
      const kept = async () =>
        (await list()).filter(({ body }) => body.length > 1_000).map(({ kind, name }) => name || kind);
      expect(await kept()).toEqual(['decided', 'launch', 'tool 1', 'tool 2', 'tool 3']);
      await a.approvals.see([tool(4)], 1_000, 3_500);
      expect(await kept()).toEqual(['decided', 'launch', 'tool 2', 'tool 3', 'tool 4']);
      const [lost] = await list({ upstream, name: 'tool 0' });
      expect(lost).toMatchObject({ state: 'pending', digest: tool(0).digest, id: approvalId(tool(0)) });
      expect(JSON.parse(lost?.body ?? '')).toEqual({ bytes: 1_002, notKept: true });
      expect(JSON.parse(lost?.findings ?? '')).toMatchObject([{ rule: 'text-not-kept', dangerous: true }]);
      const [row] = await b.approvals.decide([approvalId(tool(0))], 'approved', 'eve');
      expect(row?.state).toBe('approved');
      expect(await see(tool(0), tool(1))).toEqual(['approved', 'pending']);
    });

    it('counts the texts of each upstream by itself', async () => {
      const body = JSON.stringify('x'.repeat(1_000));
      const other = { upstream: `${upstream} 2` };
      await a.approvals.see([seenOf({ body }), seenOf({ ...other, body })], 1_000, 1_500);
      await a.approvals.see([seenOf({ ...other, body, name: 'small' })], 1_000, 1_500);
      expect((await list()).map((row) => row.body)).toEqual([body]);
      expect((await list(other)).map((row) => row.body.length)).toEqual([expect.any(Number), body.length]);
      expect((await list(other))[0]?.body).not.toBe(body);
    });

    it('waits for as long as it takes', async () => {
      await see(seenOf(), firstSight({ name: 'first' }));
      time += YEAR_MS;
      await a.sweep(SWEEP);
      expect(await list()).toHaveLength(2);
    });
  });

  describe('a decision', () => {
    it('is known everywhere, with who made it', async () => {
      await see(seenOf());
      const id = approvalId(seenOf());
      const [before] = await list();
      time += 10;
      const decided = { ...before, state: 'approved', decidedAt: time, decidedBy: 'eve' };
      expect(await b.approvals.decide([id], 'approved', 'eve')).toEqual([decided]);
      expect(await a.approvals.read(id)).toEqual(decided);
      expect(await a.approvals.see([seenOf()], 10)).toEqual(['approved']);
    });

    it('is changed by the next', async () => {
      await see(seenOf());
      const id = approvalId(seenOf());
      await a.approvals.decide([id], 'approved', 'eve');
      time += 10;
      expect(await b.approvals.decide([id], 'rejected', 'adam')).toMatchObject([
        { state: 'rejected', decidedAt: time, decidedBy: 'adam' },
      ]);
      time += 20_000;
      expect(await b.approvals.decide([id, id], 'approved', 'adam')).toMatchObject([
        { state: 'approved', decidedAt: time },
        { state: 'approved', decidedAt: time },
      ]);
    });

    it('covers what is there, in the order that was asked for, and leaves the rest', async () => {
      const seen = Array.from({ length: 250 }, (_, n) => seenOf({ name: `tool ${n}` }));
      await see(...seen, seenOf({ name: 'other' }));
      const wanted = seen.toReversed();
      const rows = await b.approvals.decide(['none', ...wanted.map(approvalId)], 'rejected', 'eve');
      expect(namesOf(rows)).toEqual(namesOf(wanted));
      expect(namesOf(await list({ upstream, state: 'pending' }))).toEqual(['other']);
      expect(await b.approvals.decide([], 'approved', 'eve')).toEqual([]);
    });

    it('by many at once is one of theirs', async () => {
      await see(seenOf());
      const id = approvalId(seenOf());
      await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 ? a : b).approvals.decide([id], n % 3 ? 'approved' : 'rejected', `operator ${n}`),
        ),
      );
      const row = await a.approvals.read(id);
      const n = Number(row?.decidedBy?.slice('operator '.length));
      expect(row?.state).toBe(n % 3 ? 'approved' : 'rejected');
    });
  });

  it('gives marks without their text', async () => {
    await see(firstSight(), seenOf({ digest: 'sha256:2' }), seenOf({ upstream: `${upstream} 2` }));
    const marks = await b.approvals.marks(upstream);
    const markOf = ({ kind, name, digest, state }: Seen) => ({
      id: approvalId(seenOf({ kind, name, digest })),
      upstream,
      kind,
      name,
      digest,
      state,
    });
    expect(marks).toHaveLength(2);
    expect(marks).toEqual(
      expect.arrayContaining([markOf(firstSight()), markOf(seenOf({ digest: 'sha256:2' }))]),
    );
  });

  describe('lists', () => {
    it('show the oldest first, page by page, with what is decided meanwhile', async () => {
      const seen = Array.from({ length: 10 }, (_, n) => seenOf({ name: `tool ${n}` }));
      await see(...seen.slice(0, 6));
      await see(...seen.slice(6));
      const shown: ApprovalRow[] = [];
      for (let last = false; !last; ) {
        const after = shown.at(-1)?.id;
        const page = await b.approvals.list({ upstream }, { max: 4, ...(after && { after }) });
        if (after !== undefined) await a.approvals.decide([after], 'approved', 'eve');
        shown.push(...page);
        last = page.length < 4;
      }
      expect(namesOf(shown)).toEqual(namesOf(seen));
      expect(await b.approvals.list({ upstream }, { max: 4, after: 'none' })).toEqual([]);
    });

    it('show what they are asked for', async () => {
      await see(
        firstSight({ name: 'a' }),
        seenOf({ name: 'a', digest: 'sha256:2' }),
        seenOf({ name: 'a', kind: 'prompts' }),
        seenOf({ name: 'b' }),
        seenOf({ upstream: `${upstream} 2`, name: 'a' }),
      );
      const digestsOf = async (filter: object) =>
        (await list(filter)).map(({ kind, name, digest }) => `${kind} ${name} ${digest}`);
      expect(await digestsOf({ upstream, name: 'a', kind: 'tools' })).toEqual([
        'tools a sha256:1',
        'tools a sha256:2',
      ]);
      expect(await digestsOf({ upstream, state: 'approved' })).toEqual(['tools a sha256:1']);
      expect(await digestsOf({ upstream, state: 'rejected' })).toEqual([]);
      expect((await list({ state: 'pending' })).length).toBeGreaterThanOrEqual(4);
      expect((await list({})).length).toBeGreaterThanOrEqual(5);
    });
  });

  it('knows what of a thing was approved last', async () => {
    const digests = ['sha256:1', 'sha256:2', 'sha256:3'].map((digest) => seenOf({ digest }));
    await see(...digests, firstSight({ name: 'other', digest: 'sha256:4' }));
    const thing = { upstream, kind: 'tools', name: 'search' } as const;
    expect(await b.approvals.lastApproved(thing)).toBeUndefined();
    for (const n of [2, 0, 1]) {
      time += 10;
      const id = approvalId(digests[n] ?? seenOf());
      await a.approvals.decide([id], 'approved', 'eve');
      expect((await b.approvals.lastApproved(thing))?.id).toBe(id);
    }
    await a.approvals.decide([approvalId(digests[1] ?? seenOf())], 'rejected', 'eve');
    expect((await b.approvals.lastApproved(thing))?.digest).toBe('sha256:1');
  });

  describe('changes', () => {
    const cursorNow = async (): Promise<string> => (await a.changes.since(undefined))?.cursor ?? '';
    const toldSince = async (cursor: string) =>
      ((await a.changes.since(cursor))?.approvals ?? []).filter((name) => name === upstream);

    it('tell of what was decided, not of what waits', async () => {
      const cursor = await cursorNow();
      await b.approvals.see([seenOf()], 10);
      expect(await toldSince(cursor)).toEqual([]);
      await b.approvals.decide([approvalId(seenOf())], 'approved', 'eve');
      expect(await toldSince(cursor)).toEqual([upstream]);
    });

    it('tell of first sights', async () => {
      const cursor = await cursorNow();
      await b.approvals.see([firstSight()], 10);
      expect(await toldSince(cursor)).toEqual([upstream]);
    });

    it('tell of each of two within one millisecond', async () => {
      await see(seenOf());
      let cursor = await cursorNow();
      for (const state of ['approved', 'rejected', 'approved'] as const) {
        await b.approvals.decide([approvalId(seenOf())], state, 'eve');
        const changes = await a.changes.since(cursor);
        expect(changes?.approvals).toContain(upstream);
        cursor = changes?.cursor ?? '';
      }
    });

    it('tell nothing old for long', async () => {
      await see(firstSight());
      time += 20_000;
      expect(await toldSince(await cursorNow())).toEqual([]);
      expect((await a.changes.since(undefined))?.approvals).toEqual([]);
    });
  });
}
