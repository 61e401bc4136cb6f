import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { ReverseRequests } from './reverse-requests.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = new ManualClock();
  const sent: Record<string, unknown>[] = [];
  const names: string[] = [];
  const questions = new ReverseRequests(clock, (name, stream) => JSON.stringify(`${stream}/${name}`));
  const send = (message: Buffer) => {
    sent.push(JSON.parse(message.toString('utf8')));
    return undefined;
  };
  const ask = (alias?: string, stream?: string) => {
    const worded = questions.word('roots/list', undefined, stream);
    names.push(worded.name);
    return questions.ask({ ...worded, alias, stream, ask: () => send(worded.message), send });
  };
  return { clock, sent, questions, ask, nameOf: (at: number) => names[at] ?? '' };
}

const result = (value: object) => ({ kind: 'result', result: JsonText.of(value) }) as const;

describe('ReverseRequests', () => {
  it('asks under ids that say where answers belong, which are progress tokens too', () => {
    const { ask, sent, nameOf } = setUp();
    ask(undefined, 's');
    ask();
    expect(sent[0]).toMatchObject({
      id: `s/${nameOf(0)}`,
      method: 'roots/list',
      params: { _meta: { progressToken: sent[0]?.['id'] } },
    });
    expect(sent[0]?.['id']).not.toBe(sent[1]?.['id']);
  });

  it('takes one answer each, a result or an error', async () => {
    const { ask, questions, nameOf, clock } = setUp();
    const [one, two] = [ask(), ask()];
    expect(questions.finish(nameOf(1), { kind: 'error', error: JsonText.of({ code: 1 }) })).toBe(true);
    expect(questions.finish(nameOf(0), result({ a: 1 }))).toBe(true);
    expect(questions.finish(nameOf(0), result({ a: 2 }))).toBe(false);
    expect(questions.finish('unknown', result({}))).toBe(false);
    expect(await one.answer).toMatchObject({ kind: 'result', result: JsonText.of({ a: 1 }) });
    expect(await two.answer).toMatchObject({ kind: 'error' });
    expect(questions.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('gives up after ten minutes and tells the client, unless that is at work', async () => {
    const { ask, questions, nameOf, clock, sent } = setUp();
    const [silent, busy] = [ask(), ask()];
    await clock.advance(9 * MINUTE);
    expect(questions.restart(nameOf(1))).toBe(true);
    await clock.advance(2 * MINUTE);
    expect(await silent.answer).toEqual({ kind: 'expired' });
    expect(sent.at(-1)).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: sent[0]?.['id'] },
    });
    expect(questions.size).toBe(1);
    await clock.advance(8 * MINUTE);
    expect(await busy.answer).toEqual({ kind: 'expired' });
  });

  it('is taken back once, by the asker or by its name for it', async () => {
    const { ask, questions, sent } = setUp();
    const [one, two] = [ask('a'), ask('b')];
    one.withdraw();
    one.withdraw();
    questions.withdraw('b');
    questions.withdraw('b');
    expect([await one.answer, await two.answer]).toEqual([{ kind: 'withdrawn' }, { kind: 'withdrawn' }]);
    expect(sent).toHaveLength(4);
  });

  it('forgets in silence what another replica goes on with', async () => {
    const { ask, questions, sent } = setUp();
    const [gone] = [ask(undefined, 's'), ask(undefined, 't')];
    expect(questions.isWaitingOn('s')).toBe(true);
    questions.drop('s');
    expect(await gone?.answer).toEqual({ kind: 'withdrawn' });
    expect(questions.isWaitingOn('s')).toBe(false);
    expect(questions.isWaitingOn('t')).toBe(true);
    expect(sent).toHaveLength(2);
  });

  it('holds no more questions than a person could answer', () => {
    const { ask, questions } = setUp();
    for (let count = 0; count < 64; count++) ask();
    expect(() => ask()).toThrow(GatewardError);
    questions.expireAll();
    expect(questions.size).toBe(0);
  });
});
