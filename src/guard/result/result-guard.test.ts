import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../test/support/legacy-upstream.ts';
import { USUAL_GUARD } from '../../../test/support/trusting.ts';
import { JsonText } from '../../lib/json-text.ts';
import { createResultGuard } from './result-guard.ts';

const TOKEN = `ghp_${'a1B2'.repeat(9)}`;

describe('messages that belong to no call', () => {
  const said = (data: string) =>
    JsonText.of({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } });

  it('are read together with what the same upstream told the same session before', () => {
    const guard = createResultGuard(
      ['one', 'two'].map((name) => ({ name, guard: USUAL_GUARD })),
      silentLog,
    );
    const [mine, other] = [{}, {}];
    const tell = (name: string, data: string, session?: object) =>
      guard.message(name, said(data), session).at('params', 'data')?.string();
    const [start, end] = [TOKEN.slice(0, 12), TOKEN.slice(12)];
    expect(tell('one', start, mine)).toBe(start);
    expect(tell('two', end, mine)).toBe(end);
    expect(tell('one', end, other)).toBe(end);
    expect(tell('one', end)).toBe(end);
    expect(tell('one', end, mine)).toBe('[removed: github-token]');
  });
});
