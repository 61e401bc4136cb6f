/** Runs one after the other what is handed to it, so that what one reads no other changes before it writes. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs once everything before it has ended, however that ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task, task);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
