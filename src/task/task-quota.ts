import { GatewardError } from '../errors.ts';
import type { TaskParts } from './task-parts.ts';

/** Milliseconds for which a count is taken for true, together with what was made here since. */
const TRUE_MS = 5000;
/** Owners whose counts are remembered. */
const MAX_OWNERS = 10_000;

interface Count {
  tasks: number;
  readonly readAtMs: number;
}

/**
 * Holds callers to the number of tasks that they may have. Replicas count for themselves between two looks at the store,
 * so that many of them may let a few more pass; nobody is refused without a look.
 */
export class TaskQuota {
  readonly #parts: Pick<TaskParts, 'table' | 'clock' | 'config'>;
  readonly #counts = new Map<string, Count>();

  constructor(parts: Pick<TaskParts, 'table' | 'clock' | 'config'>) {
    this.#parts = parts;
  }

  /** Counts one more task of an owner. Throws TASK_LIMIT, STORE_UNAVAILABLE. */
  async take(owner: string): Promise<void> {
    const { maxPerPrincipal } = this.#parts.config();
    const known = this.#counts.get(owner);
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : this.#parts.clock.now() - known.readAtMs;
    // A clock that was set back makes nothing young.
    const isTrue = ageMs >= 0 && ageMs < TRUE_MS;
    if (known !== undefined && isTrue && known.tasks < maxPerPrincipal) {
      known.tasks++;
      return;
    }
    const tasks = await this.#parts.table.countOf(owner, maxPerPrincipal);
    if (tasks >= maxPerPrincipal) {
      this.#counts.delete(owner);
      throw new GatewardError('TASK_LIMIT', { detail: `At most ${maxPerPrincipal}.` });
    }
    if (this.#counts.size >= MAX_OWNERS) this.#counts.clear();
    this.#counts.set(owner, { tasks: tasks + 1, readAtMs: this.#parts.clock.now() });
  }
}
