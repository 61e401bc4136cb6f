import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Abortable } from '../lib/abort.ts';
import type { Membership } from '../store/fleet.ts';
import type { NewTask, TaskRow } from '../store/task-table.ts';
import { FairQueue, type Waiting } from './fair-queue.ts';
import { HeldTask, type Parting } from './held-task.ts';
import { openImage, sealImage, type TaskImage } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import { runTask } from './task-run.ts';

/** Milliseconds between two looks for tasks that nobody works on. */
const LOOK_EVERY_MS = 1000;
/** Tasks that wait for their turn in this process, and bytes of their calls; further ones wait in the store. */
const MAX_WAITING = 1000;
const MAX_WAITING_BYTES = 67_108_864;
/** Tasks that an owner may have waiting here in any case, whatever others have. */
const ALWAYS_WAITING = 8;
/** Tasks that are taken over at a time. */
const MAX_CLAIM = 100;
const DEFAULT_CONCURRENCY = 64;

/** A task to be made: what its row says, and what is needed to work on it. */
export interface TaskToMake
  extends Pick<NewTask, 'id' | 'owner' | 'server' | 'upstream' | 'tool' | 'deadlineMs'> {
  readonly image: TaskImage;
}

/** One that waits for its turn. */
interface Queued {
  readonly held: HeldTask;
  readonly waiting: Waiting;
  readonly bytes: number;
}

/** The work of this replica on tasks: begins those made here in turn, and takes over those that nobody works on. */
export class TaskWork {
  readonly #parts: TaskParts;
  readonly #queues = new Map<string, FairQueue>();
  /** Those that are worked on. */
  readonly #held = new Map<string, { readonly held: HeldTask; readonly done: Promise<void> }>();
  /** Those whose call is under way, and that were not begun or forgotten yet. */
  readonly #adopted = new Map<string, HeldTask>();
  /** Those that wait for their turn. */
  readonly #queued = new Map<string, Queued>();
  #queuedBytes = 0;
  readonly #endings: (() => void)[];
  #callOffLook: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;
  /** The time to end is over: whatever still begins is handed over at once. */
  #isOver = false;

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

  /**
   * Makes a task whose call still has to begin. If the signal has aborted meanwhile, nobody was told of it, so it is
   * forgotten. Throws STORE_UNAVAILABLE, and the reason of the signal.
   */
  async create(task: TaskToMake, signal?: Abortable): Promise<TaskRow> {
    const holder = this.#isFull(task) ? undefined : this.#parts.self;
    const row = await this.#insert(task, { holder, attempts: 0 });
    if (signal?.aborted === true) {
      await this.#forget(new HeldTask(row, task.image, this.#parts));
      throw signal.reason;
    }
    if (holder !== undefined) this.#enter(row, task.image);
    return row;
  }

  /** Makes a task of a call that is under way; `begin` or `discard` follows at once. Throws STORE_UNAVAILABLE. */
  async adopt(task: TaskToMake): Promise<HeldTask> {
    const row = await this.#insert(task, { holder: this.#parts.self, attempts: 1 });
    const held = new HeldTask(row, task.image, this.#parts);
    this.#adopted.set(held.id, held);
    return held;
  }

  /** Works on an adopted task, whose call is under way. */
  begin(held: HeldTask, underWay: Promise<Outcome> | undefined): void {
    this.#adopted.delete(held.id);
    this.#runNow(held, underWay);
  }

  /** Forgets an adopted task, of which nobody was told; while the store is away, this waits for it. Never rejects. */
  async discard(held: HeldTask): Promise<void> {
    this.#adopted.set(held.id, held);
    if (this.#isOver) held.part('stopping');
    try {
      await held.discard();
    } catch (thrown) {
      this.#parts.log.warn('a task that nobody knows of is left', { task: held.id, thrown });
    }
    this.#adopted.delete(held.id);
  }

  /** Takes a task that nobody holds and goes on with it. Throws STORE_UNAVAILABLE. */
  async goOn(id: string): Promise<void> {
    const row = await this.#parts.table.take(id, this.#parts.self);
    if (row === undefined) return;
    if (this.#isFull(row)) await this.#putBack(row);
    else this.#takeUp(row);
  }

  /** Looks now for tasks that nobody works on; by itself it does so once a second. */
  look(): void {
    this.#callOffLook?.();
    if (this.#stopped || this.#looking !== undefined) return;
    this.#looking = this.#lookOnce()
      .catch(this.#noMore)
      .then((isMore) => {
        this.#looking = undefined;
        if (this.#stopped) return;
        this.#callOffLook = this.#parts.clock.after(isMore ? 0 : LOOK_EVERY_MS, () => this.look());
      });
  }

  /**
   * Takes up nothing more, leaves what waits here to others, gives the work under way so long to end, and leaves the
   * rest to others too. May be called again, with less time. Never rejects.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#callOffLook?.();
    await this.#looking;
    for (const id of [...this.#queued.keys()]) this.#stop(id, 'stopping');
    const callOff = this.#parts.clock.after(graceMs, () => {
      this.#isOver = true;
      for (const { held } of this.#held.values()) held.part('stopping');
      for (const held of this.#adopted.values()) held.part('stopping');
    });
    while (this.#held.size > 0) await Promise.all([...this.#held.values()].map(({ done }) => done));
    callOff();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Whether a task has to wait in the store. A few of each owner never do because of what others have. */
  #isFull({ upstream, owner }: Pick<TaskRow, 'upstream' | 'owner'>): boolean {
    if (this.#stopped || this.#queued.size >= 2 * MAX_WAITING) return true;
    if (this.#queuedBytes >= MAX_WAITING_BYTES) return true;
    if (this.#queued.size < MAX_WAITING) return false;
    return (this.#queues.get(upstream)?.waitingOf(owner) ?? 0) >= ALWAYS_WAITING;
  }

  async #insert(
    { image, ...task }: TaskToMake,
    more: Pick<NewTask, 'holder' | 'attempts'>,
  ): Promise<TaskRow> {
    const { table, seal } = this.#parts;
    const body = sealImage(seal, task.id, image);
    return table.create({ ...task, ...more, body, retentionMs: image.retentionMs });
  }

  /** A task that waits in the store or was just made, and that nobody was told of. */
  async #forget(held: HeldTask): Promise<void> {
    if (held.row.holder !== undefined) return this.discard(held);
    await this.#parts.table.cancel(held.id, 0);
  }

  /** True if there may be more at once. */
  async #lookOnce(): Promise<boolean> {
    const { table, self, log } = this.#parts;
    const room = this.#queuedBytes >= MAX_WAITING_BYTES ? 0 : MAX_WAITING - this.#queued.size;
    const max = Math.min(MAX_CLAIM, room);
    let claimed: readonly TaskRow[] = [];
    let stops: readonly string[] = [];
    try {
      if (max > 0) claimed = await table.claim(self, max);
      stops = await table.stopsOf(self);
    } catch (thrown) {
      if (!isStoreAway(thrown)) log.error('looking for tasks failed', { thrown });
    }
    const overdue = new Set(stops);
    for (const row of claimed) this.#takeUp(row, overdue.has(row.id) ? 'deadline' : undefined);
    const taken = new Set(claimed.map(({ id }) => id));
    for (const id of stops) if (!taken.has(id)) await this.#stopOne(id);
    return max > 0 && claimed.length === max;
  }

  readonly #noMore = (thrown: unknown): boolean => {
    this.#parts.log.error('looking for tasks failed', { thrown });
    return false;
  };

  /** Ends what was cancelled or is past its deadline, also where nothing is known any more of a task held here. */
  async #stopOne(id: string): Promise<void> {
    const { table, self, log } = this.#parts;
    try {
      const row = await table.read(id);
      const parting = row?.state === 'cancelled' ? 'cancelled' : row === undefined ? 'lost' : 'deadline';
      if (this.#held.has(id) || this.#queued.has(id)) this.#stop(id, parting);
      else if (row?.holder === self && !this.#adopted.has(id)) this.#takeUp(row, parting);
    } catch (thrown) {
      if (!isStoreAway(thrown)) log.error('a task could not be stopped', { task: id, thrown });
    }
  }

  /** Ends the work on a task, or its wait for a turn. */
  #stop(id: string, parting: Parting): void {
    this.#held.get(id)?.held.part(parting);
    const queued = this.#queued.get(id);
    if (queued === undefined) return;
    this.#leaveQueue(queued);
    this.#queueOf(queued.held.row.upstream).remove(queued.waiting);
    queued.held.part(parting);
    this.#runNow(queued.held, undefined);
  }

  /** With a parting, only to end it. */
  #takeUp(row: TaskRow, parting?: Parting): void {
    const image = row.body && openImage(this.#parts.seal, row.id, row.body);
    if (image === undefined) void this.#endUnreadable(row);
    else if (row.state === 'cancelled' || parting !== undefined) {
      const held = new HeldTask(row, image, this.#parts);
      held.part(row.state === 'cancelled' ? 'cancelled' : (parting ?? 'deadline'));
      this.#runNow(held, undefined);
    } else this.#enter(row, image);
  }

  /** Sealed with a secret that is gone, or cancelled before anything was known of it. Never rejects. */
  async #endUnreadable(row: TaskRow): Promise<void> {
    const { table, log, self } = this.#parts;
    const by = { holder: self, epoch: row.epoch };
    try {
      if (row.state === 'cancelled') return await table.release(row.id, by);
      log.error('a task cannot be read: the master secret that sealed it is gone', { task: row.id });
      const retentionMs = Math.max(0, row.expiresAt - row.deadlineAt);
      await table.finish(row.id, by, { state: 'failed', outcome: undefined, keepBody: true, retentionMs });
      this.#parts.changes.announce(row.id);
    } catch (thrown) {
      // Found again at its deadline, or when this replica ends.
      log.warn('a task that cannot be read could not be ended', { task: row.id, thrown });
    }
  }

  /** Leaves one that was taken to whoever has room. */
  async #putBack(row: TaskRow): Promise<void> {
    const { table, self } = this.#parts;
    const state = row.state === 'input_required' ? row.state : 'working';
    const pause = { state, dueMs: 0, body: row.body ?? Buffer.alloc(0) } as const;
    await table.pause(row.id, { holder: self, epoch: row.epoch }, pause);
  }

  #enter(row: TaskRow, image: TaskImage): void {
    const held = new HeldTask(row, image, this.#parts);
    if (this.#stopped) {
      // It was taken before this replica began to stop.
      held.part('stopping');
      this.#runNow(held, undefined);
      return;
    }
    const start = (): void => {
      this.#leaveQueue(queued);
      this.#run(held, undefined);
    };
    const queued = { held, waiting: { owner: row.owner, start }, bytes: row.body?.length ?? 0 };
    this.#queued.set(row.id, queued);
    this.#queuedBytes += queued.bytes;
    this.#queueOf(row.upstream).enter(queued.waiting, this.#limitOf(row.upstream));
  }

  #leaveQueue({ held, bytes }: Queued): void {
    if (this.#queued.delete(held.id)) this.#queuedBytes -= bytes;
  }

  /** Without waiting for a turn. */
  #runNow(held: HeldTask, underWay: Promise<Outcome> | undefined): void {
    this.#queueOf(held.row.upstream).join();
    this.#run(held, underWay);
  }

  #run(held: HeldTask, underWay: Promise<Outcome> | undefined): void {
    const { upstream } = held.row;
    if (this.#isOver) held.part('stopping');
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

function isStoreAway(thrown: unknown): boolean {
  return thrown instanceof GatewardError && thrown.code === 'STORE_UNAVAILABLE';
}
