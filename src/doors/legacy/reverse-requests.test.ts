import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { ReverseRequests } from './reverse-requests.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = new ManualClock();
  const sent: Record<string, unknown>[] = [];
  const questions = new ReverseRequests(clock);
  const send = (message: Buffer) => {
    sent.push(JSON.parse(message.toString('utf8')));
    return undefined;
  };
  const ask = (name?: string) => questions.ask({ name, method: 'roots/list', params: undefined, send });
  const idOf = (at: number) => JSON.stringify(sent[at]?.['id']);
  return { clock, sent, questions, ask, idOf };
}

describe('ReverseRequests', () => {
  it('asks under ids of its own, which are progress tokens too', () => {
    const { ask, sent } = setUp();
    ask();
    ask();
    expect(sent[0]).toMatchObject({
      method: 'roots/list',
      params: { _meta: { progressToken: sent[0]?.['id'] } },
    });
    expect(sent[0]?.['id']).not.toBe(sent[1]?.['id']);
  });

  it('takes one answer each, a result or an error', async () => {
    const { ask, questions, idOf, clock } = setUp();
    const [one, two] = [ask(), ask()];
    questions.answer({ kind: 'error', id: idOf(1), error: JsonText.of({ code: 1 }) });
    questions.answer({ kind: 'result', id: idOf(0), result: JsonText.of({ a: 1 }) });
    questions.answer({ kind: 'result', id: idOf(0), result: JsonText.of({ a: 2 }) });
    questions.answer({ kind: 'result', id: '"unknown"', result: JsonText.of({}) });
    expect(await one.answer).toMatchObject({ kind: 'result' });
    expect(await two.answer).toMatchObject({ kind: 'error' });
    expect(questions.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('gives up after ten minutes and tells the client, unless that is at work', async () => {
    const { ask, questions, idOf, clock, sent } = setUp();
    const [silent, busy] = [ask(), ask()];
    await clock.advance(9 * MINUTE);
    questions.progress(JsonText.written(`{"progressToken":${idOf(1)},"progress":1}`));
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

  it('is taken back once, by the asker or by name', async () => {
    const { ask, questions, sent } = setUp();
    const [one, two] = [ask('a'), ask('b')];
    one.withdraw();
    one.withdraw();
    questions.withdraw('b');
    questions.withdraw('b');
    expect([await one.answer, await two.answer]).toEqual([{ kind: 'withdrawn' }, { kind: 'withdrawn' }]);
    expect(sent).toHaveLength(4);
  });

  it('holds no more questions than a person could answer', () => {
    const { ask, questions } = setUp();
    for (let count = 0; count < 64; count++) ask();
    expect(() => ask()).toThrow(GatewardError);
    questions.expireAll();
    expect(questions.size).toBe(0);
  });
});
