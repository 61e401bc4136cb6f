import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedUpstream } from '../../wire/failure.ts';
import { type Message, readMessage, writeNotification } from '../../wire/message.ts';
import { META_KEYS } from '../../wire/meta-keys.ts';
import { CallsInFlight } from '../legacy/attribute-message.ts';
import type { Pooled } from '../legacy/connection-pool.ts';
import { NotificationQueue } from '../legacy/notification-queue.ts';
import { outcomeOfResult } from '../modern-result.ts';
import { lostBy } from '../needs-somebody.ts';
import { type ChannelOptions, didNotRun, isCrash, StdioChannel } from './stdio-channel.ts';

/** What a process of a modern server is started with. */
export interface ModernProcessOptions extends ChannelOptions {
  /** Told how long a process that ended by itself has lived, in milliseconds; 0 for one that did not start. */
  readonly onCrash: (livedMs: number) => void;
}

/** A call under way in the process, under an id of the gateway's own. */
class ModernFlight {
  /** Raw id text; also the progress token. */
  readonly id: string;
  readonly call: Call;
  readonly ended = Promise.withResolvers<Outcome>();
  readonly notifications = new NotificationQueue<JsonText>((message) => message.bytes.length);
  sent = false;

  constructor(id: string, call: Call) {
    this.id = id;
    this.call = call;
    this.ended.promise.catch(() => undefined);
    this.notifications.attach((message) => call.notify(message));
  }
}

/**
 * One process of a modern server (stdio 2026-07-28). Callers share its one channel, so ids and progress tokens are
 * replaced by unique ones on the way in and put back, type and text kept, on the way out.
 */
export class ModernProcess implements Pooled {
  readonly #options: ModernProcessOptions;
  readonly #closed = new AbortController();
  readonly #flights = new Map<string, ModernFlight>();
  /** Without listens, whose notifications name them. */
  readonly #calls: CallsInFlight<ModernFlight>;
  #channel: StdioChannel | undefined;
  #nextId = 1;
  #closing = false;

  private constructor(options: ModernProcessOptions) {
    this.#options = options;
    this.#calls = new CallsInFlight(options.clock);
  }

  /** Starts the process. Throws what `authorize` throws, and LAUNCH_FAILED. */
  static async open(options: ModernProcessOptions): Promise<ModernProcess> {
    const opened = new ModernProcess(options);
    const startedAt = options.clock.now();
    try {
      opened.#channel = await StdioChannel.open(options, {
        onMessage: (message) => opened.#receive(message),
        onOversized: (id) => opened.#oversized(id),
        onClosed: (error) => {
          if (!opened.#closing && isCrash(error)) options.onCrash(options.clock.now() - startedAt);
          opened.#end(error);
        },
      });
      return opened;
    } catch (error) {
      if (didNotRun(error)) options.onCrash(0);
      throw error;
    }
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Carries a call. Rejects with the reason of its signal, UPSTREAM_UNAVAILABLE, UPSTREAM_LOST or UPSTREAM_INVALID. */
  async call(call: Call): Promise<Outcome> {
    call.signal.throwIfAborted();
    const flight = new ModernFlight(String(this.#nextId++), call);
    const onAbort = () => this.#cancel(flight);
    call.signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#launch(flight);
      return await flight.ended.promise;
    } finally {
      call.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#end(new GatewardError('UPSTREAM_LOST'));
    await this.#channel?.stop();
  }

  #launch(flight: ModernFlight): void {
    if (this.#channel === undefined || this.#closed.signal.aborted) {
      flight.ended.reject(new GatewardError('UPSTREAM_UNAVAILABLE'));
      return;
    }
    this.#flights.set(flight.id, flight);
    if (flight.call.method !== LISTEN) this.#calls.add(flight);
    this.#channel.send(withOwnIds(flight)).then(
      () => {
        flight.sent = true;
        if (this.#closed.signal.aborted) this.#fail(flight.id, lostBy(this.#closed.signal.reason));
      },
      (error: unknown) => this.#fail(flight.id, error),
    );
  }

  #cancel(flight: ModernFlight): void {
    if (!this.#flights.delete(flight.id)) return;
    this.#calls.cancel(flight.id);
    flight.notifications.clear();
    const params = JsonText.written(`{"requestId":${flight.id}}`);
    this.#channel?.send(writeNotification('notifications/cancelled', params)).catch(() => undefined);
    flight.ended.reject(flight.call.signal.reason);
  }

  #receive(json: JsonText): Promise<void> | undefined {
    const message = readMessage(json);
    switch (message.kind) {
      case 'notification':
        this.#notification(json, message);
        return undefined;
      case 'result':
        void this.#finish(message.id, (flight) =>
          outcomeOfResult(putBack(message.result, flight), flight.call),
        );
        return undefined;
      case 'error':
        if (message.id !== undefined) void this.#finish(message.id, () => outcomeOfError(message.error));
        return undefined;
      case 'invalid':
        if (message.id !== undefined) this.#fail(message.id, new GatewardError('UPSTREAM_INVALID'));
        return undefined;
      case 'request':
        // Responses must not be written (stdio 2026-07-28 §Sending Messages), so there is no way to refuse it.
        this.#options.log.warn('upstream sent a request, which its revision does not know', {
          upstream: this.#options.upstream,
          method: message.method,
        });
        return undefined;
    }
  }

  #notification(json: JsonText, { method, params }: Extract<Message, { kind: 'notification' }>): void {
    if (method === 'notifications/cancelled') {
      this.#endListen(params?.get('requestId')?.text ?? '');
      return;
    }
    const subscription = params?.at('_meta', META_KEYS.subscriptionId)?.text;
    const token = method === 'notifications/progress' ? params?.get('progressToken')?.text : undefined;
    const named = token ?? subscription;
    const flight = named === undefined ? this.#onlyCall() : this.#flights.get(named);
    if (flight === undefined) return;
    // Nobody waits for one reader of a channel that many share: the queue drops what is too much.
    void flight.notifications.push(json.with({ params: params && putBackParams(params, flight) }));
  }

  #onlyCall(): ModernFlight | undefined {
    const call = this.#calls.attribute(undefined);
    return typeof call === 'string' ? undefined : call;
  }

  /** The server ends a listen without its result (2026-07-28 cancellation). */
  #endListen(id: string): void {
    const flight = this.#flights.get(id);
    if (flight?.call.method !== LISTEN) return;
    const meta = JsonText.written('{}').with({
      [META_KEYS.subscriptionId]: JsonText.written(flight.call.id),
    });
    const result = JsonText.written('{"resultType":"complete"}').with({ _meta: meta });
    void this.#finish(id, () => ({ kind: 'complete', result }));
  }

  #oversized(id: string | undefined): void {
    const detail = 'Its answer is larger than this gateway takes.';
    if (id !== undefined) this.#fail(id, new GatewardError('UPSTREAM_INVALID', { detail }));
  }

  #take(id: string): ModernFlight | undefined {
    const flight = this.#flights.get(id);
    this.#flights.delete(id);
    this.#calls.end(id);
    return flight;
  }

  /** Ends a call once its notifications are delivered. */
  async #finish(id: string, outcomeOf: (flight: ModernFlight) => Outcome): Promise<void> {
    const flight = this.#take(id);
    if (flight === undefined) return;
    const giveUp = () => {
      flight.notifications.clear();
      flight.ended.reject(flight.call.signal.reason);
    };
    flight.call.signal.addEventListener('abort', giveUp, { once: true });
    try {
      const outcome = outcomeOf(flight);
      await flight.notifications.drained();
      flight.ended.resolve(outcome);
    } catch (error) {
      flight.ended.reject(error);
    } finally {
      flight.call.signal.removeEventListener('abort', giveUp);
    }
  }

  #fail(id: string, error: unknown): void {
    const flight = this.#take(id);
    flight?.notifications.clear();
    flight?.ended.reject(error);
  }

  #end(error: GatewardError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(error);
    // One that is still being sent ends as its sending ends: only that tells whether the server got it.
    for (const flight of [...this.#flights.values()]) if (flight.sent) this.#fail(flight.id, lostBy(error));
  }
}

const LISTEN = 'subscriptions/listen';

/** The request under the gateway's own id and progress token. */
function withOwnIds({ id, call }: ModernFlight): JsonText {
  const own = JsonText.written(id);
  const params = call.message.get('params');
  const meta = params?.get('_meta');
  if (params === undefined || meta?.get('progressToken') === undefined) return call.message.with({ id: own });
  return call.message.with({ id: own, params: params.with({ _meta: meta.with({ progressToken: own }) }) });
}

/** What the server sent under the gateway's own ids, under the client's. */
function putBackParams(params: JsonText, flight: ModernFlight): JsonText {
  const { progressToken } = flight.call.meta;
  const withToken =
    progressToken !== undefined && params.get('progressToken')?.text === flight.id
      ? params.with({ progressToken })
      : params;
  return putBack(withToken, flight);
}

function putBack(holder: JsonText, { id, call }: ModernFlight): JsonText {
  const meta = holder.get('_meta');
  if (meta?.get(META_KEYS.subscriptionId)?.text !== id) return holder;
  return holder.with({ _meta: meta.with({ [META_KEYS.subscriptionId]: JsonText.written(call.id) }) });
}

/** Codes that are about this hop, which the client cannot mend. */
const OF_THIS_HOP = new Set<unknown>([-32020, -32022]);

function outcomeOfError(error: JsonText): Outcome {
  if (!OF_THIS_HOP.has(error.get('code')?.value())) return failedUpstream(error);
  throw new GatewardError('UPSTREAM_INVALID', {
    detail: 'It does not take the protocol version of the call.',
  });
}
