import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Interest } from './interest.ts';
import { isWithin, type ListenFilter, NO_FILTER } from './listen-filter.ts';
import { ListenHub } from './listen-hub.ts';
import type { Source } from './server-view.ts';

interface Stream {
  readonly call: Call;
  readonly uris: readonly string[];
  readonly isOpen: () => boolean;
  acknowledge(): void;
  end(): void;
}

/** An upstream whose listens are acknowledged and ended by the test. */
function streamSource(): { source: Source; streams: Stream[] } {
  const streams: Stream[] = [];
  const call = (listen: Call): Promise<Outcome> => {
    let open = true;
    const { promise, reject } = Promise.withResolvers<Outcome>();
    const end = (): void => {
      open = false;
      reject(new TypeError('over'));
    };
    listen.signal.addEventListener('abort', end, { once: true });
    const notifications = listen.message.at('params', 'notifications');
    const uris = notifications?.get('resourceSubscriptions')?.items() ?? [];
    streams.push({
      call: listen,
      uris: uris.map((uri) => uri.string() ?? ''),
      isOpen: () => open,
      end,
      acknowledge: () =>
        send(listen, 'subscriptions/acknowledged', { notifications: notifications?.value() }),
    });
    return promise;
  };
  return { source: { name: 'a', era: () => 'modern', call }, streams };
}

function send(listen: Call, method: string, params: object): void {
  void listen.notify(JsonText.of({ jsonrpc: '2.0', method: `notifications/${method}`, params }));
}

function setUp() {
  const { source, streams } = streamSource();
  const changes: string[] = [];
  const onReopened = vi.fn();
  const hub = new ListenHub({
    now: () => 0,
    onAnyChange: (_, __, { kind }) => changes.push(kind),
    onReopened,
  });
  const interest = (filter: Partial<ListenFilter>): Interest => ({
    source,
    context: 'local',
    filter: { ...NO_FILTER, ...filter },
    legacy: undefined,
    onChange: ({ kind }) => changes.push(`client: ${kind}`),
  });
  return { source, streams, hub, interest, changes, onReopened };
}

const open = (streams: readonly Stream[]): Stream[] => streams.filter(({ isOpen }) => isOpen());

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }),
);
afterEach(() => void vi.useRealTimers());

describe('a kept listen', () => {
  it('is open once, though it is widened while it waits to be opened again', async () => {
    const { hub, streams, interest } = setUp();
    hub.serve(interest({ toolsListChanged: true }));
    streams[0]?.acknowledge();
    streams[0]?.end();
    await vi.advanceTimersByTimeAsync(0);
    hub.serve(interest({ resourceSubscriptions: ['file:///x'] }));
    await vi.advanceTimersByTimeAsync(20);
    streams[1]?.acknowledge();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(open(streams)).toHaveLength(1);
    hub.close();
    expect(open(streams)).toHaveLength(0);
  });

  it('makes changes up after a gap that a wider filter ended', async () => {
    const { hub, streams, interest, changes, onReopened } = setUp();
    hub.serve(interest({ toolsListChanged: true }));
    streams[0]?.acknowledge();
    streams[0]?.end();
    await vi.advanceTimersByTimeAsync(0);
    hub.serve(interest({ resourceSubscriptions: ['file:///x'] }));
    await vi.advanceTimersByTimeAsync(20);
    streams[1]?.acknowledge();
    expect(changes).toContain('client: list');
    expect(onReopened).toHaveBeenCalledOnce();
  });

  it('asks no longer for resources that nobody wants', async () => {
    const { hub, streams, interest } = setUp();
    const first = hub.serve(interest({ resourceSubscriptions: ['file:///x'] }));
    hub.serve(interest({ toolsListChanged: true }));
    streams[0]?.acknowledge();
    first.end();
    hub.serve(interest({ resourceSubscriptions: ['file:///y'] }));
    await vi.advanceTimersByTimeAsync(20);
    expect(streams.map(({ uris }) => uris)).toEqual([['file:///x'], ['file:///y']]);
  });

  it('is opened again ever more slowly by an upstream that ends it as soon as it began', async () => {
    const { hub, streams, interest } = setUp();
    hub.serve(interest({ toolsListChanged: true }));
    for (let second = 0; second < 120; second++) {
      for (const stream of open(streams)) {
        stream.acknowledge();
        stream.end();
      }
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(streams.length).toBeLessThan(12);
    hub.close();
  });

  it('is not begun once its server ended', async () => {
    const { hub, streams, interest, source } = setUp();
    hub.close();
    expect(hub.watch(source, 'tools', 'local')).toBe(false);
    await expect(hub.serve(interest({ toolsListChanged: true })).promised).resolves.toEqual(NO_FILTER);
    expect(streams).toEqual([]);
  });
});

describe('what lies below a URI', () => {
  it.each([
    ['file:///d', 'file:///d', true],
    ['file:///d/x', 'file:///d', true],
    ['file:///d/x', 'file:///d/', true],
    ['file:///dx', 'file:///d', false],
  ])('%s is below %s: %s', (uri, whole, expected) => {
    expect(isWithin(uri, whole)).toBe(expected);
  });
});
