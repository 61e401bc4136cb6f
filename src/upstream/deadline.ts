/** The time that calls to one upstream may take. */
import type { Call } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { Slots, type Slotted } from '../lib/slots.ts';
import type { Connector } from './connector.ts';

/** Something that ends when its time is up. The numbers and the slot belong to `Deadlines`. */
export interface Expirable extends Slotted {
  expiresAtMs: number;
  latestAtMs: number;
  /** Its time is up: cancels at the upstream and fails with the error. */
  expire(error: GatewardError): void;
}

/** How long calls may take, and the clock they are measured by. */
export interface DeadlineOptions {
  /** Milliseconds without progress. */
  readonly timeoutMs: number;
  /** Milliseconds in all. */
  readonly maxTimeoutMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Calls end late by at most this part of their time. */
const PRECISION = 20;
const MIN_TICK_MS = 5;
const MAX_TICK_MS = 1_000;

/**
 * Ends what takes too long. One timer serves every call of an upstream, and only while calls run: a timer for each
 * call would cost more than the rest of a call's book-keeping.
 */
export class Deadlines {
  readonly #options: DeadlineOptions;
  readonly #tickMs: number;
  readonly #running = new Slots<Expirable>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    this.#tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, Math.floor(options.timeoutMs / PRECISION)));
  }

  start(target: Expirable): void {
    const now = this.#options.now();
    target.latestAtMs = now + this.#options.maxTimeoutMs;
    target.expiresAtMs = Math.min(now + this.#options.timeoutMs, target.latestAtMs);
    this.#running.add(target);
    this.#timer ??= setInterval(() => this.#sweep(), this.#tickMs).unref();
  }

  /** The upstream showed progress: the time without progress begins anew. */
  extend(target: Expirable): void {
    target.expiresAtMs = Math.min(this.#options.now() + this.#options.timeoutMs, target.latestAtMs);
  }

  stop(target: Expirable): void {
    this.#running.delete(target);
  }

  #sweep(): void {
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = this.#options.now();
    for (const target of this.#running) {
      if (target.expiresAtMs > now) continue;
      this.#running.delete(target);
      target.expire(new GatewardError('UPSTREAM_TIMEOUT'));
    }
  }
}

/** True for calls that are meant to last: streams of changes end with their client, not with a deadline. */
export function isEndless(method: string): boolean {
  return method === 'subscriptions/listen';
}

/** Puts deadlines before a connector that has none of its own. */
export function withDeadlines(connector: Connector, deadlines: Deadlines): Connector {
  return {
    call: (call, context) =>
      isEndless(call.method)
        ? connector.call(call, context)
        : runWithin(deadlines, call, (bounded) => connector.call(bounded, context)),
    close: () => connector.close(),
  };
}

async function runWithin<T>(deadlines: Deadlines, call: Call, run: (call: Call) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(call.signal.reason);
  const target = {
    expiresAtMs: 0,
    latestAtMs: 0,
    expire: (error: GatewardError) => abort.abort(error),
  };
  if (call.signal.aborted) onAbort();
  call.signal.addEventListener('abort', onAbort);
  deadlines.start(target);
  try {
    return await run({
      ...call,
      signal: abort.signal,
      notify: (notification) => {
        if (notification.get('method')?.string() === 'notifications/progress') deadlines.extend(target);
        return call.notify(notification);
      },
    });
  } finally {
    deadlines.stop(target);
    call.signal.removeEventListener('abort', onAbort);
  }
}
