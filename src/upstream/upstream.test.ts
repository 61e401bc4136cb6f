import { afterEach, describe, expect, test } from 'vitest';
import { makeCall } from '../../test/support/calls.ts';
import { sketchSession } from '../../test/support/legacy-upstream.ts';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import type { Outcome } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Opened, Opener } from './opened.ts';
import { createUpstream, type Upstream } from './upstream.ts';

const OK: Outcome = { kind: 'complete', result: JsonText.written('{}') };

/** An opener whose server the test switches on and off. */
class SwitchedOpener implements Opener {
  failure: GatewardError | undefined;
  callFailure: GatewardError | undefined;
  era: 'modern' | 'legacy' = 'modern';
  opens = 0;
  checks = 0;
  closed = 0;
  connectorsClosed = 0;
  hold: Promise<void> = Promise.resolve();

  async open(signal: AbortSignal): Promise<Opened> {
    this.opens++;
    await this.hold;
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    return this.#opened();
  }

  async check(opened: Opened): Promise<Opened> {
    this.checks++;
    await this.hold;
    if (this.failure !== undefined) throw this.failure;
    return opened.era === this.era ? opened : this.#opened();
  }

  async close(): Promise<void> {
    this.closed++;
  }

  #opened(): Opened {
    const { era } = this;
    return {
      connector: {
        call: async () => {
          if (this.callFailure !== undefined) throw this.callFailure;
          return OK;
        },
        close: async () => {
          this.connectorsClosed++;
        },
      },
      era,
      transport: 'http',
      protocolVersion: era === 'modern' ? '2026-07-28' : '2025-11-25',
      serverInfo: JsonText.of({ name: 'x', version: '1' }),
    };
  }
}

const started: Upstream[] = [];
afterEach(async () => {
  for (const upstream of started.splice(0)) await upstream.close();
});

interface Made {
  readonly upstream: Upstream;
  readonly opener: SwitchedOpener;
  readonly clock: ManualClock;
  readonly lines: string[];
}

function make(prepare: (opener: SwitchedOpener) => void = () => undefined): Made {
  const opener = new SwitchedOpener();
  prepare(opener);
  const clock = new ManualClock();
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const upstream = createUpstream({
    name: 'files',
    kind: 'http',
    opener,
    repeatable: ({ name }) => name === 'safe',
    retireMs: 60_000,
    clock,
    random: () => 1,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  });
  started.push(upstream);
  return { upstream, opener, clock, lines };
}

const failure = (code: ErrorCode = 'UPSTREAM_UNAVAILABLE', retryAfterSeconds?: number): GatewardError =>
  new GatewardError(code, { detail: 'It refused the connection.', retryAfterSeconds });

describe('a call that a replica which died may have sent already', () => {
  const again = (name: string) => {
    const call = makeCall({ name });
    const session = sketchSession();
    return { ...call, legacy: { session, refusals: new Map(), again: true } };
  };

  test('is made where it may be made twice, and nowhere else', async () => {
    const { upstream } = make();
    expect(await upstream.call(again('safe'), 'c')).toBe(OK);
    await expect(upstream.call(again('other'), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  });
});

describe('starting', () => {
  test('the first calls wait for one attempt and are then carried', async () => {
    const { upstream, opener } = make();
    const outcomes = await Promise.all([upstream.call(makeCall(), 'c'), upstream.call(makeCall(), 'c')]);
    expect(outcomes).toEqual([OK, OK]);
    expect(opener.opens).toBe(1);
    expect(upstream.status()).toMatchObject({
      name: 'files',
      state: 'up',
      era: 'modern',
      protocolVersion: '2026-07-28',
      lastError: undefined,
    });
  });

  test('a waiting call ends with its client', async () => {
    const gate = Promise.withResolvers<void>();
    const { upstream } = make((opener) => {
      opener.hold = gate.promise;
    });
    const abort = new AbortController();
    const call = upstream.call(makeCall({ signal: abort.signal }), 'c');
    abort.abort(new TypeError('gone'));
    await expect(call).rejects.toThrow('gone');
    gate.resolve();
  });

  test('settled tells when it is known how the upstream is', async () => {
    const { upstream } = make((opener) => {
      opener.failure = failure();
    });
    upstream.start();
    expect(upstream.status().state).toBe('starting');
    await upstream.settled();
    expect(upstream.status().state).toBe('down');
    await upstream.settled();
  });
});

describe('down', () => {
  test('a call fails at once and says which upstream, why, and when to come back', async () => {
    const { upstream, opener } = make((it) => {
      it.failure = failure();
    });
    await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringMatching(/"files" is down: .*It refused the connection\./),
      retryAfterSeconds: 1,
    });
    await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(opener.opens).toBe(1);
  });

  test('it is tried again, ever more slowly, and says so once', async () => {
    const { upstream, opener, clock, lines } = make((it) => {
      it.failure = failure();
    });
    upstream.start();
    await quiet();
    for (const [waitMs, opens] of [
      [1_000, 2],
      [2_000, 3],
      [4_000, 4],
      [8_000, 5],
      [16_000, 6],
      [30_000, 7],
      [30_000, 8],
    ] as const) {
      await clock.advance(waitMs - 1);
      expect(opener.opens).toBe(opens - 1);
      await clock.advance(1);
      expect(opener.opens).toBe(opens);
    }
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual(['warn upstream is down']);
  });

  test('a server that asks for a longer pause gets it', async () => {
    const { upstream, clock } = make((it) => {
      it.failure = failure('RATE_LIMITED', 60);
    });
    await upstream.settled();
    expect(upstream.status().nextTryAt).toBe(clock.now() + 60_000);
  });

  test('it comes up by itself when the server is back, and tells', async () => {
    const { upstream, opener, clock, lines } = make((it) => {
      it.failure = failure();
    });
    const states: string[] = [];
    upstream.onChange(({ state }) => states.push(state));
    await upstream.settled();
    opener.failure = undefined;
    await clock.advance(1_000);
    expect(await upstream.call(makeCall(), 'c')).toBe(OK);
    expect(states).toEqual(['down', 'up']);
    expect(lines).toEqual(['warn upstream is down', 'info upstream is up']);
    expect(clock.pending).toBe(0);
  });
});

describe('an upstream that waits for somebody', () => {
  async function wait(code: ErrorCode): Promise<Made> {
    const made = make((it) => {
      it.failure = failure(code);
    });
    expect(made.upstream.isKnown()).toBe(false);
    await made.upstream.settled();
    return made;
  }

  test.each(['LAUNCH_NOT_APPROVED', 'SANDBOX_UNAVAILABLE'] as const)(
    'is starting, without the old reason, from the moment that somebody acts: %s',
    async (code) => {
      const { upstream, opener, clock } = await wait(code);
      const gate = Promise.withResolvers<void>();
      opener.hold = gate.promise;
      opener.failure = undefined;
      upstream.retry();
      await quiet();
      const starting = { state: 'starting', lastError: undefined, nextTryAt: undefined };
      expect(upstream.status()).toMatchObject(starting);
      expect([upstream.isKnown(), clock.pending]).toEqual([true, 0]);
      const call = upstream.call(makeCall(), 'c');
      gate.resolve();
      expect(await call).toBe(OK);
      expect(upstream.status().state).toBe('up');
    },
  );

  test('is down again, and tried again by itself, where that did not help', async () => {
    const { upstream, opener, clock } = await wait('LAUNCH_NOT_APPROVED');
    upstream.retry();
    await quiet();
    expect(upstream.status()).toMatchObject({ state: 'down', lastError: { code: 'LAUNCH_NOT_APPROVED' } });
    opener.failure = undefined;
    await clock.advance(30_000);
    expect(upstream.status().state).toBe('up');
  });

  test('is no other that is down: that stays down until it answers', async () => {
    const { upstream, opener } = await wait('UPSTREAM_UNAVAILABLE');
    const gate = Promise.withResolvers<void>();
    opener.hold = gate.promise;
    upstream.retry();
    await quiet();
    expect([upstream.status().state, opener.opens]).toEqual(['down', 2]);
    gate.resolve();
  });
});

describe('up', () => {
  test.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_LOST', 'UPSTREAM_TIMEOUT', 'UPSTREAM_REFUSED'] as const)(
    'a call that fails with %s makes it look, and down it goes if it is',
    async (code) => {
      const { upstream, opener, clock } = make();
      await upstream.settled();
      await clock.advance(2_000);
      opener.callFailure = failure(code);
      opener.failure = failure();
      await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code });
      await quiet();
      expect(upstream.status()).toMatchObject({ state: 'down', era: 'modern' });
    },
  );

  test('a call that fails for itself changes nothing', async () => {
    const { upstream, opener, clock } = make();
    await upstream.settled();
    await clock.advance(2_000);
    opener.callFailure = failure('UPSTREAM_INVALID');
    await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    await quiet();
    expect(opener.checks).toBe(0);
  });

  test('it looks at once where it is known that it is not what it was, however soon after the last look', async () => {
    const { upstream, opener } = make();
    await upstream.settled();
    opener.failure = failure('LAUNCH_NOT_APPROVED');
    upstream.checkNow();
    upstream.checkNow();
    await quiet();
    expect(upstream.status()).toMatchObject({ state: 'down', lastError: { code: 'LAUNCH_NOT_APPROVED' } });
    expect(opener.checks).toBe(1);
  });

  test('it looks once more after a look that began before', async () => {
    const { upstream, opener, clock } = make();
    await upstream.settled();
    await clock.advance(2_000);
    const gate = Promise.withResolvers<void>();
    opener.hold = gate.promise;
    upstream.checkSoon();
    upstream.checkNow();
    upstream.checkNow();
    gate.resolve();
    await quiet();
    expect(opener.checks).toBe(2);
  });

  test('many failures make it look no more than every two seconds, and it serves on', async () => {
    const { upstream, opener, clock } = make();
    await upstream.settled();
    opener.callFailure = failure('UPSTREAM_LOST');
    for (let i = 0; i < 5; i++) {
      await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
    }
    expect(opener.checks).toBe(0);
    await clock.advance(2_000);
    for (let i = 0; i < 5; i++) {
      await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
      await quiet();
    }
    expect(opener.checks).toBe(1);
    expect(upstream.status().state).toBe('up');
  });

  test('a legacy verdict is found out again after a day; what served before ends later', async () => {
    const { upstream, opener, clock } = make((it) => {
      it.era = 'legacy';
    });
    await upstream.settled();
    opener.era = 'modern';
    await clock.advance(23 * 3_600_000);
    await upstream.call(makeCall(), 'c');
    expect(opener.checks).toBe(0);
    await clock.advance(2 * 3_600_000);
    await upstream.call(makeCall(), 'c');
    await quiet();
    expect(upstream.status()).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    expect(opener.connectorsClosed).toBe(0);
    await clock.advance(60_000);
    expect(opener.connectorsClosed).toBe(1);
  });

  test('calls in flight are counted, listens are not', async () => {
    const { upstream, opener } = make();
    await upstream.settled();
    const call = upstream.call(makeCall(), 'c');
    const listen = upstream.call(makeCall({ method: 'subscriptions/listen', params: {} }), 'c');
    expect(upstream.inFlight()).toBe(1);
    await Promise.all([call, listen]);
    expect(upstream.inFlight()).toBe(0);
    opener.callFailure = failure('UPSTREAM_INVALID');
    await upstream.call(makeCall(), 'c').catch(() => undefined);
    expect(upstream.inFlight()).toBe(0);
  });
});

describe('closing', () => {
  test('ends connectors and opener once, and refuses calls', async () => {
    const { upstream, opener, clock } = make();
    await upstream.settled();
    await upstream.close();
    await upstream.close();
    expect([opener.connectorsClosed, opener.closed]).toEqual([1, 1]);
    expect(clock.pending).toBe(0);
  });

  test('while it starts leaves nothing behind', async () => {
    const gate = Promise.withResolvers<void>();
    const { upstream, opener, clock } = make((it) => {
      it.hold = gate.promise;
    });
    const call = upstream.call(makeCall(), 'c');
    const closed = upstream.close();
    gate.resolve();
    await closed;
    await expect(call).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await expect(upstream.call(makeCall(), 'c')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(opener.closed).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('while it is down stops the attempts', async () => {
    const { upstream, clock } = make((it) => {
      it.failure = failure();
    });
    await upstream.settled();
    await upstream.close();
    expect(clock.pending).toBe(0);
  });
});
