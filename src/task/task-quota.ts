import { GatewardError } from '../errors.ts';
import type { TaskTable } from '../store/task-table.ts';
import type { TaskParts } from './task-parts.ts';

/** Milliseconds for which a count is taken for true, together with what was made here since. */
const TRUE_MS = 5000;
/** Owners whose counts are remembered. */
const MAX_OWNERS = 10_000;

/** What counting needs. */
export interface QuotaParts extends Pick<TaskParts, 'clock' | 'config'> {
  readonly table: Pick<TaskTable, 'countOf'>;
}

interface Count {
  tasks: number;
  readonly readAtMs: number;
}

/**
 * Holds callers to the number of tasks that they may have. Replicas count for themselves between two looks at the store,
 * so that many of them may let a few more pass; nobody is refused without a look.
 */
export class TaskQuota {
  readonly #parts: QuotaParts;
  readonly #counts = new Map<string, Count>();
  readonly #reads = new Map<string, Promise<number>>();

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  /** Counts one more task of an owner. Throws TASK_LIMIT, STORE_UNAVAILABLE. */
  async take(owner: string): Promise<void> {
    while (!this.#takeKnown(owner)) {
      const { maxPerPrincipal } = this.#parts.config();
      const tasks = await this.#read(owner, maxPerPrincipal);
      if (tasks < maxPerPrincipal) continue;
      throw new GatewardError('TASK_LIMIT', { detail: `At most ${maxPerPrincipal}.` });
    }
  }

  #takeKnown(owner: string): boolean {
    const known = this.#counts.get(owner);
    if (known === undefined || known.tasks >= this.#parts.config().maxPerPrincipal) return false;
    const ageMs = this.#parts.clock.now() - known.readAtMs;
    // A clock that was set back makes nothing young.
    if (ageMs < 0 || ageMs >= TRUE_MS) return false;
    known.tasks++;
    return true;
  }

  /** One look at a time for each owner: all that come meanwhile are counted by it. */
  #read(owner: string, max: number): Promise<number> {
    const before = this.#reads.get(owner);
    if (before !== undefined) return before;
    const reading = this.#readNow(owner, max).finally(() => this.#reads.delete(owner));
    this.#reads.set(owner, reading);
    return reading;
  }

  async #readNow(owner: string, max: number): Promise<number> {
    const tasks = await this.#parts.table.countOf(owner, max);
    if (this.#counts.size >= MAX_OWNERS) this.#counts.clear();
    this.#counts.set(owner, { tasks, readAtMs: this.#parts.clock.now() });
    return tasks;
  }
}
