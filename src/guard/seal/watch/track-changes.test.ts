import { describe, expect, it } from 'vitest';
import type { Change } from '../compare-file.ts';
import { ChangeTracker, MAX_REASSERTIONS } from './track-changes.ts';

const FILE = { client: 'c', path: '/home/a/.c.json', format: 'json', scope: 'user', selectors: [] } as const;
const change = (more: Partial<Change> = {}): Change => ({
  file: FILE,
  kind: 'server',
  what: 'changed',
  level: 'alarm',
  reason: 'r',
  pointer: '/mcpServers/a',
  path: ['mcpServers', 'a'],
  name: 'a',
  digest: 'bad',
  ...more,
});

const events = (tracker: ChangeTracker, changes: readonly Change[], nowMs: number): string[] =>
  tracker.observe(FILE.path, changes, nowMs).verdicts.map(({ event }) => event);

describe('ChangeTracker', () => {
  it('tells of a change once, and again when another value stands there', () => {
    const tracker = new ChangeTracker(false);
    expect(events(tracker, [change()], 0)).toEqual(['alarm']);
    expect(events(tracker, [change()], 1000)).toEqual([]);
    expect(events(tracker, [change({ digest: 'worse' })], 2000)).toEqual(['alarm']);
  });

  it('restores at once when the clock was set back', () => {
    const tracker = new ChangeTracker(true);
    const hour = 3_600_000;
    expect(tracker.observe(FILE.path, [change()], hour).due).toHaveLength(1);
    tracker.failed([change()], hour + 5000);
    expect(tracker.observe(FILE.path, [change()], hour + 1000).due).toEqual([]);
    expect(tracker.observe(FILE.path, [change()], 0).due).toHaveLength(1);
  });

  it('tells the same value after a repair from a single edit, however late it comes', () => {
    const tracker = new ChangeTracker(false);
    events(tracker, [change()], 0);
    expect(tracker.observe(FILE.path, [], 1000).repaired).toHaveLength(1);
    expect(events(tracker, [change()], 3_600_000)).toEqual(['re-asserted']);
  });

  it('takes another bad value soon after a repair for the same hand, but not another question', () => {
    const tracker = new ChangeTracker(false);
    events(tracker, [change()], 0);
    events(tracker, [], 1000);
    expect(events(tracker, [change({ digest: 'other' })], 2000)).toEqual(['re-asserted']);
    const asked = new ChangeTracker(false);
    events(asked, [change({ level: 'question' })], 0);
    events(asked, [], 1000);
    expect(events(asked, [change({ level: 'question', digest: 'other' })], 2000)).toEqual(['question']);
    events(asked, [], 3000);
    expect(events(asked, [change({ level: 'question' })], 4000)).toEqual(['re-asserted']);
  });

  it('knows a writer that is faster than the next look', () => {
    const tracker = new ChangeTracker(true);
    expect(tracker.observe(FILE.path, [change()], 0).due).toHaveLength(1);
    tracker.restored([change()], 0);
    expect(events(tracker, [change()], 1)).toEqual(['re-asserted']);
  });

  it('restores ever later, and no more after three re-assertions', () => {
    const tracker = new ChangeTracker(true);
    const restoredAt: number[] = [];
    const told: string[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs += 500) {
      const { verdicts, due } = tracker.observe(FILE.path, [change()], nowMs);
      told.push(...verdicts.map(({ event }) => event));
      if (due.length === 0) continue;
      restoredAt.push(nowMs);
      tracker.restored(due, nowMs);
    }
    expect(restoredAt).toEqual([0, 1500, 4000]);
    expect(told).toEqual(['alarm', ...Array(MAX_REASSERTIONS).fill('re-asserted'), 'given-up']);
  });

  it('restores no question that was asked once, and nothing that concerns the whole file', () => {
    const tracker = new ChangeTracker(true);
    const question = change({ level: 'question', pointer: '/mcpServers/b' });
    const file = change({ kind: 'file', what: 'unreadable', pointer: '' });
    expect(tracker.observe(FILE.path, [question, file], 0).due).toEqual([]);
  });

  it('waits after a restore that failed', () => {
    const tracker = new ChangeTracker(true);
    const { due } = tracker.observe(FILE.path, [change()], 0);
    tracker.failed(due, 5000);
    expect(tracker.observe(FILE.path, [change()], 4000).due).toEqual([]);
    expect(tracker.observe(FILE.path, [change()], 5000).due).toHaveLength(1);
  });
});
