import { afterEach, describe, expect, it, vi } from 'vitest';
import { sketchSession } from '../../test/support/legacy-upstream.ts';
import type { Call, LegacyCall, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { ALL_LISTS } from './listen-filter.ts';
import { ListenHub } from './listen-hub.ts';
import type { Source } from './server-view.ts';

interface Listen {
  /** Key of the session that it is of; undefined for the one that all share. */
  readonly session: string | undefined;
  readonly call: Call;
}

/** A legacy upstream at which each session has a session of its own, and a hub before it. */
function setUp({ acknowledges = true, perSession = false } = {}) {
  const listens = new Set<Listen>();
  let now = 0;
  const call = (made: Call): Promise<Outcome> => {
    const { promise, reject } = Promise.withResolvers<Outcome>();
    const listen = { session: made.legacy?.session.key, call: made };
    listens.add(listen);
    made.signal.addEventListener('abort', () => {
      listens.delete(listen);
      reject(new TypeError('over'));
    });
    const notifications = made.message.at('params', 'notifications')?.value();
    if (acknowledges || listen.session === undefined)
      tell(made, 'subscriptions/acknowledged', { notifications });
    return promise;
  };
  const source: Source = { name: 'a', era: () => 'legacy', perSession, call };
  const hub = new ListenHub({ now: () => now, onAnyChange: () => undefined, onReopened: () => undefined });
  const legacy: LegacyCall = { session: sketchSession(), refusals: new Map() };
  const heard: string[] = [];
  const serve = (uris: readonly string[] = []) =>
    hub.serve({
      source,
      context: 'local',
      filter: { ...ALL_LISTS, resourceSubscriptions: uris },
      legacy,
      onChange: (event) => heard.push(event.kind === 'list' ? event.list : event.uri),
    });
  const open = () => [...listens].map(({ session }) => (session === undefined ? 'shared' : 'own')).sort();
  const announce = (whose: 'shared' | 'own') => {
    for (const { session, call: made } of listens)
      if ((session === undefined) === (whose === 'shared')) tell(made, 'tools/list_changed', {});
  };
  const pass = async (ms: number) => {
    now += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { hub, source, legacy, serve, open, announce, heard, pass };
}

function tell(call: Call, method: string, params: object): void {
  void call.notify(JsonText.of({ jsonrpc: '2.0', method: `notifications/${method}`, params }));
}

vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
afterEach(() => void vi.clearAllTimers());

describe('what a legacy session hears of a legacy upstream', () => {
  it('is what all hear, by one listen, until it calls there', async () => {
    const { serve, open, announce, heard, pass } = setUp();
    expect(await serve().promised).toMatchObject({ toolsListChanged: true });
    serve();
    await pass(60_000);
    expect(open()).toEqual(['shared']);
    announce('shared');
    expect(heard).toEqual(['toolsListChanged', 'toolsListChanged']);
  });

  it('is what its own upstream session tells, from its first call there on', async () => {
    const { hub, source, legacy, serve, open, announce, heard, pass } = setUp();
    await serve().promised;
    hub.heed(source, legacy);
    hub.heed(source, legacy);
    await pass(10);
    expect(open()).toContain('own');
    announce('shared');
    announce('own');
    expect(heard).toEqual(['toolsListChanged']);
  });

  it('is what all hear while its own upstream session tells nothing', async () => {
    const { hub, source, legacy, serve, announce, heard, pass } = setUp({ acknowledges: false });
    await serve().promised;
    hub.heed(source, legacy);
    await pass(20_000);
    announce('shared');
    expect(heard).toEqual(['toolsListChanged']);
  });

  it('is what all hear again once it called nothing for ten minutes', async () => {
    const { hub, source, legacy, serve, open, announce, heard, pass } = setUp();
    await serve().promised;
    hub.heed(source, legacy);
    await pass(590_000);
    hub.heed(source, legacy);
    await pass(590_000);
    expect(open()).toContain('own');
    await pass(70_000);
    expect(open()).toEqual(['shared']);
    announce('shared');
    expect(heard).toEqual(['toolsListChanged']);
  });

  it('is told to it when the gateway finds a change, whichever it hears', async () => {
    const { hub, source, legacy, serve, heard, pass } = setUp();
    await serve().promised;
    hub.tell(source, 'local', { kind: 'list', list: 'toolsListChanged' });
    hub.heed(source, legacy);
    await pass(10);
    hub.tell(source, 'local', { kind: 'list', list: 'toolsListChanged' });
    expect(heard).toHaveLength(2);
  });

  it.each([
    ['resources that it subscribed to', { perSession: false }, ['file:///x']],
    ['a process of its own', { perSession: true }, []],
  ])('comes from its own upstream session at once for %s', async (_, options, uris) => {
    const { serve, open } = setUp(options);
    await serve(uris).promised;
    expect(open()).toEqual(['own']);
  });

  it('ends with its interest', async () => {
    const { hub, source, legacy, serve, open, announce, heard, pass } = setUp();
    const served = serve();
    await served.promised;
    hub.heed(source, legacy);
    await pass(10);
    served.end();
    hub.heed(source, legacy);
    announce('shared');
    announce('own');
    expect(heard).toEqual([]);
    await pass(700_000);
    expect(open()).toEqual([]);
    hub.close();
  });
});
