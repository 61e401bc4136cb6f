import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Bus } from '../../src/store/store.ts';

/** Two replicas' ends of one bus. */
export interface BusPair {
  readonly a: Bus;
  readonly b: Bus;
  /** Resolves once the other side knows what this one listens for. */
  settle?(): Promise<void>;
}

/** What every bus does. */
export function busContract(open: () => Promise<BusPair>): void {
  let pair: BusPair;
  /** A topic that no other test uses. */
  let topic: string;

  beforeEach(async () => {
    pair = await open();
    topic = `topic ${randomBytes(6).toString('hex')}`;
  });
  afterEach(async () => {
    await pair.a.close();
    await pair.b.close();
  });

  /** Texts that arrive at one side, as they come. */
  const listen = async (bus: Bus, name = topic): Promise<string[]> => {
    const heard: string[] = [];
    bus.subscribe(name, (text) => heard.push(text));
    await pair.settle?.();
    return heard;
  };
  /** Publishes a last text, and waits until it has come. */
  const drain = async (...heard: string[][]): Promise<void> => {
    pair.a.publish(topic, 'last');
    await vi.waitFor(() => {
      for (const texts of heard) expect(texts.at(-1)).toBe('last');
    });
    for (const texts of heard) texts.pop();
  };

  it('carries a text to every listener, those of the publisher included', async () => {
    const heard = [await listen(pair.a), await listen(pair.b), await listen(pair.b)];
    pair.a.publish(topic, 'from a');
    await vi.waitFor(() => expect(heard).toEqual([['from a'], ['from a'], ['from a']]));
    pair.b.publish(topic, 'from b');
    await vi.waitFor(() => expect(heard.map((texts) => texts[1])).toEqual(['from b', 'from b', 'from b']));
  });

  it('tells topics apart', async () => {
    const odd = [`${topic}.x`, `${topic} *`, `${topic}.>`, `${topic}"'\\\n`, `ümläut ${topic}`];
    const heard = await Promise.all([topic, ...odd].map((name) => listen(pair.b, name)));
    for (const name of odd) pair.a.publish(name, name);
    await drain(heard[0] ?? []);
    await vi.waitFor(() => expect(heard).toEqual([[], ...odd.map((name) => [name])]));
  });

  it('lets the publisher go on first', async () => {
    const heard = await listen(pair.a);
    pair.a.publish(topic, 'x');
    expect(heard).toEqual([]);
    await vi.waitFor(() => expect(heard).toEqual(['x']));
  });

  it('keeps the order of a publisher, and carries each text once, equal ones too', async () => {
    const heard = [await listen(pair.a), await listen(pair.b)];
    const texts = Array.from(
      { length: 2_000 },
      (_, n) => `${n % 7 === 0 ? 'equal' : n} ${'x'.repeat(n % 90)}`,
    );
    for (const text of texts) pair.a.publish(topic, text);
    await drain(...heard);
    expect(heard).toEqual([texts, texts]);
  });

  it('carries any text', async () => {
    const heard = await listen(pair.b);
    const texts = ['', '\0', '"\\\n\u2028', '😀', '{"a":1}', '\u0001'.repeat(4_000), 'ü'.repeat(2_000)];
    for (const text of texts) pair.a.publish(topic, text);
    await drain(heard);
    expect(heard).toEqual(texts);
  });

  it('loses what is too long, and goes on', async () => {
    const heard = [await listen(pair.a), await listen(pair.b)];
    const longest = 'x'.repeat(4_000);
    for (const text of [`${longest}x`, longest]) pair.a.publish(topic, text);
    pair.a.publish('y'.repeat(201), 'x');
    await drain(...heard);
    expect(heard).toEqual([[longest], [longest]]);
  });

  it('leaves who stopped listening alone', async () => {
    const gone: string[] = [];
    const listener = (text: string): void => void gone.push(text);
    const [end, endAgain] = [pair.b.subscribe(topic, listener), pair.b.subscribe(topic, listener)];
    const heard = await listen(pair.b);
    end();
    end();
    pair.a.publish(topic, '1');
    await drain(heard);
    endAgain();
    pair.a.publish(topic, '2');
    await drain(heard);
    expect(gone).toEqual(['1', 'last']);
    expect(heard).toEqual(['1', '2']);
  });

  it('can be listened to again', async () => {
    pair.b.subscribe(topic, () => undefined)();
    const heard = await listen(pair.b);
    pair.a.publish(topic, 'x');
    await drain(heard);
    expect(heard).toEqual(['x']);
  });

  it('carries what was published before it is closed, and nothing after', async () => {
    const [own, other] = [await listen(pair.a), await listen(pair.b)];
    if (pair.a !== pair.b) {
      pair.a.publish(topic, 'before');
      await pair.a.close();
      await vi.waitFor(() => expect(other).toEqual(['before']));
      other.length = 0;
      own.length = 0;
    }
    await pair.b.close();
    await pair.b.close();
    pair.a.publish(topic, 'after');
    pair.b.publish(topic, 'after');
    await sleep(50);
    expect([own, other]).toEqual([[], []]);
  });
}
