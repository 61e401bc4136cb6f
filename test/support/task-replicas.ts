import type { Call, Outcome } from '../../src/call.ts';
import { GatewardError } from '../../src/errors.ts';
import { JsonText } from '../../src/lib/json-text.ts';
import { createSeal } from '../../src/lib/seal.ts';
import { createLocalBus } from '../../src/store/bus/local-bus.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Bus, Store } from '../../src/store/store.ts';
import type { TaskTable } from '../../src/store/task-table.ts';
import { createCancelTask } from '../../src/task/cancel-task.ts';
import { type TaskAsk, taskOf } from '../../src/task/make-task.ts';
import type { TaskMeter } from '../../src/task/operations.ts';
import type { TaskRules } from '../../src/task/rules.ts';
import { TaskChanges } from '../../src/task/task-changes.ts';
import type { TaskParts } from '../../src/task/task-parts.ts';
import { TaskQuota } from '../../src/task/task-quota.ts';
import { type TaskToMake, TaskWork } from '../../src/task/task-work.ts';
import { failedBy } from '../../src/wire/failure.ts';
import { META_KEYS, TASKS_EXTENSION } from '../../src/wire/meta-keys.ts';
import { ManualClock, quiet } from './manual-clock.ts';

const SECRET = Buffer.alloc(32, 7);
const LEASE_MS = 2_500;

/** How the scripted upstream is configured; what it answers comes from `answer`. */
export interface ScriptedUpstream {
  repeatable: boolean;
  concurrency: number;
  rules: TaskRules;
  /** Answers `tools/call`, and what is asked about tasks of its own. */
  answer: (call: Call) => Promise<Outcome> | Outcome;
}

/** A store in memory, a clock that the test moves, one upstream, and any number of replicas. */
export interface TaskFleet {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly bus: Bus;
  readonly upstream: ScriptedUpstream;
  /** Calls that reached the upstream, in their order. */
  readonly calls: Call[];
  /** Starts a replica. */
  replica(): Promise<TestReplica>;
  close(): Promise<void>;
}

/** One replica of a fleet. */
export interface TestReplica {
  readonly id: string;
  readonly parts: TaskParts;
  readonly work: TaskWork;
  readonly quota: TaskQuota;
  readonly cancel: ReturnType<typeof createCancelTask>;
  /** What its log was told at `error`. */
  readonly errors: string[];
  /** While true, its store is away for it. */
  storeAway: boolean;
  /** It stops without a word: nothing that it does counts any more, and its lease ends. */
  kill(): Promise<void>;
}

/** A client that knows tasks. */
const CAPABILITIES = JsonText.of({ extensions: { [TASKS_EXTENSION]: {} } });

const RULES: TaskRules = {
  mode: 'auto',
  promoteAfterMs: 3000,
  deadlineMs: 3_600_000,
  inputMs: 600_000,
  retentionMs: 60_000,
  retry: { attempts: 3, delayMs: 1000, maxDelayMs: 8000, on: ['lost', 'timeout', '5xx'] },
};

const quietMeter: TaskMeter = {
  created: () => undefined,
  waited: () => undefined,
  attempted: () => undefined,
  ended: () => undefined,
};

/** Starts an empty fleet. */
export async function startTaskFleet(): Promise<TaskFleet> {
  const clock = new ManualClock();
  const store = await createSqliteStore({ file: ':memory:', now: () => clock.now() });
  const bus = createLocalBus();
  const calls: Call[] = [];
  const upstream: ScriptedUpstream = {
    repeatable: false,
    concurrency: 64,
    rules: RULES,
    answer: () => complete('done'),
  };
  const replicas: TestReplica[] = [];
  let made = 0;
  return {
    clock,
    store,
    bus,
    upstream,
    calls,
    async replica() {
      const one = await startReplica(`replica-${++made}`, { clock, store, bus, upstream, calls });
      replicas.push(one);
      return one;
    },
    async close() {
      for (const one of replicas) {
        const stopped = one.work.stop(0);
        await quiet();
        await clock.advance(10);
        await stopped;
      }
      await store.close();
    },
  };
}

type FleetParts = Pick<TaskFleet, 'clock' | 'store' | 'bus' | 'upstream' | 'calls'>;

async function startReplica(id: string, fleet: FleetParts): Promise<TestReplica> {
  const { clock, store, bus, upstream, calls } = fleet;
  let dead = false;
  const errors: string[] = [];
  const state = { storeAway: false };
  const call = async (asked: Call): Promise<Outcome> => {
    if (dead) return new Promise(() => undefined);
    calls.push(asked);
    asked.task?.onSent?.();
    try {
      return await upstream.answer(asked);
    } catch (thrown) {
      return failedBy(thrown);
    }
  };
  const source = { name: 'up', call };
  const table = guarded(store.tasks, () => {
    if (dead || state.storeAway) throw new GatewardError('STORE_UNAVAILABLE');
  });
  const changes = new TaskChanges(bus, clock);
  const parts: TaskParts = {
    table,
    changes,
    self: id,
    seal: createSeal(SECRET),
    clock,
    random: () => 0.5,
    guarded: ({ outcome }) => outcome,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message, fields) => errors.push(`${message} ${String(fields?.['thrown'] ?? '')}`),
    },
    meter: quietMeter,
    upstream: (name) =>
      name === 'up'
        ? {
            source,
            rules: () => upstream.rules,
            concurrency: upstream.concurrency,
            repeatable: () => upstream.repeatable,
          }
        : undefined,
    config: () => ({
      maxRetentionMs: 86_400_000,
      pollIntervalMs: 1000,
      maxPerPrincipal: 100,
      maxResultBytes: 100_000,
    }),
    // As the upstream itself does: what may have run is not made again unless that is safe, or finds what runs.
    attempt: async ({ call: asked }) => {
      const mayComeAgain = upstream.repeatable || asked.message.at('params', 'requestState') !== undefined;
      if (asked.task?.again === true && !mayComeAgain) return failedBy(new GatewardError('UPSTREAM_LOST'));
      return call(asked);
    },
  };
  const live = async (): Promise<void> => {
    if (dead) return;
    await store.replicas.renew(id, LEASE_MS);
    clock.after(500, () => void live());
  };
  await live();
  const work = new TaskWork(parts, { onDeath: () => () => undefined });
  work.start();
  return {
    id,
    parts,
    work,
    quota: new TaskQuota(parts),
    cancel: createCancelTask(parts),
    errors,
    get storeAway() {
      return state.storeAway;
    },
    set storeAway(away) {
      state.storeAway = away;
    },
    async kill() {
      dead = true;
      await store.replicas.leave(id);
    },
  };
}

/** A table whose every method may fail first. */
function guarded(table: TaskTable, check: (method: string) => void): TaskTable {
  const wrapped = Object.entries(table).map(([name, run]: [string, (...args: unknown[]) => unknown]) => [
    name,
    async (...args: unknown[]) => {
      check(name);
      return run(...args);
    },
  ]);
  return Object.fromEntries(wrapped) as TaskTable;
}

/** Makes a task of such a call at a replica, by the rules of the upstream, and gives its id. */
export async function createTask(replica: TestReplica, owner?: string): Promise<string> {
  return (await replica.work.create(taskToMake(replica, owner))).id;
}

/** What of such a call makes a task. */
export function taskToMake({ parts }: Pick<TestReplica, 'parts'>, owner = 'ann'): TaskToMake {
  const rules = parts.upstream('up')?.rules('work') ?? RULES;
  return taskOf(toolAsk({ parts }, { owner }), { rules, isUnderWay: false }, parts);
}

/** A call of a tool as the step hands it over, by a client that knows tasks. */
export function toolAsk(
  replica: Pick<TestReplica, 'parts'>,
  { owner = 'ann', signal = new AbortController().signal }: { owner?: string; signal?: AbortSignal } = {},
): TaskAsk {
  const source = replica.parts.upstream('up')?.source;
  if (source === undefined) throw new TypeError('The upstream is there.');
  const _meta = {
    [META_KEYS.protocolVersion]: '2026-07-28',
    [META_KEYS.clientCapabilities]: CAPABILITIES.value(),
  };
  const params = { name: 'work', arguments: { n: 1 }, _meta };
  const call: Call = { ...askOf('tools/call', params), name: 'work', signal };
  return {
    server: 'all',
    principal: { key: owner, kind: 'key' },
    source,
    context: 'operator',
    call,
    asked: call,
    restore: undefined,
  };
}

/** A call of another method by the same kind of client. */
export function askOf(method: string, params: Record<string, unknown>): Call {
  return {
    message: JsonText.of({ jsonrpc: '2.0', id: 1, method, params }),
    id: '1',
    method,
    name: typeof params['taskId'] === 'string' ? params['taskId'] : undefined,
    meta: {
      protocolVersion: '2026-07-28',
      clientCapabilities: CAPABILITIES,
      clientInfo: undefined,
      logLevel: undefined,
      progressToken: undefined,
    },
    signal: new AbortController().signal,
    notify: () => undefined,
    legacy: undefined,
  };
}

export function complete(text: string): Outcome {
  return {
    kind: 'complete',
    result: JsonText.of({ resultType: 'complete', content: [{ type: 'text', text }] }),
  };
}

export function asks(keys: readonly string[], requestState = 'state'): Outcome {
  const inputRequests = Object.fromEntries(
    keys.map((key) => [key, { method: 'elicitation/create', params: { message: key } }]),
  );
  return {
    kind: 'input_required',
    result: JsonText.of({ resultType: 'input_required', inputRequests, requestState }),
    legacy: undefined,
  };
}

export function failed(code: number, message = 'no'): Outcome {
  return {
    kind: 'error',
    error: JsonText.of({ code, message }),
    code: undefined,
    retryAfterSeconds: undefined,
  };
}
