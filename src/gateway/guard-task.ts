import type { Outcome } from '../call.ts';
import { saidBy } from '../guard/result/flow-guard.ts';
import type { ToldOfTask } from '../task/task-parts.ts';
import type { Generation } from './generation.ts';

/** What an upstream says of a task of its own, by the rules and the definitions in force. It is told to the task's owner. */
export async function guardTask(
  { upstream, tool, principal, context, outcome }: ToldOfTask,
  { results, flow, upstreams, catalog }: Pick<Generation, 'results' | 'flow' | 'upstreams' | 'catalog'>,
): Promise<Outcome> {
  const source = upstreams.get(upstream);
  const schema =
    source === undefined || tool === undefined
      ? undefined
      : () => catalog.definitions.outputSchema(source, tool, context);
  const guarded = await results.task(upstream, outcome, schema);
  flow.note(upstream, principal, saidBy(guarded));
  return guarded;
}
