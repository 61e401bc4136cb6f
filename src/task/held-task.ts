import { GatewardError } from '../errors.ts';
import { Abort } from '../lib/abort.ts';
import { backoffMs } from '../lib/backoff.ts';
import { Serial } from '../lib/serial.ts';
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
 * cancelled, nothing is written any more and the work ends. While the store is away, writes wait for it. They are made
 * one after another, each with the image as it is then, so that an older one never replaces a newer one.
 */
export class HeldTask {
  /** As it was taken, without its body. */
  readonly row: TaskRow;
  /** Ends the work; the reason is a `Parted`. */
  readonly abort = new Abort();
  /** Ends the call under way. Not told where another replica goes on with that very call. */
  readonly callSignal = new Abort();
  /** True once a call of it is under way in this process. */
  isCalling = false;
  readonly #parts: TaskParts;
  readonly #writes = new Serial();
  /** The gateway ends: writes do not wait for the store any more. */
  readonly #hurry = new Abort();
  #image: TaskImage;
  #attempts: number;
  #lazy: Promise<void> | undefined;

  constructor(row: TaskRow, image: TaskImage, parts: TaskParts) {
    this.row = { ...row, body: undefined };
    this.#image = image;
    this.#attempts = row.attempts;
    this.#parts = parts;
  }

  get id(): string {
    return this.row.id;
  }

  get image(): TaskImage {
    return this.#image;
  }

  /** How often the call was sent. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Whether another replica can go on with the call that is under way here. */
  get isResumable(): boolean {
    return this.isCalling && this.#image.resumable !== undefined;
  }

  /** Ends the work here; the first reason counts. With `stopping`, what is still written is tried once. */
  part(parting: Parting): void {
    const reason = new Parted(parting);
    if (parting === 'stopping') this.#hurry.abort(reason);
    if (this.abort.aborted) return;
    const goesOn = this.isResumable && (parting === 'stopping' || parting === 'lost');
    this.abort.abort(reason);
    if (!goesOn) this.callSignal.abort(reason);
  }

  /** Changes what another replica would need. Throws Parted if the task is not this replica's any more. */
  async save(changes: Partial<TaskImage>, attempts?: number): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    if (attempts !== undefined) this.#attempts = attempts;
    await this.#write(() => {
      const more = attempts === undefined ? {} : { attempts };
      return this.#parts.table.save(this.id, this.#holding, { ...more, body: this.#sealed() });
    });
  }

  /** As `save`, but gives up waiting for a store that is away: the next save writes it too. Never rejects. */
  saveLazily(changes: Partial<TaskImage>): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    this.#lazy ??= this.#writes.run(async () => {
      this.#lazy = undefined;
      await this.#parts.table.save(this.id, this.#holding, { body: this.#sealed() }).catch(() => false);
    });
    return this.#lazy;
  }

  /** Gives it up until something happens. Throws as `save`. */
  async pause(changes: Partial<TaskImage>, pause: Omit<TaskPause, 'body'>): Promise<void> {
    this.#image = { ...this.#image, ...changes };
    await this.#write(() =>
      this.#parts.table.pause(this.id, this.#holding, { ...pause, body: this.#sealed() }),
    );
    this.#parts.changes.announce(this.id);
  }

  /** Ends it; what a failed one leaves is written first. Throws as `save`. */
  async finish({ state, ending }: TaskEnding, changes: Partial<TaskImage> = {}): Promise<void> {
    const { table, seal, changes: told, clock, meter } = this.#parts;
    const outcome = ending && sealEnding(seal, this.id, ending);
    const end = { state, outcome, keepBody: state === 'failed', retentionMs: this.#image.retentionMs };
    if (state === 'failed') await this.saveLazily(changes);
    await this.#write(() => table.finish(this.id, this.#holding, end));
    told.announce(this.id);
    const ageMs = Math.max(0, clock.now() - this.row.createdAt);
    meter.ended(this.row.upstream, state, { ageMs, attempts: this.#attempts });
  }

  /** Says that the work on a cancelled task has stopped. Throws Parted if the gateway ends before that is written. */
  async release(): Promise<void> {
    await this.#write(async () => {
      await this.#parts.table.release(this.id, this.#holding);
      return true;
    });
  }

  /** Forgets a task that nobody was told of. Throws as `release`. */
  async discard(): Promise<void> {
    await this.#write(async () => {
      await this.#parts.table.discard(this.id, this.#holding);
      return true;
    });
  }

  get #holding() {
    return { holder: this.#parts.self, epoch: this.row.epoch };
  }

  #sealed(): Buffer {
    return sealImage(this.#parts.seal, this.id, this.#image);
  }

  #write(write: () => Promise<boolean>): Promise<void> {
    // What is written to part from a task is not given up for the same parting.
    const until = this.abort.aborted ? this.#hurry : this.abort;
    return this.#writes.run(() => this.#writeNow(write, until));
  }

  async #writeNow(write: () => Promise<boolean>, until: Abort): Promise<void> {
    const { clock, random } = this.#parts;
    for (let failures = 1; ; failures++) {
      try {
        if (await write()) return;
      } catch (thrown) {
        if (!(thrown instanceof GatewardError) || thrown.code !== 'STORE_UNAVAILABLE') throw thrown;
        until.throwIfAborted();
        await wait(clock, backoffMs(failures, { ...STORE_PAUSE, random }), until);
        until.throwIfAborted();
        continue;
      }
      // Whoever cancelled it says so too; until then it is merely not ours.
      this.part('lost');
      throw this.abort.reason;
    }
  }
}
