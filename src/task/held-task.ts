import { GatewardError } from '../errors.ts';
import { Abort } from '../lib/abort.ts';
import { backoffMs } from '../lib/backoff.ts';
import { wait } from '../lib/wait.ts';
import type { TaskPause, TaskRow } from '../store/task-table.ts';
import { type Ending, sealEnding } from './task-end.ts';
import { sealImage, type TaskImage } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';

/** Why the work on a task ends here without an outcome. */
export type Parting = 'cancelled' | 'lost' | 'deadline' | 'stopping';

/** The reason of a held task's abort. */
export class Parted extends Error {
  override readonly name = 'Parted';
  readonly parting: Parting;

  constructor(parting: Parting) {
    super(`the work on the task ends here: ${parting}`);
    this.parting = parting;
  }
}

/** How a task ends, for its row. */
export type TaskEnding =
  | { readonly state: 'completed' | 'failed'; readonly ending: Ending }
  | { readonly state: 'cancelled'; readonly ending: undefined };

const STORE_PAUSE = { firstMs: 100, maxMs: 5000 };

/**
 * A task that this replica holds. What it writes is fenced: once somebody else has taken the task over, or it was
 * cancelled, nothing is written any more and the work ends. While the store is away, writes wait for it.
 */
export class HeldTask {
  readonly row: TaskRow;
  readonly #parts: TaskParts;
  /** Ends the work; the reason is a `Parted`. */
  readonly abort = new Abort();
  #image: TaskImage;

  constructor(row: TaskRow, image: TaskImage, parts: TaskParts) {
    this.row = row;
    this.#image = image;
    this.#parts = parts;
  }

  get id(): string {
    return this.row.id;
  }

  get image(): TaskImage {
    return this.#image;
  }

  part(parting: Parting): void {
    this.abort.abort(new Parted(parting));
  }

  /** Changes what another replica would need. Throws Parted if the task is not this replica's any more. */
  async save(changes: Partial<TaskImage>, attempts?: number): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    const body = this.#sealed();
    const more = attempts === undefined ? { body } : { body, attempts };
    await this.#write(() => this.#parts.table.save(this.id, this.#holding, more));
  }

  /** As `save`, but gives up waiting for a store that is away: the next save writes it too. */
  async saveLazily(changes: Partial<TaskImage>): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    await this.#parts.table.save(this.id, this.#holding, { body: this.#sealed() }).catch(() => false);
  }

  /** Gives it up until something happens. Throws as `save`. */
  async pause(changes: Partial<TaskImage>, pause: Omit<TaskPause, 'body'>): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    const body = this.#sealed();
    await this.#write(() => this.#parts.table.pause(this.id, this.#holding, { ...pause, body }));
    this.#parts.changes.announce(this.id);
  }

  /** Ends it. Throws as `save`. */
  async finish({ state, ending }: TaskEnding): Promise<void> {
    const { table, seal, changes, clock, meter } = this.#parts;
    const outcome = ending && sealEnding(seal, this.id, ending);
    const end = { state, outcome, keepBody: state === 'failed', retentionMs: this.#image.retentionMs };
    if (state === 'failed') await this.saveLazily({});
    await this.#write(() => table.finish(this.id, this.#holding, end));
    changes.announce(this.id);
    const ageMs = Math.max(0, clock.now() - this.row.createdAt);
    meter.ended(this.row.upstream, state, { ageMs, attempts: this.#image.history.length });
  }

  /** Says that the work on a cancelled task has stopped. */
  async release(): Promise<void> {
    await this.#parts.table.release(this.id, this.#holding);
  }

  /** Forgets a task that nobody was told of. */
  async discard(): Promise<void> {
    await this.#parts.table.discard(this.id, this.#holding);
  }

  get #holding() {
    return { holder: this.#parts.self, epoch: this.row.epoch };
  }

  #sealed(): Buffer {
    return sealImage(this.#parts.seal, this.id, this.#image);
  }

  async #write(write: () => Promise<boolean>): Promise<void> {
    const { clock, random } = this.#parts;
    for (let failures = 1; ; failures++) {
      try {
        if (await write()) return;
        // Whoever cancelled it says so too; until then it is merely not ours.
        this.part('lost');
      } catch (thrown) {
        if (!(thrown instanceof GatewardError) || thrown.code !== 'STORE_UNAVAILABLE') throw thrown;
      }
      if (this.abort.aborted) throw this.abort.reason;
      await wait(clock, backoffMs(failures, { ...STORE_PAUSE, random }), this.abort);
      if (this.abort.aborted) throw this.abort.reason;
    }
  }
}
