import type { Clock } from '../lib/clock.ts';
import type { Bus } from '../store/store.ts';

const TOPIC = 'task';
/** For its holder alone: the work on it has to stop. */
const STOP_TOPIC = 'task-stop';
/** Milliseconds between two looks at a task that somebody watches, should wake-ups be lost. */
const LOOK_EVERY_MS = 5000;

/** Wakes whoever waits for a task to change, on every replica. */
export class TaskChanges {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #callOff: () => void;
  #callOffLook: (() => void) | undefined;
  #closed = false;

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
    this.#callOff = bus.subscribe(TOPIC, (id) => this.#wake(id));
  }

  /** Tells every replica that a task is not what it was. */
  announce(id: string): void {
    this.#bus.publish(TOPIC, id);
  }

  /** Tells whoever works on a task that it was cancelled. */
  announceStop(id: string): void {
    this.#bus.publish(STOP_TOPIC, id);
  }

  /** Runs for each task that was cancelled anywhere; the function that comes back ends that. */
  onStop(run: (id: string) => void): () => void {
    return this.#bus.subscribe(STOP_TOPIC, run);
  }

  /**
   * Runs when a task may have changed, and from time to time in any case; the function that comes back ends that. Look
   * at the task after this, so that no change falls in between.
   */
  watch(id: string, run: () => void): () => void {
    const own = (): void => run();
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(own));
    this.#lookLater();
    return () => {
      watchers.delete(own);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    this.#callOffLook?.();
    this.#watchers.clear();
  }

  #wake(id: string): void {
    for (const run of [...(this.#watchers.get(id) ?? [])]) run();
  }

  #lookLater(): void {
    if (!this.#closed) this.#callOffLook ??= this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #look(): void {
    this.#callOffLook = undefined;
    for (const id of [...this.#watchers.keys()]) this.#wake(id);
    if (this.#watchers.size > 0) this.#lookLater();
  }
}
