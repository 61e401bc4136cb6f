/** One upstream as the gateway sees it: a connector that knows how it is. */
import type { AuthorizationContext, Call, Outcome } from '../call.ts';
import { type ErrorCode, GatewardError, toGatewardError } from '../errors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import { raceAbort } from '../lib/race-abort.ts';
import type { Connector } from './connector.ts';
import { isEndless } from './deadline.ts';
import { isRetry } from './is-repeatable.ts';
import { needsSomebody } from './needs-somebody.ts';
import type { Era, Opened, Opener } from './opened.ts';
import { explainDown } from './process-ended.ts';

/** How an upstream is, for `server list`, `/readyz` and the admin API. Times are milliseconds since 1970. */
export interface UpstreamStatus {
  readonly name: string;
  readonly kind: 'http' | 'stdio';
  readonly state: 'starting' | 'up' | 'down';
  /** Since when it is in this state. */
  readonly since: number;
  /** What it speaks, or spoke when it was last up. */
  readonly era: Era | undefined;
  readonly transport: Opened['transport'] | undefined;
  readonly protocolVersion: string | undefined;
  readonly serverInfo: JsonText | undefined;
  /** When the era was last found out. */
  readonly checkedAt: number | undefined;
  /** Why it is down: a public text. */
  readonly lastError: { readonly code: ErrorCode; readonly text: string } | undefined;
  readonly nextTryAt: number | undefined;
}

/** An upstream. A call that finds it down fails at once; the first ones wait until it is known how it is. */
export interface Upstream extends Connector {
  readonly name: string;
  readonly kind: 'http' | 'stdio';
  /** Begins to reach it. Later calls of `start` do nothing. */
  start(): void;
  status(): UpstreamStatus;
  /** Whether it was ever found out how it is. One that starts anew after an approval was known before. */
  isKnown(): boolean;
  /** Resolves when it is no longer `starting`, or at once. Never rejects. */
  settled(): Promise<void>;
  /** Calls in flight that will end by themselves, so listens are not counted. */
  inFlight(): number;
  /** Something hints that it is not what it was: looks soon, at most once in a while, and serves on until then. */
  checkSoon(): void;
  /** It is not what it was: looks at once, and serves on until then. */
  checkNow(): void;
  /**
   * What kept it down may be gone, such as a missing approval: tries again now. Until then it is `starting`, where
   * somebody had to act. Does nothing while it is up.
   */
  retry(): void;
  /** Runs after each change of state, era or version; the function that comes back calls it off. */
  onChange(run: (status: UpstreamStatus) => void): () => void;
}

/** What an upstream is made of. */
export interface UpstreamOptions {
  readonly name: string;
  readonly kind: 'http' | 'stdio';
  readonly opener: Opener;
  /** Whether it is safe to make a call again that may have run. */
  readonly repeatable: (call: Call) => boolean;
  /** Milliseconds that a connector which was replaced has for what it still does, parked calls included. */
  readonly retireMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** Milliseconds between two looks at an upstream that serves, however many calls fail. */
const CHECK_EVERY_MS = 2_000;
/** A verdict of `legacy` never fails by itself, so it is found out again: an upstream may have been renewed. */
const LEGACY_VERDICT_MS = 24 * 3_600_000;
/** Failures that may mean that the upstream is gone, or is not what it was. */
const SUSPICIOUS = new Set<ErrorCode>([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_REFUSED',
  'LAUNCH_FAILED',
]);

function isSuspicious(code: ErrorCode): boolean {
  return SUSPICIOUS.has(code) || needsSomebody(code);
}

/** Makes an upstream; nothing happens before `start` or the first call. */
export function createUpstream(options: UpstreamOptions): Upstream {
  return new WatchedUpstream(options);
}

class WatchedUpstream implements Upstream {
  readonly name: string;
  readonly kind: 'http' | 'stdio';
  readonly #options: UpstreamOptions;
  readonly #closed = new AbortController();
  readonly #listeners = new Set<(status: UpstreamStatus) => void>();
  /** Connectors that were replaced, each with what calls off its end. */
  readonly #retired = new Map<Connector, () => void>();
  #status: UpstreamStatus;
  #opened: Opened | undefined;
  #attempt: Promise<void> | undefined;
  #failures = 0;
  #isKnown = false;
  #inFlight = 0;
  #callOffRetry = (): void => undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.name = options.name;
    this.kind = options.kind;
    this.#status = {
      name: options.name,
      kind: options.kind,
      state: 'starting',
      since: options.clock.now(),
      era: undefined,
      transport: undefined,
      protocolVersion: undefined,
      serverInfo: undefined,
      checkedAt: undefined,
      lastError: undefined,
      nextTryAt: undefined,
    };
  }

  start(): void {
    if (this.#status.state === 'starting') void this.#try();
  }

  status(): UpstreamStatus {
    return this.#status;
  }

  isKnown(): boolean {
    return this.#isKnown;
  }

  async settled(): Promise<void> {
    if (this.#status.state === 'starting' && !this.#closed.signal.aborted) await this.#try();
  }

  inFlight(): number {
    return this.#inFlight;
  }

  onChange(run: (status: UpstreamStatus) => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  call(call: Call, context: AuthorizationContext): Promise<Outcome> {
    const opened = this.#opened;
    if (opened === undefined || this.#status.state !== 'up') return this.#callWhenKnown(call, context);
    if (opened.era === 'legacy') this.#expireVerdict();
    return this.#run(opened, call, context);
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'It was taken out of service.' }));
    this.#callOffRetry();
    await this.#attempt;
    for (const callOff of this.#retired.values()) callOff();
    const connectors = [
      ...this.#retired.keys(),
      ...(this.#opened === undefined ? [] : [this.#opened.connector]),
    ];
    await Promise.all(connectors.map((connector) => connector.close()));
    await this.#options.opener.close();
  }

  checkSoon(): void {
    const { checkedAt = 0, state } = this.#status;
    if (state !== 'up' || this.#attempt !== undefined || this.#closed.signal.aborted) return;
    if (this.#options.clock.now() - checkedAt >= CHECK_EVERY_MS) void this.#try();
  }

  checkNow(): void {
    this.#tryAfterThis(() => true);
  }

  retry(): void {
    this.#tryAfterThis(() => {
      const { state, lastError } = this.#status;
      // Somebody has acted: why it was down says nothing any more.
      if (state === 'down' && lastError !== undefined && needsSomebody(lastError.code)) this.#startAnew();
      return state === 'down';
    });
  }

  #startAnew(): void {
    this.#callOffRetry();
    const since = this.#options.clock.now();
    this.#status = { ...this.#status, state: 'starting', since, lastError: undefined, nextTryAt: undefined };
    this.#tell();
  }

  /** An attempt under way may have asked before that of which it is to find out. */
  #tryAfterThis(isNeeded: () => boolean): void {
    const ended = this.#attempt ?? Promise.resolve();
    void ended.then(() => {
      if (isNeeded() && !this.#closed.signal.aborted) void this.#try();
    });
  }

  async #callWhenKnown(call: Call, context: AuthorizationContext): Promise<Outcome> {
    this.#closed.signal.throwIfAborted();
    if (this.#status.state === 'starting') await raceAbort(this.#try(), call.signal);
    if (this.#opened === undefined || this.#status.state !== 'up') throw this.#unavailable();
    return this.#run(this.#opened, call, context);
  }

  #run(opened: Opened, call: Call, context: AuthorizationContext): Promise<Outcome> {
    const { connector } = opened;
    const again = call.legacy?.again === true || call.task?.again === true;
    if (again && !this.#mayComeAgain(opened, call)) {
      return Promise.reject(new GatewardError('UPSTREAM_LOST'));
    }
    const counts = isEndless(call.method) ? 0 : 1;
    this.#inFlight += counts;
    call.task?.onSent?.();
    return connector.call(call, context).then(
      (outcome) => {
        this.#inFlight -= counts;
        return outcome;
      },
      (error: unknown) => {
        this.#inFlight -= counts;
        if (error instanceof GatewardError && isSuspicious(error.code)) this.checkSoon();
        throw error;
      },
    );
  }

  /** A retry of a parked call finds the call that it belongs to, and runs nothing twice. */
  #mayComeAgain({ era }: Opened, call: Call): boolean {
    return (era === 'legacy' && isRetry(call)) || this.#options.repeatable(call);
  }

  #unavailable(): GatewardError {
    const { lastError, nextTryAt } = this.#status;
    // Time alone does not mend these: somebody has to act, and reads here what to do.
    if (lastError !== undefined && needsSomebody(lastError.code)) return new GatewardError(lastError.code);
    const waitMs = nextTryAt === undefined ? undefined : Math.max(0, nextTryAt - this.#options.clock.now());
    return new GatewardError('UPSTREAM_UNAVAILABLE', {
      detail: `"${this.name}" is down: ${lastError?.text ?? 'it was never reached.'}`,
      retryAfterSeconds: waitMs === undefined ? undefined : Math.ceil(waitMs / 1_000),
    });
  }

  #expireVerdict(): void {
    const { checkedAt = 0 } = this.#status;
    if (this.#options.clock.now() - checkedAt > LEGACY_VERDICT_MS) this.checkSoon();
  }

  /** Reaches the upstream, or looks whether it still is what it was; one attempt at a time. Never rejects. */
  #try(): Promise<void> {
    this.#attempt ??= this.#reach().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #reach(): Promise<void> {
    const { opener } = this.#options;
    const { signal } = this.#closed;
    this.#callOffRetry();
    try {
      signal.throwIfAborted();
      const before = this.#opened;
      const opened = before === undefined ? await opener.open(signal) : await opener.check(before, signal);
      if (opened !== before) this.#replace(before, opened);
      this.#comeUp(opened);
    } catch (error) {
      if (!signal.aborted) this.#goDown(toGatewardError(error));
    }
  }

  #replace(before: Opened | undefined, opened: Opened): void {
    this.#opened = opened;
    if (before === undefined || before.connector === opened.connector) return;
    const { connector } = before;
    const callOff = this.#options.clock.after(this.#options.retireMs, () => {
      this.#retired.delete(connector);
      void connector.close();
    });
    this.#retired.set(connector, callOff);
  }

  #comeUp(opened: Opened): void {
    const { clock, log } = this.#options;
    const { era, transport, protocolVersion, serverInfo } = opened;
    const before = this.#status;
    const now = clock.now();
    this.#failures = 0;
    this.#isKnown = true;
    this.#status = {
      ...before,
      state: 'up',
      since: before.state === 'up' ? before.since : now,
      era,
      transport,
      protocolVersion,
      serverInfo,
      checkedAt: now,
      lastError: undefined,
      nextTryAt: undefined,
    };
    if (before.state === 'up' && before.era === era && before.protocolVersion === protocolVersion) return;
    log.info('upstream is up', { upstream: this.name, era, transport, protocolVersion });
    this.#tell();
  }

  #goDown(error: GatewardError): void {
    const { clock, log, random } = this.#options;
    const before = this.#status;
    const now = clock.now();
    this.#isKnown = true;
    const ownMs = backoffMs(++this.#failures, { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random });
    const waitMs = Math.max(ownMs, (error.retryAfterSeconds ?? 0) * 1_000);
    this.#status = {
      ...before,
      state: 'down',
      since: before.state === 'down' ? before.since : now,
      lastError: { code: error.code, text: explainDown(error) },
      nextTryAt: now + waitMs,
    };
    this.#callOffRetry = clock.after(waitMs, () => void this.#try());
    const fields = {
      upstream: this.name,
      code: error.code,
      reason: explainDown(error),
      cause: error.cause,
      waitMs,
    };
    const isNew = before.state !== 'down' || before.lastError?.code !== error.code;
    if (isNew) log.warn('upstream is down', fields);
    else log.debug('upstream is still down', fields);
    if (isNew) this.#tell();
  }

  #tell(): void {
    for (const run of [...this.#listeners]) run(this.#status);
  }
}
