import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { ListenWatch } from './listen-watch.ts';

const ACK = 'notifications/subscriptions/acknowledged';
const acknowledged = JsonText.of({
  jsonrpc: '2.0',
  method: ACK,
  params: {
    notifications: { toolsListChanged: true, promptsListChanged: false, resourceSubscriptions: ['a:1'] },
  },
});

describe('a listen that is opened again', () => {
  it('passes the first acknowledgment and every change on', () => {
    const watch = new ListenWatch('"L"');
    expect(watch.take(acknowledged, ACK)).toEqual([acknowledged]);
    const change = JsonText.of({ method: 'notifications/tools/list_changed' });
    expect(watch.take(change, 'notifications/tools/list_changed')).toEqual([change]);
  });

  it('tells of changes in place of a later acknowledgment, under the id of the subscription', () => {
    const watch = new ListenWatch('7');
    watch.take(acknowledged, ACK);
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 7 };
    expect(watch.take(acknowledged, ACK).map((one) => one.value())).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:1', _meta } },
    ]);
  });

  it('knows whether it was open since it was last asked', () => {
    const watch = new ListenWatch('1');
    expect([watch.wasOpen, watch.heard()]).toEqual([false, false]);
    watch.take(acknowledged, ACK);
    expect([watch.wasOpen, watch.heard(), watch.heard()]).toEqual([true, true, false]);
  });
});
