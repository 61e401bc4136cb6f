import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeCall } from '../../test/support/calls.ts';
import type { Call, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Connector } from './connector.ts';
import { Deadlines, type Expirable, withDeadlines } from './deadline.ts';

let now = 0;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(ms: number): void {
  now += ms;
  vi.advanceTimersByTime(ms);
}

const make = (): Deadlines => new Deadlines({ timeoutMs: 1_000, maxTimeoutMs: 2_500, now: () => now });

function target(): Expirable & { readonly codes: string[] } {
  const codes: string[] = [];
  return { expiresAtMs: 0, latestAtMs: 0, codes, expire: ({ code }) => codes.push(code) };
}

test('what takes too long expires once, at most a twentieth late', () => {
  const deadlines = make();
  const one = target();
  deadlines.start(one);
  pass(950);
  expect(one.codes).toEqual([]);
  pass(100);
  expect(one.codes).toEqual(['UPSTREAM_TIMEOUT']);
  pass(5_000);
  expect(one.codes).toHaveLength(1);
});

test('what is stopped does not expire', () => {
  const deadlines = make();
  const one = target();
  deadlines.start(one);
  deadlines.stop(one);
  pass(5_000);
  expect(one.codes).toEqual([]);
});

test('progress extends the time, up to the maximum', () => {
  const deadlines = make();
  const one = target();
  deadlines.start(one);
  for (let i = 0; i < 3; i++) {
    pass(800);
    deadlines.extend(one);
    expect(one.codes).toEqual([]);
  }
  pass(150);
  expect(one.codes).toEqual(['UPSTREAM_TIMEOUT']);
});

test('no timer is left when nothing runs', () => {
  const deadlines = make();
  const one = target();
  deadlines.start(one);
  expect(vi.getTimerCount()).toBe(1);
  deadlines.stop(one);
  pass(100);
  expect(vi.getTimerCount()).toBe(0);
});

/** A connector that answers never, and remembers its calls. */
class SilentConnector implements Connector {
  readonly calls: Call[] = [];
  closed = false;

  call(call: Call): Promise<Outcome> {
    this.calls.push(call);
    return new Promise((_, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const progress = JsonText.of({ jsonrpc: '2.0', method: 'notifications/progress', params: {} });
const log = JsonText.of({ jsonrpc: '2.0', method: 'notifications/message', params: {} });

test('a call that takes too long is aborted and fails with UPSTREAM_TIMEOUT', async () => {
  const inner = new SilentConnector();
  const call = withDeadlines(inner, make()).call(makeCall(), 'c');
  const failed = expect(call).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  pass(1_100);
  await failed;
  expect(inner.calls[0]?.signal.aborted).toBe(true);
});

test('progress extends a call and is passed on; log messages only are', async () => {
  const inner = new SilentConnector();
  const seen: JsonText[] = [];
  const call = withDeadlines(inner, make()).call(makeCall({ notify: (json) => void seen.push(json) }), 'c');
  const failed = expect(call).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  pass(800);
  void inner.calls[0]?.notify(progress);
  pass(800);
  expect(inner.calls[0]?.signal.aborted).toBe(false);
  void inner.calls[0]?.notify(log);
  pass(300);
  await failed;
  expect(seen).toEqual([progress, log]);
});

test('a call ends with its own signal too, and leaves no listener behind', async () => {
  const inner = new SilentConnector();
  const abort = new AbortController();
  const call = withDeadlines(inner, make()).call(makeCall({ signal: abort.signal }), 'c');
  abort.abort(new TypeError('gone'));
  await expect(call).rejects.toThrow('gone');
});

test('listens have no deadline, and closing is passed on', async () => {
  const inner = new SilentConnector();
  const bounded = withDeadlines(inner, make());
  const listen = makeCall({ method: 'subscriptions/listen', params: {} });
  void bounded.call(listen, 'c');
  pass(10_000);
  expect(inner.calls[0]).toBe(listen);
  await bounded.close();
  expect(inner.closed).toBe(true);
});
