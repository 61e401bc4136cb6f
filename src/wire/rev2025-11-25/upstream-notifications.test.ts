import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { callNotification, mostVerbose } from './upstream-notifications.ts';

const wishes = { ownToken: '4', progressToken: JsonText.written('1e2'), logLevel: 'warning' };

describe('callNotification', () => {
  it.each([
    ['notifications/progress', '{"progressToken":4,"progress":1.0}', '{"progressToken":1e2,"progress":1.0}'],
    ['notifications/progress', '{"progressToken":"4","progress":1}', undefined],
    ['notifications/progress', '{"progressToken":5,"progress":1}', undefined],
    ['notifications/message', '{"level":"notice"}', undefined],
    ['notifications/message', '{"level":"warning"}', '{"level":"warning"}'],
    ['notifications/message', '{"level":"loud"}', '{"level":"loud"}'],
    ['notifications/x', '{"a":1}', '{"a":1}'],
    ['notifications/cancelled', '{"requestId":1}', undefined],
    ['notifications/subscriptions/acknowledged', '{}', undefined],
  ])('makes of %s %s %s', (method, params, seen) => {
    const written = callNotification({ method, params: JsonText.parse(Buffer.from(params)) }, wishes);
    expect(written?.get('params')?.text).toBe(seen);
  });

  it('lets nothing through that the call did not ask for', () => {
    const silent = { ownToken: '4', progressToken: undefined, logLevel: undefined };
    const params = JsonText.of({ progressToken: 4, level: 'emergency' });
    for (const method of ['notifications/progress', 'notifications/message'])
      expect(callNotification({ method, params }, silent)).toBeUndefined();
  });
});

it('mostVerbose takes the first of the list', () => {
  expect(mostVerbose(['error', 'info', 'notice'])).toBe('info');
  expect(mostVerbose([])).toBeUndefined();
});
