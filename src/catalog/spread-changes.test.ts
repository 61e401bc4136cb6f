import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ListChange, SpreadChanges } from './spread-changes.ts';

const TOOLS: ListChange = { kind: 'list', list: 'toolsListChanged' };
const PROMPTS: ListChange = { kind: 'list', list: 'promptsListChanged' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('changes of lists', () => {
  it('are told at once, and a thousand that follow as one', () => {
    const told: string[] = [];
    const changes = new SpreadChanges(({ list }) => told.push(list));
    for (let n = 0; n < 1_000; n++) changes.tell(TOOLS);
    changes.tell(PROMPTS);
    expect(told).toEqual(['toolsListChanged', 'promptsListChanged']);
    vi.advanceTimersByTime(500);
    expect(told).toEqual(['toolsListChanged', 'promptsListChanged', 'toolsListChanged']);
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(3);
    changes.tell(TOOLS);
    expect(told).toHaveLength(4);
  });

  it('are not told any more when their listen has ended', () => {
    const told: string[] = [];
    const changes = new SpreadChanges(({ list }) => told.push(list));
    changes.tell(TOOLS);
    changes.tell(TOOLS);
    changes.end();
    vi.advanceTimersByTime(10_000);
    changes.tell(PROMPTS);
    expect(told).toEqual(['toolsListChanged']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
