import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { toAbortSignal } from '../../lib/abort.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { writeNotification } from '../../wire/message.ts';
import { META_KEYS } from '../../wire/meta-keys.ts';
import { LIST_CHANGES, RESOURCE_UPDATED } from '../../wire/rev2025-11-25/server-changes.ts';
import type { Connector } from '../connector.ts';
import { type Bucket, ConnectionPool } from '../legacy/connection-pool.ts';
import type { Sharing } from '../legacy/legacy-bucket.ts';
import { ModernProcess, type ModernProcessOptions } from './modern-process.ts';

/** What a connector to a modern server in processes is made of. */
export interface ModernStdioOptions extends ModernProcessOptions {
  /** `everyone` shares one process; `callers`: each client's session has its own, other callers one by context. */
  readonly sharing: Sharing;
  /** Processes that may run at a time. */
  readonly maxProcesses: number;
  /** Runs before a process is started; throws to refuse it. */
  readonly admit: () => Promise<void>;
  readonly random: () => number;
}

const IDLE_MS = 300_000;
const SESSION_IDLE_MS = 1_800_000;
const RECONNECT = { firstMs: 500, maxMs: 30_000 };
/** A process that lived so long, in milliseconds, did not fail at its start. */
const STABLE_MS = 10_000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/** Passes modern calls to a modern server that is a process, and starts it again when it ends. */
export function createModernStdioConnector(options: ModernStdioOptions): Connector {
  const connector = new ModernStdioConnector(options);
  return {
    call: (call, context) => connector.call(call, context),
    close: () => connector.close(),
  };
}

class ModernStdioConnector implements Connector {
  readonly #options: ModernStdioOptions;
  readonly #pool: ConnectionPool<ModernProcess, Bucket>;
  readonly #stopped = new AbortController();

  constructor(options: ModernStdioOptions) {
    this.#options = options;
    this.#pool = new ConnectionPool({
      open: async () => {
        await options.admit();
        return await ModernProcess.open(options);
      },
      maxConnections: options.sharing === 'everyone' ? 1 : options.maxProcesses,
      clock: options.clock,
    });
  }

  async call(call: Call, context: AuthorizationContext): Promise<Outcome> {
    const bucket = bucketOf(call, context, this.#options.sharing);
    if (call.method === 'subscriptions/listen') return await this.#listen(call, bucket);
    return await this.#carry(call, bucket);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#pool.close();
  }

  /** A call that no process got, since it had ended, is sent once more to a new one. */
  async #carry(call: Call, bucket: Bucket): Promise<Outcome> {
    for (let attempt = 0; ; attempt++) {
      const lease = await this.#pool.lease(bucket, call.signal);
      try {
        return await lease.connection.call(call);
      } catch (thrown) {
        const neverSent = thrown instanceof GatewardError && thrown.code === 'UPSTREAM_UNAVAILABLE';
        const again = neverSent && lease.connection.closed.aborted && attempt === 0;
        if (!again) throw thrown;
      } finally {
        lease.release();
      }
    }
  }

  /** A listen outlives its process: it is sent again to the next one, and what may have been missed is made up. */
  async #listen(call: Call, bucket: Bucket): Promise<Outcome> {
    const { clock, random } = this.#options;
    const ended = AbortSignal.any([
      toAbortSignal(call.signal),
      this.#stopped.signal,
      ...(bucket.until === undefined ? [] : [bucket.until]),
    ]);
    const listen = new ResentListen(call);
    for (let failures = 0; ; ) {
      const since = clock.now();
      try {
        return await this.#carry(listen.next(), bucket);
      } catch (thrown) {
        if (!listen.acknowledged || ended.aborted) throw thrown;
      }
      failures = clock.now() - since > STABLE_MS ? 1 : failures + 1;
      await wait(clock, backoffMs(failures, { ...RECONNECT, random }), ended);
    }
  }
}

/** A listen that may be sent several times while its client sees one. */
class ResentListen {
  readonly #call: Call;
  /** What the first acknowledgment honoured. */
  #honoured: JsonText | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  get acknowledged(): boolean {
    return this.#honoured !== undefined;
  }

  /** The call as it is sent next. */
  next(): Call {
    return { ...this.#call, notify: (notification) => this.#take(notification) };
  }

  #take(notification: JsonText): Promise<void> | undefined {
    if (notification.get('method')?.string() !== ACKNOWLEDGED) return this.#call.notify(notification);
    const honoured = this.#honoured;
    if (honoured !== undefined) return this.#makeUp(honoured);
    this.#honoured = notification.at('params', 'notifications') ?? JsonText.written('{}');
    return this.#call.notify(notification);
  }

  /** Says that everything may have changed. */
  async #makeUp(honoured: JsonText): Promise<void> {
    for (const { filter, method } of LIST_CHANGES)
      if (honoured.get(filter)?.value() === true) await this.#tell(method, JsonText.written('{}'));
    for (const uri of honoured.get('resourceSubscriptions')?.items() ?? [])
      await this.#tell(RESOURCE_UPDATED, JsonText.written('{}').with({ uri }));
  }

  async #tell(method: string, params: JsonText): Promise<void> {
    const meta = JsonText.written('{}').with({ [META_KEYS.subscriptionId]: JsonText.written(this.#call.id) });
    await this.#call.notify(writeNotification(method, params.with({ _meta: meta })));
  }
}

function bucketOf(call: Call, context: AuthorizationContext, sharing: Sharing): Bucket {
  const session = call.legacy?.session;
  if (sharing === 'everyone')
    return { key: 'everyone', exclusive: false, idleMs: Number.POSITIVE_INFINITY, until: undefined };
  if (session === undefined)
    return { key: `context ${context}`, exclusive: false, idleMs: IDLE_MS, until: undefined };
  const key = `session ${session.key} ${context}`;
  return { key, exclusive: false, idleMs: SESSION_IDLE_MS, until: session.ended };
}
