import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { openTestReplicas, type TestReplicas } from '../../../test/support/test-replicas.ts';
import { JsonText } from '../../lib/json-text.ts';
import { createSeal } from '../../lib/seal.ts';
import { createQuestionIds } from '../../session/question-ids.ts';
import { createSessionIds } from '../../session/session-id.ts';
import { createSessionRows } from '../../session/sessions.ts';
import { Ticker } from '../ticker.ts';
import { newFlight } from './flight.ts';
import { LiveSessions } from './live-sessions.ts';
import { SessionMail } from './session-mail.ts';

const TTL_MS = 3_600_000;
const EMPTY = JsonText.written('{}');
const tickers: Ticker[] = [];
const stores: TestReplicas[] = [];
afterEach(async () => {
  for (const replicas of stores.splice(0)) await replicas.close();
  for (const ticker of tickers.splice(0)) ticker.stop();
});

async function setUp(maxSessions = 10) {
  const clock = new ManualClock();
  const now = () => clock.now();
  const replicas = await openTestReplicas();
  stores.push(replicas);
  const fleet = await replicas.join('one');
  const rows = createSessionRows({
    sessions: fleet.store.sessions,
    feed: fleet.feed,
    clock,
    maxCached: 100,
  });
  const seal = createSeal(randomBytes(32));
  const ids = createSessionIds({ seal, rows, now, ttlMs: TTL_MS });
  const ticker = new Ticker({ intervalMs: 1_000_000, clock: now });
  tickers.push(ticker);
  const listen = () => new Promise<never>(() => undefined);
  const sessions = new LiveSessions({
    ids,
    rows,
    questionIds: createQuestionIds(seal),
    mail: new SessionMail({ post: fleet.post, membership: fleet.membership, clock }),
    membership: fleet.membership,
    clock,
    ticker,
    maxSessions,
    listen,
  });
  const mint = () =>
    ids.mint({
      version: '2025-11-25',
      server: 'all',
      principal: 'p',
      capabilities: EMPTY,
      clientInfo: EMPTY,
    });
  const present = (id: string, principal = 'p') => sessions.find({ id, server: 'all', principal });
  const find = async (id: string) => (await present(id)) ?? expect.fail('no such session');
  return { clock, rows, sessions, mint, find, present };
}

describe('LiveSessions', () => {
  it('gives the same session as long as something of it is open', async () => {
    const { sessions, mint, find, clock } = await setUp();
    const { id } = await mint();
    const session = await find(id);
    session.ended.addEventListener('abort', () => undefined);
    await clock.advance(120_000);
    sessions.tick();
    expect(await find(id)).toBe(session);
  });

  it('holds nothing of a session that has nothing open for a minute, and the session lives on', async () => {
    const { sessions, mint, find, clock } = await setUp();
    const { id } = await mint();
    const session = await find(id);
    await clock.advance(59_000);
    sessions.tick();
    expect(sessions.size).toBe(1);
    await clock.advance(31_000);
    sessions.tick();
    expect(sessions.size).toBe(0);
    expect(await find(id)).not.toBe(session);
  });

  it('ends a session when its time is over, whatever is open', async () => {
    const { sessions, mint, find, present, clock } = await setUp();
    const { id } = await mint();
    const session = await find(id);
    session.calls.set('1', newFlight(session.ended));
    await clock.advance(TTL_MS);
    sessions.tick();
    expect(session.ended.aborted).toBe(true);
    expect(session.calls.get('1')?.abort.aborted).toBe(true);
    expect(await present(id)).toBeUndefined();
  });

  it('ends a session wherever its end was noted', async () => {
    const { mint, find, present, rows } = await setUp();
    const { id, facts } = await mint();
    const session = await find(id);
    await rows.end(facts);
    expect(session.ended.aborted).toBe(true);
    expect(await present(id)).toBeUndefined();
  });

  it('does not exist for another principal', async () => {
    const { mint, find, present, sessions } = await setUp();
    const { id } = await mint();
    expect(await present(id, 'q')).toBeUndefined();
    expect(sessions.size).toBe(0);
    await find(id);
    expect(await present(id, 'q')).toBeUndefined();
  });

  it('makes room by forgetting an idle session, and ends the least used one if none is', async () => {
    const { sessions, mint, find, present } = await setUp(2);
    const [a, b, c] = [await mint(), await mint(), await mint()];
    const first = await find(a.id);
    first.ended.addEventListener('abort', () => undefined);
    await find(b.id);
    const third = await find(c.id);
    third.ended.addEventListener('abort', () => undefined);
    expect(sessions.size).toBe(2);
    expect(first.ended.aborted).toBe(false);
    await find(b.id);
    expect(first.ended.aborted).toBe(true);
    expect(await present(a.id)).toBeUndefined();
    expect(await find(c.id)).toBe(third);
  });
});
