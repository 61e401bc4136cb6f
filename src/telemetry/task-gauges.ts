import { Gauge } from '@prometheus-io/client';
import type { Log } from '../lib/log.ts';
import type { Metrics } from './metrics.ts';

/** How many tasks of an upstream are in a state, and since when the oldest of them: milliseconds since 1970. */
export interface CountedTasks {
  readonly upstream: string;
  readonly state: string;
  readonly count: number;
  readonly oldestAt: number;
}

/** What the gauges are read from. */
export interface TaskGaugeParts {
  /** The tasks of all replicas, as the store has them. */
  readonly counts: () => Promise<readonly CountedTasks[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** However often and by however many it is read, the store is asked this seldom. */
const CACHE_MS = 5000;

/** Shows how many tasks there are, read from the store when the metrics are read. */
export function showTaskCounts({ registry }: Metrics, { counts, now, log }: TaskGaugeParts): void {
  let readAt = Number.NEGATIVE_INFINITY;
  let read: Promise<readonly CountedTasks[]> = Promise.resolve([]);
  const recent = (): Promise<readonly CountedTasks[]> => {
    const at = now();
    // A clock that was set back must not make what is known last for ever.
    if (at >= readAt && at - readAt < CACHE_MS) return read;
    readAt = at;
    read = counts().catch((thrown: unknown) => {
      log.warn('the tasks could not be counted for the metrics', { thrown });
      return [];
    });
    return read;
  };
  const show = (name: string, help: string, measure: (task: CountedTasks) => number): void => {
    const gauge: Gauge<'upstream' | 'state'> = new Gauge({
      name,
      help,
      labelNames: ['upstream', 'state'],
      registers: [registry],
      async collect() {
        const tasks = await recent();
        gauge.reset();
        for (const task of tasks) {
          gauge.set({ upstream: task.upstream, state: task.state }, measure(task));
        }
      },
    });
  };
  show('gateward_tasks_stored', 'Tasks of all replicas that are kept now.', ({ count }) => count);
  show(
    'gateward_tasks_oldest_age_seconds',
    'Age of the oldest task that is kept now.',
    ({ oldestAt }) => Math.max(0, now() - oldestAt) / 1000,
  );
}
