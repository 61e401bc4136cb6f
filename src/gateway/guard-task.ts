import type { Outcome } from '../call.ts';
import type { ToldOfTask } from '../task/task-parts.ts';
import type { Generation } from './generation.ts';

/** What an upstream says of a task of its own, by the rules and the definitions in force. */
export function guardTask(
  { upstream, tool, context, outcome }: ToldOfTask,
  { results, upstreams, catalog }: Pick<Generation, 'results' | 'upstreams' | 'catalog'>,
): Outcome | Promise<Outcome> {
  const source = upstreams.get(upstream);
  if (source === undefined || tool === undefined) return results.task(upstream, outcome, undefined);
  return results.task(upstream, outcome, () => catalog.definitions.outputSchema(source, tool, context));
}
