import { expect, test } from 'vitest';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { MemoryBus, MemoryTables } from '../../../test/support/memory-tables.ts';
import { createSeal } from '../../lib/seal.ts';
import type { Membership } from '../fleet.ts';
import { openPost } from './post.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function world() {
  const clock = new ManualClock();
  const tables = new MemoryTables(clock);
  const bus = new MemoryBus();
  const seal = createSeal(Buffer.alloc(32, 7));
  const dead = new Set<string>();
  const deaths = new Set<(replica: string) => void>();
  const member = (id: string): Membership => ({
    id,
    isAlive: (replica) => !dead.has(replica),
    others: () => [],
    onDeath: (run) => {
      deaths.add(run);
      return () => deaths.delete(run);
    },
    onFenced: () => () => undefined,
  });
  const open = (id: string) =>
    openPost({ mail: tables.mail, bus, membership: member(id), seal, clock, log: silentLog });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) await clock.advance(100);
  };
  const inbox = (post: ReturnType<typeof open>, subject: string): string[] => {
    const got: string[] = [];
    post.receive(subject, (body, from) => got.push(`${from}:${body}`));
    return got;
  };
  const die = (replica: string): void => {
    dead.add(replica);
    for (const run of [...deaths]) run(replica);
  };
  return { tables, bus, open, pass, inbox, die };
}

test('letters arrive by subject, in their order, and travel together', async () => {
  const { tables, open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const [greetings, others] = [inbox(two, 'greet'), inbox(two, 'other')];
  const sent = [1, 2, 3].map((number) => one.send('two', 'greet', Buffer.from(`n${number}`)));
  sent.push(one.send('two', 'other', Buffer.from('x')), one.send('two', 'nobody', Buffer.from('y')));
  await Promise.all(sent);
  await pass(100);
  expect(greetings).toEqual(['one:n1', 'one:n2', 'one:n3']);
  expect(others).toEqual(['one:x']);
  expect(tables.inserts).toBe(1);
  expect(tables.mailboxes.get('two')?.map(({ body }) => body.includes('n1'))).toEqual([false]);
  await pass(2_000);
  expect(tables.mailboxes.get('two')).toEqual([]);
});

test('a letter that came with a wake-up is not read again when its sender is gone', async () => {
  const { open, inbox, pass, die } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await pass(100);
  await one.send('two', 's', Buffer.from('1'));
  await turn();
  expect(got).toEqual(['one:1']);
  die('one');
  await pass(3_000);
  expect(got).toEqual(['one:1']);
});

test('a letter too large for a wake-up comes by the mailbox', async () => {
  const { open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  const sent = [one.send('two', 's', Buffer.from('small')), one.send('two', 's', Buffer.alloc(5_000, 'x'))];
  await Promise.all(sent);
  await one.send('two', 's', Buffer.from('after'));
  await pass(100);
  expect(got.map((text) => text.length)).toEqual([9, 5_004, 9]);
});

test('when a wake-up is lost, what comes after it waits for what it carried', async () => {
  const { bus, open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await one.send('two', 's', Buffer.from('1'));
  bus.deaf = true;
  await one.send('two', 's', Buffer.from('2'));
  bus.deaf = false;
  await one.send('two', 's', Buffer.from('3'));
  await pass(100);
  expect(got).toEqual(['one:1', 'one:2', 'one:3']);
  await pass(3_000);
  expect(got).toHaveLength(3);
});

test('small letters are there before the store has them', async () => {
  const { tables, open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await turn();
  tables.broken = 'before';
  void one.send('two', 's', Buffer.from('quick')).catch(() => undefined);
  await turn();
  expect(got).toEqual(['one:quick']);
  tables.broken = 'no';
  await pass(3_000);
  expect(got).toEqual(['one:quick']);
});

test('lost wake-ups cost a second', async () => {
  const { bus, open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await turn();
  bus.deaf = true;
  await one.send('two', 's', Buffer.from('late'));
  await pass(1_000);
  expect(got).toEqual(['one:late']);
});

test('a letter whose insert was not acknowledged is offered again, and read once', async () => {
  const { tables, bus, open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await turn();
  bus.deaf = true;
  tables.broken = 'after';
  const sent = one.send('two', 's', Buffer.from('once'));
  await pass(600);
  tables.broken = 'no';
  await pass(300);
  await sent;
  await pass(1_000);
  expect(tables.inserts).toBeGreaterThan(1);
  expect(got).toEqual(['one:once']);
});

test('a store that stays away refuses letters in the end', async () => {
  const { tables, open, pass } = world();
  const one = open('one');
  tables.broken = 'before';
  const sent = one.send('two', 's', Buffer.from('x')).catch((thrown: unknown) => thrown);
  await pass(11_000);
  expect(await sent).toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

test('nothing more is offered to a replica that died, and one of the same name starts anew', async () => {
  const { tables, bus, open, inbox, pass, die } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await one.send('two', 's', Buffer.from('a'));
  tables.broken = 'before';
  bus.deaf = true;
  const sent = one.send('two', 's', Buffer.from('b')).catch((thrown: unknown) => thrown);
  await turn();
  die('two');
  await pass(300);
  expect(await sent).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  tables.broken = 'no';
  bus.deaf = false;
  await one.send('two', 's', Buffer.from('c'));
  await pass(100);
  expect(got).toEqual(['one:a', 'one:c']);
});

test('what waits is bounded', async () => {
  const { tables, open } = world();
  const one = open('one');
  tables.broken = 'before';
  const big = Buffer.alloc(9 * 1024 * 1024);
  void one.send('two', 's', big).catch(() => undefined);
  await expect(one.send('two', 's', big)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

test('a letter that fails its reader is not read again, and stops no other', async () => {
  const { open, inbox, pass } = world();
  const [one, two] = [open('one'), open('two')];
  two.receive('bad', () => {
    throw new TypeError('no');
  });
  const got = inbox(two, 's');
  void one.send('two', 'bad', Buffer.from('x'));
  await one.send('two', 's', Buffer.from('y'));
  await pass(2_000);
  expect(got).toEqual(['one:y']);
});

test('a closed post sends and collects nothing', async () => {
  const { open, pass, inbox } = world();
  const [one, two] = [open('one'), open('two')];
  const got = inbox(two, 's');
  await two.close();
  await one.send('two', 's', Buffer.from('x'));
  await pass(2_000);
  expect(got).toEqual([]);
  await one.close();
  await expect(one.send('two', 's', Buffer.from('x'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});
