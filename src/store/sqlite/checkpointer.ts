import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Writes after which the log is worth moving: about as many pages as SQLite's own default. */
const EVERY_WRITES = 500;
/** How long the thread stays when there is nothing to do. */
const IDLE_MS = 10_000;

/**
 * Moves what was written from the log of an SQLite file into the file. That waits for the disk, for milliseconds or
 * for tenths of a second, so it happens on a thread of its own. Should that thread fail or lag, SQLite itself does the
 * same on the event loop, once the log is much longer.
 */
export class Checkpointer {
  readonly #file: string;
  #writes = 0;
  #thread: Worker | undefined;
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** To be told of each write. */
  countWrite(): void {
    this.#writes += 1;
    if (this.#writes < EVERY_WRITES || this.#isBusy) return;
    this.#writes = 0;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    this.#thread ??= this.#start();
    this.#thread.postMessage('checkpoint');
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const entry = new URL(`./checkpoint-thread${extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(entry, {
      workerData: this.#file,
      resourceLimits: { maxOldGenerationSizeMb: 32 },
    });
    thread.unref();
    thread.on('message', () => {
      this.#isBusy = false;
      this.#timer = setTimeout(() => void thread.terminate(), IDLE_MS).unref();
    });
    thread.on('error', () => undefined);
    thread.on('exit', () => {
      this.#isBusy = false;
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}
