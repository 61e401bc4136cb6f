import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { openTestReplicas, type TestReplicas } from '../../test/support/test-replicas.ts';
import { createSeal } from '../lib/seal.ts';
import { createStreamLog } from './stream-log.ts';

const ends: TestReplicas[] = [];
afterEach(async () => {
  for (const replicas of ends.splice(0)) await replicas.close();
});

async function setUp(maxBytes = 1_000_000) {
  const replicas = await openTestReplicas();
  ends.push(replicas);
  const { streams } = replicas.store;
  const log = createStreamLog({ streams, seal: createSeal(randomBytes(32)), maxBytes, maxAgeMs: 60_000 });
  return { log, streams };
}

const KEY = { session: 's', stream: 'p1' };
const ME = { holder: 'me', epoch: 1 };
const event = (number: number, text: string) => ({ number, data: Buffer.from(text) });
const open = { key: KEY, holder: 'me', requests: ['1'], work: Buffer.from('the work') };

describe('createStreamLog', () => {
  it('gives back what it was given, and shows the store nothing of it', async () => {
    const { log, streams } = await setUp();
    await log.open(open);
    await log.append(KEY, ME, { events: [event(1, 'one'), event(2, 'two')] });
    await log.answer(KEY, { question: 'q', body: Buffer.from('yes') });
    expect((await log.read(KEY))?.work?.toString()).toBe('the work');
    expect((await log.ofSession('s'))[0]?.work?.toString()).toBe('the work');
    const tail = await log.after(KEY, 0);
    expect(tail?.events.map(({ data }) => data.toString())).toEqual(['one', 'two']);
    expect((await log.answers(KEY))[0]?.body.toString()).toBe('yes');
    expect((await log.claim(KEY, ME, 'other'))?.work?.toString()).toBe('the work');
    const stored = [
      (await streams.read(KEY))?.work,
      ...((await streams.after(KEY, 0))?.events ?? []).map(({ data }) => data),
      ...(await streams.answers(KEY)).map(({ body }) => body),
    ];
    for (const bytes of stored) expect(bytes?.toString('latin1')).not.toMatch(/one|two|work|yes/);
  });

  it('does not open what was moved to another place of the store', async () => {
    const { log, streams } = await setUp();
    const other = { session: 's', stream: 'p2' };
    const bounds = { maxAgeMs: 60_000, maxBytes: 1_000_000 };
    await log.open(open);
    await log.append(KEY, ME, { events: [event(1, 'one')] });
    await log.answer(KEY, { question: 'q', body: Buffer.from('yes') });
    const row = await streams.read(KEY);
    await streams.open({ key: other, holder: 'me', requests: [], work: row?.work });
    const moved = (await streams.after(KEY, 0))?.events ?? [];
    await streams.append(other, ME, { events: moved, bounds });
    const [answer] = await streams.answers(KEY);
    await streams.answer(KEY, { question: 'q2', body: answer?.body ?? Buffer.alloc(0) });
    expect((await log.read(other))?.work).toBeUndefined();
    expect(await log.after(other, 0)).toBeUndefined();
    expect((await log.answers(KEY)).map(({ question }) => question)).toEqual(['q']);
  });

  it('gives one stream an eighth of the log', async () => {
    const { log } = await setUp(8_000);
    await log.open(open);
    for (let number = 1; number <= 20; number++)
      await log.append(KEY, ME, { events: [event(number, 'x'.repeat(100))] });
    expect(await log.after(KEY, 10)).toBeUndefined();
    expect((await log.after(KEY, 15))?.events).toHaveLength(5);
  });
});
