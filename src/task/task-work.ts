import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Membership } from '../store/fleet.ts';
import type { NewTask, TaskRow } from '../store/task-table.ts';
import { FairQueue, type Waiting } from './fair-queue.ts';
import { HeldTask, Parted, type Parting } from './held-task.ts';
import { partFromTask } from './part-from-task.ts';
import { openImage, sealImage, type TaskImage } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import { runTask } from './task-run.ts';

/** Milliseconds between two looks for tasks that nobody works on. */
const LOOK_EVERY_MS = 1000;
/** Tasks that wait for their turn in this process; further ones wait in the store. */
const MAX_WAITING = 1000;
/** Tasks that are taken over at a time. */
const MAX_CLAIM = 100;
const DEFAULT_CONCURRENCY = 64;

/** A task to be made: what its row says, and what is needed to work on it. */
export interface TaskToMake
  extends Pick<NewTask, 'id' | 'owner' | 'server' | 'upstream' | 'tool' | 'deadlineMs'> {
  readonly image: TaskImage;
}

/** The work of this replica on tasks: begins those made here in turn, and takes over those that nobody works on. */
export class TaskWork {
  readonly #parts: TaskParts;
  readonly #queues = new Map<string, FairQueue>();
  readonly #held = new Map<string, { readonly held: HeldTask; readonly done: Promise<void> }>();
  /** Those that wait for their turn. */
  readonly #queued = new Map<string, { readonly held: HeldTask; readonly waiting: Waiting }>();
  readonly #endings: (() => void)[];
  #callOffLook: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: TaskParts, membership: Pick<Membership, 'onDeath'>) {
    this.#parts = parts;
    this.#endings = [
      parts.changes.onStop((id) => this.#stop(id, 'cancelled')),
      membership.onDeath(() => this.look()),
    ];
  }

  /** Begins to look for tasks that nobody works on. */
  start(): void {
    this.look();
  }

  /** Makes a task whose call still has to begin. Throws STORE_UNAVAILABLE. */
  async create(task: TaskToMake): Promise<TaskRow> {
    const isFull = this.#queued.size >= MAX_WAITING || this.#stopped;
    const row = await this.#insert(task, { holder: isFull ? undefined : this.#parts.self, attempts: 0 });
    if (!isFull) this.#enter(row, task.image);
    return row;
  }

  /** Makes a task of a call that is under way; `begin` works on it from then on. Throws STORE_UNAVAILABLE. */
  async adopt(task: TaskToMake): Promise<HeldTask> {
    const row = await this.#insert(task, { holder: this.#parts.self, attempts: 1 });
    return new HeldTask(row, task.image, this.#parts);
  }

  /** Works on an adopted task, whose call is under way. */
  begin(held: HeldTask, underWay: Promise<Outcome> | undefined): void {
    const { upstream } = held.row;
    this.#queueOf(upstream).join();
    this.#run(held, underWay);
  }

  /** Takes a task that nobody holds and goes on with it. */
  async goOn(id: string): Promise<void> {
    const row = await this.#parts.table.take(id, this.#parts.self);
    if (row !== undefined) await this.#takeUp(row);
  }

  /** Looks now for tasks that nobody works on; by itself it does so once a second. */
  look(): void {
    this.#callOffLook?.();
    if (this.#stopped || this.#looking !== undefined) return;
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (!this.#stopped) this.#callOffLook = this.#parts.clock.after(LOOK_EVERY_MS, () => this.look());
    });
  }

  /** Takes up nothing more, gives the work under way so long to end, and leaves the rest to others. Never rejects. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#callOffLook?.();
    for (const end of this.#endings) end();
    await this.#looking;
    for (const queue of this.#queues.values()) queue.clear();
    const done = Promise.all([...this.#held.values()].map((one) => one.done));
    const callOff = this.#parts.clock.after(graceMs, () => {
      for (const { held } of this.#held.values()) held.part('stopping');
    });
    await done;
    callOff();
  }

  async #insert(
    { image, ...task }: TaskToMake,
    more: Pick<NewTask, 'holder' | 'attempts'>,
  ): Promise<TaskRow> {
    const { table, seal } = this.#parts;
    const body = sealImage(seal, task.id, image);
    return table.create({ ...task, ...more, body, retentionMs: image.retentionMs });
  }

  async #lookOnce(): Promise<void> {
    const { table, self, log } = this.#parts;
    try {
      for (const id of await table.stopsOf(self)) await this.#stopOne(id);
      const room = Math.min(MAX_CLAIM, MAX_WAITING - this.#queued.size);
      if (room > 0) for (const row of await table.claim(self, room)) await this.#takeUp(row);
    } catch (thrown) {
      if (!(thrown instanceof GatewardError) || thrown.code !== 'STORE_UNAVAILABLE')
        log.error('looking for tasks failed', { thrown });
    }
  }

  async #stopOne(id: string): Promise<void> {
    if (!this.#held.has(id) && !this.#queued.has(id)) return;
    const row = await this.#parts.table.read(id);
    this.#stop(id, row?.state === 'cancelled' ? 'cancelled' : 'deadline');
  }

  /** Ends the work on a task, or its wait for a turn. */
  #stop(id: string, parting: Parting): void {
    this.#held.get(id)?.held.part(parting);
    const queued = this.#queued.get(id);
    if (queued === undefined) return;
    const { held, waiting } = queued;
    this.#queued.delete(id);
    this.#queueOf(held.row.upstream).remove(waiting);
    held.part(parting);
    void partFromTask(held, this.#parts, new Parted(parting));
  }

  async #takeUp(row: TaskRow): Promise<void> {
    const image = row.body && openImage(this.#parts.seal, row.id, row.body);
    if (image !== undefined) {
      this.#enter(row, image);
      return;
    }
    // Sealed with a secret that is gone, or cancelled before anything was known of it.
    const by = { holder: this.#parts.self, epoch: row.epoch };
    if (row.state === 'cancelled') await this.#parts.table.release(row.id, by);
    else {
      this.#parts.log.error('a task cannot be read: the master secret that sealed it is gone', {
        task: row.id,
      });
      await this.#parts.table.finish(row.id, by, {
        state: 'failed',
        outcome: undefined,
        keepBody: false,
        retentionMs: Math.max(0, row.expiresAt - row.deadlineAt),
      });
    }
  }

  #enter(row: TaskRow, image: TaskImage): void {
    const held = new HeldTask(row, image, this.#parts);
    const start = (): void => {
      this.#queued.delete(held.id);
      this.#run(held, undefined);
    };
    const waiting = { owner: row.owner, start };
    this.#queued.set(row.id, { held, waiting });
    this.#queueOf(row.upstream).enter(waiting, this.#limitOf(row.upstream));
  }

  #run(held: HeldTask, underWay: Promise<Outcome> | undefined): void {
    const { upstream } = held.row;
    const done = runTask(held, this.#parts, underWay).finally(() => {
      if (this.#held.get(held.id)?.held === held) this.#held.delete(held.id);
      this.#queueOf(upstream).leave(this.#limitOf(upstream));
    });
    this.#held.set(held.id, { held, done });
  }

  #queueOf(upstream: string): FairQueue {
    const queue = this.#queues.get(upstream) ?? new FairQueue();
    this.#queues.set(upstream, queue);
    return queue;
  }

  #limitOf(upstream: string): number {
    return this.#parts.upstream(upstream)?.concurrency ?? DEFAULT_CONCURRENCY;
  }
}
