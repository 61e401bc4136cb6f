import { expect, it } from 'vitest';
import { quiet } from '../../../test/support/manual-clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { ChangeQueue } from './change-queue.ts';

it('a change that still waits is told once, however often it comes', async () => {
  const seen: string[] = [];
  const turns: (() => void)[] = [];
  const queue = new ChangeQueue((change) => {
    seen.push(change.text);
    return new Promise((resolve) => turns.push(resolve));
  });
  queue.push('a', JsonText.written('1'));
  queue.push('a', JsonText.written('2'));
  expect(seen).toEqual([]);
  queue.open();
  for (const key of ['b', 'a', 'b', 'a']) queue.push(key, JsonText.of(key));
  for (let turn = 0; turn < 5; turn++) {
    turns[turn]?.();
    await quiet();
  }
  expect(seen).toEqual(['2', '"b"', '"a"']);
});
