import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { type Abortable, firstAbort } from '../../lib/abort.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { RESOURCE_UPDATED } from '../../wire/rev2025-11-25/server-changes.ts';
import {
  type ListenFilter,
  offeredFilter,
  readFilter,
  writeAcknowledged,
  writeChange,
} from '../../wire/rev2025-11-25/upstream-listen.ts';
import type { LegacyNotification } from '../../wire/rev2025-11-25/upstream-notifications.ts';
import { ChangeQueue } from './change-queue.ts';
import type { Lease } from './connection-pool.ts';
import type { LegacyConnection } from './legacy-connection.ts';

/** What a listen on a legacy server works with. */
export interface LegacyListenParts {
  readonly call: Call;
  readonly lease: () => Promise<Lease<LegacyConnection>>;
  /** Aborts when the connector is closed. */
  readonly stopped: Abortable;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when changes begin to arrive, and when they no longer do. */
  readonly watching: (on: boolean) => void;
}

const RECONNECT = { firstMs: 500, maxMs: 30_000 };
/** A session that lived so long, in milliseconds, did not fail at once. */
const STABLE_MS = 10_000;

/**
 * Serves `subscriptions/listen` from a session of a legacy server: list changes as they come, resources by
 * `resources/subscribe`. A lost session is opened again, and the list changes are made up then, for something may
 * have been missed. Ends with the call, or in UPSTREAM_LOST when the connector is closed; throws as leasing does if
 * the server cannot be reached at first.
 */
export async function listenToLegacy(parts: LegacyListenParts): Promise<Outcome> {
  const { call, stopped, clock, random } = parts;
  const ended = firstAbort([call.signal, stopped, call.legacy?.session.ended]);
  const changes = new ChangeQueue((change) => (ended.aborted ? undefined : call.notify(change)));
  const filter = readFilter(call.message);
  let failures = 0;
  for (let first = true; !ended.aborted; first = false) {
    const since = clock.now();
    try {
      await watchOnce(parts, changes, { filter, first, ended });
    } catch (thrown) {
      if (!first) continue;
      ended.release();
      throw thrown;
    }
    failures = clock.now() - since > STABLE_MS ? 1 : failures + 1;
    if (!ended.aborted) await wait(clock, backoffMs(failures, { ...RECONNECT, random }), ended);
  }
  ended.release();
  call.signal.throwIfAborted();
  throw new GatewardError('UPSTREAM_LOST');
}

interface Watching {
  readonly filter: ListenFilter;
  /** The client has heard nothing yet. */
  readonly first: boolean;
  readonly ended: Abortable;
}

async function watchOnce(parts: LegacyListenParts, changes: ChangeQueue, watching: Watching): Promise<void> {
  const lease = await parts.lease();
  try {
    await new Watch(parts, lease.connection, changes).run(watching);
  } finally {
    lease.release();
  }
}

/** A listen on one session, until either ends. */
class Watch {
  readonly #parts: LegacyListenParts;
  readonly #connection: LegacyConnection;
  readonly #changes: ChangeQueue;

  constructor(parts: LegacyListenParts, connection: LegacyConnection, changes: ChangeQueue) {
    this.#parts = parts;
    this.#connection = connection;
    this.#changes = changes;
  }

  async run({ filter, first, ended }: Watching): Promise<void> {
    const { call, watching } = this.#parts;
    const offered = offeredFilter(filter, this.#connection.server);
    const uris = await this.#subscribe(offered.uris);
    const honoured = { lists: offered.lists, uris };
    const stop = this.#connection.onChange((change) => this.#take(change, honoured));
    watching(true);
    let release = (): void => undefined;
    try {
      release = this.#connection.holdStandalone();
      if (first) {
        await call.notify(writeAcknowledged(call.id, honoured));
        // A listen lasts, and there may be one for each session.
        call.message.rest();
        this.#changes.open();
      } else this.#makeUp(honoured);
      await untilAborted(ended, this.#connection.closed);
    } finally {
      watching(false);
      stop();
      release();
      for (const uri of uris) this.#connection.resources.remove(uri);
    }
  }

  async #subscribe(uris: readonly string[]): Promise<string[]> {
    const taken = await Promise.all(
      uris.map(async (uri) => ((await this.#connection.resources.add(uri)) ? uri : undefined)),
    );
    return taken.filter((uri) => uri !== undefined);
  }

  #take(change: LegacyNotification, { lists, uris }: ListenFilter): void {
    const written = () => writeChange(this.#parts.call.id, change);
    if (change.method !== RESOURCE_UPDATED) {
      if (lists.some(({ method }) => method === change.method)) this.#changes.push(change.method, written());
      return;
    }
    const uri = change.params?.get('uri')?.string();
    if (uri === undefined) return;
    // A URI that nobody subscribed to is something inside a resource that somebody did.
    const inside = !this.#connection.resources.has(uri) && uris.some((whole) => uri.startsWith(whole));
    if (inside || uris.includes(uri)) this.#changes.push(`${change.method} ${uri}`, written());
  }

  /** Says that everything may have changed. */
  #makeUp({ lists, uris }: ListenFilter): void {
    const { id } = this.#parts.call;
    for (const { method } of lists)
      this.#changes.push(method, writeChange(id, { method, params: undefined }));
    for (const uri of uris) {
      const params = JsonText.of({ uri });
      this.#changes.push(`${RESOURCE_UPDATED} ${uri}`, writeChange(id, { method: RESOURCE_UPDATED, params }));
    }
  }
}

/** Resolves once one of them aborts. */
function untilAborted(...signals: readonly Abortable[]): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    for (const signal of signals) signal.addEventListener('abort', end);
    if (signals.some(({ aborted }) => aborted)) end();
  });
}
