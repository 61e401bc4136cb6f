import { Counter, Histogram } from '@prometheus-io/client';
import type { Metrics } from './metrics.ts';

/** Counts what becomes of tasks; upstreams by name are all that it tells apart, never callers, tools or arguments. */
export interface MeasuredTasks {
  created(upstream: string, how: string): void;
  waited(upstream: string, ms: number): void;
  attempted(upstream: string, end: string): void;
  ended(upstream: string, state: string, times: { readonly ageMs: number; readonly attempts: number }): void;
}

/** Seconds; from a call that stayed quick to a week. */
const AGE_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400, 604_800];
/** Seconds; a task that has room begins at once. */
const WAIT_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];
const ATTEMPT_BUCKETS = [0, 1, 2, 3, 5, 10, 20, 50, 100];

/** Measures the tasks that this process works on. */
export function createTaskMeter({ registry }: Metrics): MeasuredTasks {
  const registers = [registry];
  const created = new Counter({
    name: 'gateward_tasks_created_total',
    help: 'Tasks made, by how: promoted from a call under way, at once, or by the upstream.',
    labelNames: ['upstream', 'how'],
    registers,
  });
  const ended = new Counter({
    name: 'gateward_tasks_ended_total',
    help: 'Tasks that ended, by the state that they ended in.',
    labelNames: ['upstream', 'state'],
    registers,
  });
  const attempted = new Counter({
    name: 'gateward_tasks_attempts_total',
    help: 'Attempts of tasks that ended, by how.',
    labelNames: ['upstream', 'end'],
    registers,
  });
  const wait = new Histogram({
    name: 'gateward_tasks_wait_seconds',
    help: 'Time from the making of a task to its first attempt.',
    labelNames: ['upstream'],
    buckets: WAIT_BUCKETS,
    registers,
  });
  const age = new Histogram({
    name: 'gateward_tasks_age_seconds',
    help: 'Age of tasks at their end.',
    labelNames: ['upstream', 'state'],
    buckets: AGE_BUCKETS,
    registers,
  });
  const attempts = new Histogram({
    name: 'gateward_tasks_attempts_at_end',
    help: 'Attempts that tasks had made at their end.',
    labelNames: ['upstream'],
    buckets: ATTEMPT_BUCKETS,
    registers,
  });
  return {
    created: (upstream, how) => created.inc({ upstream, how }),
    waited: (upstream, ms) => wait.observe({ upstream }, secondsOf(ms)),
    attempted: (upstream, end) => attempted.inc({ upstream, end }),
    ended(upstream, state, times) {
      ended.inc({ upstream, state });
      age.observe({ upstream, state }, secondsOf(times.ageMs));
      attempts.observe({ upstream }, times.attempts);
    },
  };
}

/** The clocks of two machines may differ: nothing took less than no time. */
function secondsOf(ms: number): number {
  return Math.max(0, ms) / 1000;
}
