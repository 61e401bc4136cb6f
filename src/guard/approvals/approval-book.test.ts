import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { ManualClock, quiet } from '../../../test/support/manual-clock.ts';
import { MemoryBus } from '../../../test/support/memory-tables.ts';
import { seenOf } from '../../../test/support/seen.ts';
import { GatewardError } from '../../errors.ts';
import { type ApprovalMark, type ApprovalState, approvalId, type Seen } from '../../store/approval-table.ts';
import { ApprovalBook } from './approval-book.ts';

/** The store as other replicas see it, answering when it is let. */
class FakeTable {
  readonly rows = new Map<string, ApprovalMark>();
  readonly asked: string[] = [];
  readonly bodies: string[] = [];
  isAway = false;
  /** Readings that wait to be let on, if any are to. */
  held: (() => void)[] | undefined;

  async marks(upstream: string): Promise<readonly ApprovalMark[]> {
    this.asked.push(`marks ${upstream}`);
    const found = [...this.rows.values()].filter((row) => row.upstream === upstream);
    const { held } = this;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    if (this.isAway) throw new GatewardError('STORE_UNAVAILABLE');
    return found;
  }

  async see(seen: readonly Seen[], maxPending: number): Promise<readonly ApprovalState[]> {
    this.asked.push(`see ${seen.map(({ name }) => name).join(' ')} of ${maxPending}`);
    if (this.isAway) throw new GatewardError('STORE_UNAVAILABLE');
    this.bodies.push(...seen.map(({ body }) => body));
    return seen.map((one) => {
      const row = this.rows.get(approvalId(one)) ?? this.put(one, one.state);
      return row.state;
    });
  }

  put({ upstream, kind, name, digest }: Seen, state: ApprovalState): ApprovalMark {
    const id = approvalId({ upstream, kind, name, digest });
    const row = { id, upstream, kind, name, digest, state };
    this.rows.set(id, row);
    return row;
  }
}

function world() {
  const table = new FakeTable();
  const bus = new MemoryBus();
  const clock = new ManualClock();
  const resets = new Set<() => void>();
  const book = new ApprovalBook({
    table,
    feed: {
      onApproval: (run) => bus.subscribe('approval', run),
      onReset: (run) => {
        resets.add(run);
        return () => resets.delete(run);
      },
      announce: (kind, name) => bus.publish(kind, name),
    },
    clock,
    log: silentLog,
  });
  const heard: string[] = [];
  book.onChange((upstream) => heard.push(upstream));
  return {
    ...{ table, clock, book, heard },
    state: (seen = seenOf()) => book.known(seen.upstream)?.stateOf(seen.kind, seen.name, seen.digest),
    /** Another replica, or the command line, decides. */
    decide: (state: ApprovalState, seen = seenOf()) => {
      table.put(seen, state);
      bus.publish('approval', seen.upstream);
    },
    reset: () => {
      for (const run of [...resets]) run();
    },
    listeners: () => resets.size,
  };
}

describe('the book of approvals', () => {
  it('knows nothing before it was loaded, and answers from memory then', async () => {
    const { book, table, state } = world();
    table.put(seenOf(), 'approved');
    table.put(seenOf({ digest: 'sha256:2' }), 'rejected');
    expect(book.known('files')).toBeUndefined();
    const marks = await book.load('files');
    expect(marks.stateOf('tools', 'search', 'sha256:1')).toBe('approved');
    expect(state(seenOf({ digest: 'sha256:2' }))).toBe('rejected');
    expect(state(seenOf({ digest: 'sha256:3' }))).toBeUndefined();
    expect(state(seenOf({ kind: 'prompts' }))).toBeUndefined();
    expect(state(seenOf({ name: 'other' }))).toBeUndefined();
    await book.load('files');
    expect(table.asked).toEqual(['marks files']);
  });

  it('keeps no body that is too large, and knows it by the digest of the whole', async () => {
    const { book, table, state } = world();
    await book.load('files');
    const seen = seenOf({ body: `"${'x'.repeat(300_000)}"` });
    expect(await book.see([seen])).toEqual(['pending']);
    expect(state(seen)).toBe('pending');
    expect(table.bodies).toEqual(['{"bytes":300002,"tooLarge":true}']);
  });

  it('tells what is approved, of a kind and of a name', async () => {
    const { book, table } = world();
    table.put(seenOf(), 'approved');
    table.put(seenOf({ kind: 'prompts' }), 'pending');
    const marks = await book.load('files');
    expect([marks.hasApproved('tools'), marks.hasApproved('tools', 'search')]).toEqual([true, true]);
    expect([marks.hasApproved('prompts'), marks.hasApproved('tools', 'x')]).toEqual([false, false]);
    const none = await book.load('mail');
    expect(none.hasApproved('tools')).toBe(false);
  });

  it('loads an upstream once, however many want it at once', async () => {
    const { book, table } = world();
    table.put(seenOf(), 'approved');
    const all = await Promise.all([book.load('files'), book.load('files'), book.load('mail')]);
    expect(all.map((marks) => marks.hasApproved('tools'))).toEqual([true, true, false]);
    expect(table.asked).toEqual(['marks files', 'marks mail']);
  });

  it('hears what others decide, and tells it once it knows', async () => {
    const { book, state, decide, heard } = world();
    await book.load('files');
    decide('approved');
    expect([state(), heard]).toEqual([undefined, []]);
    await quiet();
    expect([state(), heard]).toEqual(['approved', ['files']]);
    decide('rejected');
    await quiet();
    expect([state(), heard]).toEqual(['rejected', ['files', 'files']]);
  });

  it('tells of upstreams that it does not hold, without reading them', async () => {
    const { decide, heard, table } = world();
    decide('approved');
    expect([heard, table.asked]).toEqual([['files'], []]);
  });

  it('reads everything again when the feed was interrupted', async () => {
    const { book, table, state, reset, heard } = world();
    await book.load('files');
    await book.load('mail');
    table.put(seenOf(), 'approved');
    reset();
    await quiet();
    expect([state(), heard]).toEqual(['approved', ['files', 'mail']]);
  });

  it('is not misled by a decision that comes while it reads', async () => {
    const { book, table, state, decide } = world();
    table.held = [];
    const loading = book.load('files');
    decide('approved');
    const { held } = table;
    table.held = undefined;
    for (const go of held) go();
    expect((await loading).stateOf('tools', 'search', 'sha256:1')).toBe('approved');
    expect(state()).toBe('approved');
  });

  it('ends reading of an upstream that changes all the time, and goes on later', async () => {
    const { book, table, clock, decide, state } = world();
    table.held = [];
    const loading = book.load('files');
    for (let n = 0; n < 3; n++) {
      decide(n === 2 ? 'approved' : 'rejected');
      table.held.shift()?.();
      await quiet();
    }
    await loading;
    table.held = undefined;
    expect(table.asked).toHaveLength(3);
    await clock.advance(1_000);
    expect(state()).toBe('approved');
    expect([table.asked.length, clock.pending]).toEqual([4, 0]);
  });
});

describe('while the store is away, the book', () => {
  it('keeps what it knows', async () => {
    const { book, table, state, reset, heard } = world();
    table.put(seenOf(), 'approved');
    await book.load('files');
    table.isAway = true;
    reset();
    await quiet();
    expect(state()).toBe('approved');
    expect((await book.load('files')).hasApproved('tools')).toBe(true);
    expect(heard).toEqual([]);
  });

  it('says so of what it does not know', async () => {
    const { book, table } = world();
    table.isAway = true;
    await expect(book.load('files')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(book.see([seenOf()])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    table.isAway = false;
    expect((await book.load('files')).hasApproved('tools')).toBe(false);
  });

  it('tries again, and tells once it knows', async () => {
    const { book, table, clock, state, decide, heard } = world();
    await book.load('files');
    table.isAway = true;
    decide('approved');
    await quiet();
    await clock.advance(3_000);
    expect([state(), heard]).toEqual([undefined, []]);
    table.isAway = false;
    await clock.advance(1_000);
    expect([state(), heard, clock.pending]).toEqual(['approved', ['files'], 0]);
  });
});

describe('what is seen', () => {
  it('is noted, and known from then on', async () => {
    const { book, table, state } = world();
    await book.load('files');
    table.put(seenOf({ name: 'old' }), 'rejected');
    const seen = [seenOf(), seenOf({ name: 'old' }), seenOf({ name: 'new', state: 'approved' })];
    expect(await book.see(seen)).toEqual(['pending', 'rejected', 'approved']);
    expect(seen.map(state)).toEqual(['pending', 'rejected', 'approved']);
  });

  it('is not asked of the store when it is decided, and the states stay in order', async () => {
    const { book, table } = world();
    table.put(seenOf({ name: 'a' }), 'approved');
    table.put(seenOf({ name: 'b' }), 'rejected');
    await book.load('files');
    table.asked.length = 0;
    const seen = ['x', 'a', 'y', 'b'].map((name) => seenOf({ name }));
    expect(await book.see(seen)).toEqual(['pending', 'approved', 'pending', 'rejected']);
    expect(await book.see(seen.filter(({ name }) => name === 'a'))).toEqual(['approved']);
    expect(table.asked).toEqual(['see x y of 10000']);
  });

  it('is noted again while it waits, since the store may have forgotten it', async () => {
    const { book, table, state } = world();
    await book.load('files');
    await book.see([seenOf()]);
    table.rows.clear();
    expect(await book.see([seenOf()])).toEqual(['pending']);
    expect([table.rows.size, state()]).toEqual([1, 'pending']);
  });

  it('and approved at first sight is told to the other replicas', async () => {
    const { book, heard } = world();
    await book.load('files');
    await book.see([seenOf({ state: 'approved' }), seenOf({ name: 'x', state: 'approved' })]);
    await quiet();
    expect(heard).toEqual(['files']);
    await book.see([seenOf({ name: 'y' })]);
    await quiet();
    expect(heard).toEqual(['files']);
  });

  it('does not undo a decision that was heard of meanwhile', async () => {
    const { book, table, state, decide } = world();
    await book.load('files');
    const see = table.see.bind(table);
    table.see = async (...given) => {
      const states = await see(...given);
      decide('approved');
      await quiet();
      return states;
    };
    expect(await book.see([seenOf()])).toEqual(['pending']);
    expect(state()).toBe('approved');
  });

  it('by one that changes all the time is bounded in memory', async () => {
    const { book, table } = world();
    await book.load('files');
    await book.see(Array.from({ length: 20_001 }, (_, n) => seenOf({ digest: `sha256:${n}` })));
    expect(table.asked.at(-1)).toBe('marks files');
  });

  it('is nothing where nothing is given', async () => {
    const { book, table } = world();
    expect(await book.see([])).toEqual([]);
    expect(table.asked).toEqual([]);
  });
});

it('leaves nothing behind when it is closed', async () => {
  const { book, table, clock, decide, heard, listeners } = world();
  await book.load('files');
  table.isAway = true;
  decide('approved');
  await quiet();
  expect(clock.pending).toBe(1);
  book.close();
  decide('rejected');
  await clock.advance(5_000);
  expect([clock.pending, listeners(), heard]).toEqual([0, 0, []]);
});
