import { describe, expect, it } from 'vitest';
import { quiet } from '../../../test/support/manual-clock.ts';
import { NotificationQueue } from './notification-queue.ts';

const queueOf = (bytes = 1) => new NotificationQueue<number>(() => bytes);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('NotificationQueue', () => {
  it('hands on at once, in order, as long as nobody asks to wait', () => {
    const queue = queueOf();
    const seen: number[] = [];
    queue.attach((item) => {
      seen.push(item);
      return undefined;
    });
    expect(upTo(3).map((item) => queue.push(item))).toEqual([undefined, undefined, undefined]);
    expect([seen, queue.drained()]).toEqual([[0, 1, 2], undefined]);
  });

  it('waits for a slow reader, and asks the sender to wait when much has come', async () => {
    const queue = queueOf();
    const seen: number[] = [];
    const turns: (() => void)[] = [];
    queue.attach((item) => {
      seen.push(item);
      return new Promise((resolve) => turns.push(resolve));
    });
    const waits = upTo(100).map((item) => queue.push(item));
    expect(seen).toEqual([0]);
    expect([waits[10], waits[99]]).toEqual([undefined, expect.any(Promise)]);
    let drained = false;
    void queue.drained()?.then(() => {
      drained = true;
    });
    for (let turn = 0; turn < 100; turn++) {
      expect(drained).toBe(false);
      turns[turn]?.();
      await quiet();
    }
    expect([seen.length, drained]).toEqual([100, true]);
  });

  it('keeps what comes while nobody takes it, the newest if it is too much', () => {
    const queue = queueOf();
    for (const item of upTo(1_500)) expect(queue.push(item)).toBeUndefined();
    const seen: number[] = [];
    queue.attach((item) => {
      seen.push(item);
      return undefined;
    });
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([1_000, 500, 1_499]);
  });

  it('is bounded in bytes too', () => {
    const queue = queueOf(300_000);
    for (const item of upTo(10)) void queue.push(item);
    const seen: number[] = [];
    queue.attach((item) => {
      seen.push(item);
      return undefined;
    });
    expect(seen).toEqual([7, 8, 9]);
  });

  it('goes on after a reader that failed', async () => {
    const queue = queueOf();
    const seen: number[] = [];
    queue.attach((item) => {
      seen.push(item);
      return Promise.reject(new TypeError('no'));
    });
    for (const item of upTo(3)) void queue.push(item);
    await quiet();
    expect(seen).toEqual([0, 1, 2]);
  });

  it('lets nobody wait for what is forgotten', async () => {
    const queue = queueOf();
    queue.attach(() => new Promise(() => undefined));
    for (const item of upTo(3)) void queue.push(item);
    const drained = queue.drained();
    queue.clear();
    await drained;
  });
});
