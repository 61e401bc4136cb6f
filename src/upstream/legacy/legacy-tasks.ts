import { randomUUID } from 'node:crypto';
import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { Countdown } from '../../lib/countdown.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import type { Seal } from '../../lib/seal.ts';
import type { LegacyServer } from '../../wire/rev2025-11-25/upstream-result.ts';
import {
  createdTask,
  createTaskResult,
  errorWantsTask,
  resultWantsTask,
  takesTaskCalls,
  taskCallParams,
  toolsWithTasks,
} from '../../wire/rev2025-11-25/upstream-tasks.ts';
import type { Replicas } from '../remote/replicas.ts';
import type { AdoptedSession } from './adopted-session.ts';
import type { Lease } from './connection-pool.ts';
import type { LegacyConnection } from './legacy-connection.ts';
import { type Reply, UNTOLD } from './legacy-exchange.ts';
import { LegacyTask } from './legacy-task.ts';
import { openTask, sealTask, type TaskRef } from './task-ref.ts';

/** What tasks of one legacy upstream need. */
export interface LegacyTasksOptions {
  readonly upstream: string;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Milliseconds for which a session is kept for a task that nobody asks for. */
  readonly idleMs: number;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  readonly replicas: Replicas | undefined;
  /** The session of a replica that died. Throws if it is not to be had. */
  readonly adopt: (
    call: Call,
    context: AuthorizationContext,
    session: AdoptedSession,
  ) => Promise<Lease<LegacyConnection>>;
  /** A session like the one that made the task. */
  readonly open: (call: Call, context: AuthorizationContext) => Promise<FreshSession>;
}

/** A session of its own for a task, or one that others have too. */
export type FreshSession = Pick<TaskSending, 'lease' | 'exclusive'>;

/** A call that is to be made as a task, and the session that it was given. */
export interface TaskSending {
  readonly call: Call;
  readonly context: AuthorizationContext;
  readonly lease: Lease<LegacyConnection>;
  /** Whether the session serves nobody else. */
  readonly exclusive: boolean;
  /** Makes an outcome of a reply that is no task. */
  readonly toOutcome: (reply: Reply) => Outcome;
}

/** A task whose session is kept. */
interface Held {
  readonly task: LegacyTask;
  readonly connection: LegacyConnection;
  readonly release: () => void;
  /** Whether the session ends with the task. */
  readonly exclusive: boolean;
  /** Until it is forgotten. */
  readonly timer: Countdown;
  isOver: boolean;
}

/** Milliseconds that a server is asked to keep a task. */
const TTL_MS = 86_400_000;
/** Milliseconds for which the end of a task is known here. */
const REPLAY_MS = 60_000;
const MAX_TOOLS = 1_000;
const MAX_TASKS = 10_000;
const METHODS = new Set(['tasks/get', 'tasks/update', 'tasks/cancel']);

/** Whether a call asks for a task of the server's. */
export function isTaskMethod(method: string): boolean {
  return METHODS.has(method);
}

/**
 * The tasks that a legacy server makes of calls (2025-11-25 basic/utilities/tasks). A server knows a task in the session
 * that made it only, so the session is kept with it.
 */
export class LegacyTasks {
  readonly #options: LegacyTasksOptions;
  /** Tools that the server runs as tasks only. */
  readonly #tools = new Set<string>();
  readonly #held = new Map<string, Held>();
  readonly #adopting = new Map<string, Promise<Held>>();
  #closed = false;

  constructor(options: LegacyTasksOptions) {
    this.#options = options;
  }

  /** Whether the server is known to run the tool as a task only. */
  wantsTask({ method, name }: Call, server: LegacyServer): boolean {
    return method === 'tools/call' && name !== undefined && this.#tools.has(name) && takesTaskCalls(server);
  }

  /** Whether a plain call ran nothing, since the tool has to be called as a task. Later calls go that way at once. */
  refusedPlain({ method, name }: Call, server: LegacyServer, outcome: Outcome): boolean {
    if (method !== 'tools/call' || name === undefined || !takesTaskCalls(server)) return false;
    const refused =
      (outcome.kind === 'error' && outcome.code === undefined && errorWantsTask(outcome.error)) ||
      (outcome.kind === 'complete' && resultWantsTask(outcome.result));
    if (refused) this.#remember(name);
    return refused;
  }

  /** Learns from a list of tools. */
  learn({ method }: Call, server: LegacyServer, outcome: Outcome): void {
    if (method !== 'tools/list' || outcome.kind !== 'complete' || !takesTaskCalls(server)) return;
    for (const name of toolsWithTasks(outcome.result)) this.#remember(name);
  }

  /** Makes the call as a task. The lease is given back when the task is over. */
  async start(sending: TaskSending): Promise<Outcome> {
    const { call, lease } = sending;
    const { connection } = lease;
    const params = taskCallParams(call.message, TTL_MS);
    const request = { method: call.method, params, wantsProgress: false, owner: UNTOLD };
    const exchange = connection.request(request);
    try {
      const reply = await raceAbort(exchange.reply, call.signal);
      const created = reply.kind === 'result' ? createdTask(reply.result) : undefined;
      if (created !== undefined) return this.#created(sending, created);
      lease.release();
      if (reply.kind === 'error' && errorWantsTask(reply.error)) this.#tools.delete(call.name ?? '');
      return sending.toOutcome(reply);
    } catch (thrown) {
      if (call.signal.aborted) exchange.cancel('The call was given up.');
      lease.release(sending.exclusive ? 'dispose' : undefined);
      throw thrown;
    }
  }

  /**
   * Answers a call about a task. Where its session is gone, a new one is asked: some servers keep tasks longer than
   * that, and the others say that they do not know it. Throws TASK_NOT_FOUND for an id that is not ours.
   */
  async serve(call: Call, context: AuthorizationContext): Promise<Outcome> {
    const { upstream, seal, replicas } = this.#options;
    const id = call.message.at('params', 'taskId')?.string() ?? '';
    const ref = openTask(seal, { upstream, context }, id);
    if (ref === undefined) throw new GatewardError('TASK_NOT_FOUND');
    const held = this.#held.get(ref.key);
    if (held === undefined && call.forwarded !== true && replicas !== undefined) {
      const { holder } = ref;
      if (holder !== replicas.self && replicas.isAlive(holder))
        return replicas.callAt(holder, { upstream, call, context });
    }
    const { task, connection } = held ?? (await this.#regain(call, context, ref));
    this.#touch(ref.key);
    try {
      return await task.serve(call);
    } catch (thrown) {
      if (call.signal.aborted || !connection.closed.aborted) throw thrown;
      if (this.#closed) throw new GatewardError('STOPPING', { cause: thrown });
    }
    this.#forget(ref.key);
    const fresh = await this.#regain(call, context, { ...ref, session: undefined });
    return fresh.task.serve(call);
  }

  /** The gateway stops. Sessions that another replica can go on with stay open at the server. */
  close(): void {
    this.#closed = true;
    for (const [key, { connection }] of [...this.#held]) {
      if (this.#options.replicas !== undefined) connection.leave();
      this.#forget(key);
    }
  }

  #created(sending: TaskSending, created: NonNullable<ReturnType<typeof createdTask>>): Outcome {
    const { call, context, lease, exclusive } = sending;
    const { upstream, seal, replicas } = this.#options;
    const ref: TaskRef = {
      key: randomUUID(),
      taskId: created.id,
      holder: replicas?.self ?? '',
      capabilities: call.meta.clientCapabilities,
      session: lease.connection.snapshot(),
    };
    this.#hold(ref, lease, exclusive);
    const id = sealTask(seal, { upstream, context }, ref);
    return { kind: 'task', result: createTaskResult(created.task, id) };
  }

  #regain(call: Call, context: AuthorizationContext, ref: TaskRef): Promise<Held> {
    const before = this.#adopting.get(ref.key);
    if (before !== undefined) return before;
    const adopting = this.#lease(call, context, ref)
      .then(({ lease, exclusive }) => this.#hold(ref, lease, exclusive))
      .finally(() => this.#adopting.delete(ref.key));
    this.#adopting.set(ref.key, adopting);
    return adopting;
  }

  async #lease(call: Call, context: AuthorizationContext, { session }: TaskRef): Promise<FreshSession> {
    const { adopt, open } = this.#options;
    if (session === undefined) return open(call, context);
    return { lease: await adopt(call, context, session), exclusive: true };
  }

  #hold({ key, taskId, capabilities }: TaskRef, lease: Lease<LegacyConnection>, exclusive: boolean): Held {
    const { clock, collectMs } = this.#options;
    const { connection } = lease;
    // The outcome comes first: ending a session takes longer than all that is left to do.
    const release = () => (exclusive ? void setImmediate(() => lease.release('dispose')) : lease.release());
    const onOver = () => {
      release();
      held.isOver = true;
      held.timer.start(REPLAY_MS, () => this.#forget(key));
    };
    const task = new LegacyTask({ connection, taskId, capabilities, clock, collectMs, onOver });
    const held: Held = { task, connection, release, exclusive, timer: new Countdown(clock), isOver: false };
    this.#held.set(key, held);
    this.#touch(key);
    const [oldest] = this.#held.size > MAX_TASKS ? this.#held.keys() : [];
    if (oldest !== undefined) this.#forget(oldest);
    return held;
  }

  #touch(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined || held.isOver) return;
    held.timer.start(this.#options.idleMs, () => this.#forget(key));
  }

  #forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    held.timer.stop();
    held.task.dispose();
    // Somebody may come back for the task, so its session does not end at the server.
    if (held.exclusive && !held.isOver) held.connection.leave();
    held.release();
  }

  #remember(name: string): void {
    if (this.#tools.size < MAX_TOOLS) this.#tools.add(name);
  }
}
