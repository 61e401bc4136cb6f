import type { Handle } from '../call.ts';
import type { Config } from '../config/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import type { Fleet } from '../store/fleet.ts';
import { taskRulesOf } from '../task/rules.ts';
import type { TaskParts, TaskUpstream } from '../task/task-parts.ts';
import { createTasks, type Tasks } from '../task/tasks.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { showTaskCounts } from '../telemetry/task-gauges.ts';
import { createTaskMeter } from '../telemetry/task-meter.ts';
import { repeatableBy } from '../upstream/is-repeatable.ts';
import type { ServedUpstream } from './upstream-set.ts';

/** What of the gateway tasks are given. */
export interface OpenTasksParts {
  readonly fleet: Fleet;
  readonly seal: Seal;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The configuration in force, and an upstream of it by name. */
  readonly config: () => Config;
  readonly upstream: (name: string) => ServedUpstream | undefined;
  /** What an upstream says of a task of its own, as anybody may have it. */
  readonly guarded: TaskParts['guarded'];
  /** The pipeline as an attempt of a task passes it. */
  readonly attempt: Handle;
}

/** Puts together the tasks of a gateway, and what is measured of them. */
export function openTasks({ metrics, config, upstream, ...parts }: OpenTasksParts): Tasks {
  const known = new WeakMap<ServedUpstream, TaskUpstream>();
  const tasks = createTasks({
    ...parts,
    random: Math.random,
    meter: createTaskMeter(metrics),
    config: () => config().tasks,
    upstream(name) {
      const served = upstream(name);
      if (served === undefined) return undefined;
      const before = known.get(served);
      if (before !== undefined) return before;
      const made = taskUpstreamOf(served);
      known.set(served, made);
      return made;
    },
  });
  const { counts } = tasks.operations;
  showTaskCounts(metrics, { counts, now: () => parts.clock.now(), log: parts.log });
  return tasks;
}

function taskUpstreamOf(served: ServedUpstream): TaskUpstream {
  const { tasks, repeatable } = served.config;
  const mayRepeat = repeatableBy(repeatable);
  return {
    source: served,
    rules: taskRulesOf(tasks),
    concurrency: tasks.concurrency,
    repeatable: (tool) => mayRepeat({ method: 'tools/call', name: tool }),
  };
}
