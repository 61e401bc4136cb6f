import type { TaskOffer } from '../catalog/offered-tasks.ts';
import type { UpstreamConfig, UpstreamTasksConfig } from '../config/types.ts';
import { taskRulesOf } from '../task/rules.ts';

/** Which tools of each upstream may become tasks, by the upstream's name. */
export function taskOffersOf(upstreams: readonly UpstreamConfig[]): ReadonlyMap<string, TaskOffer> {
  return new Map(upstreams.map(({ name, tasks }) => [name, taskOfferOf(tasks)]));
}

function taskOfferOf(config: UpstreamTasksConfig): TaskOffer {
  const rulesOf = taskRulesOf(config);
  const modes = [config.mode, ...Object.values(config.tools).map(({ mode }) => mode ?? 'never')];
  return { any: modes.some((mode) => mode !== 'never'), modeOf: (tool) => rulesOf(tool).mode };
}
