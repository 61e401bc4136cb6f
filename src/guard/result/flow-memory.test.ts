import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { FlowMemory } from './flow-memory.ts';

const HOUR_MS = 3_600_000;

/** Twenty words, of which nobody else was told one; 16 pieces. */
function textOf(name: string): string {
  return Array.from({ length: 20 }, (_, n) => `${name}word${String.fromCharCode(97 + n)}`).join(' ');
}

function said(text: string): JsonText {
  return JsonText.of({ content: [{ type: 'text', text }] });
}

function start(maxPieces?: number) {
  const state = { now: 0 };
  const memory = new FlowMemory(() => state.now, maxPieces);
  const recall = (caller: string, text: string) => memory.recall(caller, JsonText.of({ body: text }));
  return { memory, state, recall };
}

describe('what callers were told', () => {
  it('is known for an hour, by whoever was told it', () => {
    const { memory, state, recall } = start();
    memory.note('ann', said(textOf('one')));
    expect([recall('ann', textOf('one')), recall('bob', textOf('one'))]).toEqual(['told', 'unknown']);
    expect(recall('ann', textOf('two'))).toBe('unknown');
    state.now = HOUR_MS;
    expect(recall('ann', textOf('one'))).toBe('unknown');
  });

  it('has one bound for all of them: who was told nothing for longest is forgotten first', () => {
    const { memory, state, recall } = start(40);
    for (const caller of ['ann', 'bob', 'eve']) {
      state.now += 1000;
      memory.note(caller, said(textOf(caller)));
    }
    expect(memory.size).toBeLessThanOrEqual(40);
    for (const caller of ['bob', 'eve']) expect(recall(caller, textOf(caller))).toBe('told');
  });

  it('is "forgotten" for whoever lost some of it before its time, until that is over', () => {
    const { memory, state, recall } = start(40);
    for (const caller of ['ann', 'bob', 'eve']) {
      state.now += 1000;
      memory.note(caller, said(textOf(caller)));
    }
    expect(recall('ann', 'something else that nobody was told anything about')).toBe('forgotten');
    expect(recall('eve', 'something else that nobody was told anything about')).toBe('unknown');
    state.now = 1000 + HOUR_MS;
    expect(recall('ann', 'something else that nobody was told anything about')).toBe('unknown');
  });

  it('is not "forgotten" where its time was over anyway', () => {
    const { memory, state, recall } = start(40);
    memory.note('ann', said(textOf('ann')));
    state.now = HOUR_MS;
    for (const caller of ['bob', 'eve']) memory.note(caller, said(textOf(caller)));
    expect(recall('ann', textOf('ann'))).toBe('unknown');
  });

  it('stays within its bound whatever many callers are told', () => {
    const { memory, state, recall } = start(100_000);
    for (let n = 0; n < 12_000; n += 1) {
      state.now += 1;
      memory.note(`caller${n}`, said(textOf(`of${n}and`)));
    }
    expect(memory.size).toBeLessThanOrEqual(100_000);
    expect(recall('caller11999', textOf('of11999and'))).toBe('told');
    expect(recall('caller0', 'something else that nobody was told anything about')).toBe('forgotten');
  });

  it('pushes out its own oldest first where one caller is told too much', () => {
    const { memory, recall } = start();
    memory.note('ann', said(textOf('first')));
    const much = Array.from({ length: 60_000 }, (_, n) => `word${n}`).join(' ');
    memory.note('ann', said(much));
    expect(memory.size).toBe(50_000);
    expect(recall('ann', much.slice(-200))).toBe('told');
    expect(recall('ann', textOf('first'))).toBe('unknown');
  });
});
