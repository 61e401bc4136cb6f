import { describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../../test/support/manual-clock.ts';
import { recordLog } from '../../../test/support/record-log.ts';
import type { ApprovalState, Seen } from '../../store/approval-table.ts';
import { NotingInTurn } from './note-in-turn.ts';
import type { Newcomer, Newcomers } from './note-newcomers.ts';

const newcomer = (name: string): Newcomer => ({
  item: { name, text: JSON.stringify({ name }) },
  digest: `sha256:${name}`,
  findings: [],
  isTrusted: false,
  isChange: true,
});

function setUp() {
  const clock = new ManualClock();
  const { log, lines } = recordLog();
  /** Names that each call of the store was given. */
  const written: string[][] = [];
  const gate = { hold: undefined as Promise<void> | undefined };
  const book = {
    async see(seen: readonly Seen[]): Promise<readonly ApprovalState[]> {
      written.push(seen.map(({ name }) => name));
      await gate.hold;
      return seen.map(() => 'pending');
    },
  };
  const noting = new NotingInTurn({ book, log, clock });
  const note = (names: readonly string[], changes: Partial<Newcomers> = {}) =>
    noting.note({
      upstream: 'a',
      kind: 'tools',
      newcomers: names.map(newcomer),
      isFirstSight: false,
      ...changes,
    });
  const many = (round: number, count = 5_000) => Array.from({ length: count }, (_, n) => `${round}.${n}`);
  const warnings = () => lines.filter((line) => line.includes('faster than they are noted'));
  return { clock, gate, note, many, written, warnings };
}

describe('new things', () => {
  it('are noted at once where they are few, however often', async () => {
    const { note, written, warnings } = setUp();
    for (let round = 0; round < 100; round += 1) expect(await note([`${round}`])).toEqual(['pending']);
    expect([written.length, warnings()]).toEqual([100, []]);
  });

  it('that come while others are noted are noted with the next pass, each once, and everybody is told', async () => {
    const { gate, note, written } = setUp();
    const hold = Promise.withResolvers<void>();
    gate.hold = hold.promise;
    const told = [note(['a']), note(['b', 'c']), note(['c', 'd']), note(['p'], { kind: 'prompts' })];
    await quiet();
    expect(written).toEqual([['a']]);
    hold.resolve();
    expect(await Promise.all(told)).toEqual([
      ['pending'],
      ['pending', 'pending'],
      ['pending', 'pending'],
      ['pending'],
    ]);
    expect(written).toEqual([['a'], ['b', 'c', 'd'], ['p']]);
  });

  it('of other upstreams do not wait', async () => {
    const { gate, note } = setUp();
    gate.hold = new Promise(() => undefined);
    void note(['a']);
    gate.hold = undefined;
    expect(await note(['b'], { upstream: 'b' })).toEqual(['pending']);
  });

  it('that are very many at each reading are noted after a rest, in one pass, which is said once', async () => {
    const { clock, note, many, written, warnings } = setUp();
    await note(many(0));
    const noted = written.length;
    for (let round = 1; round <= 10; round += 1) expect(await note(many(round))).toEqual([]);
    expect([written.length, clock.pending, warnings().length]).toEqual([noted, 1, 1]);
    await clock.advance(49_000);
    expect(written.length).toBe(noted);
    await clock.advance(1_000);
    await quiet();
    // As many as may wait, not all that were shown.
    expect(written.slice(noted).flat()).toHaveLength(20_000);
    expect(await note(['later'])).toEqual([]);
    expect(warnings()).toHaveLength(1);
    await clock.advance(60_000);
    expect(written.at(-1)).toEqual(['later']);
    expect(clock.pending).toBe(0);
  });

  it('that are seen first are noted without a rest', async () => {
    const { note, many } = setUp();
    await note(many(0));
    expect(await note(['p'], { kind: 'prompts', isFirstSight: true })).toEqual(['pending']);
  });
});
