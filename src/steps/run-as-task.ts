import type { AuthorizationContext, Call, Principal } from '../call.ts';
import type { Routed, Source } from '../catalog/server-view.ts';
import type { Tasks } from '../task/tasks.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly server: string;
  readonly principal: Principal;
  readonly source: Source;
  readonly context: AuthorizationContext;
  /** As its client wrote it, and in the upstream's names. */
  readonly asked: { readonly call: Call };
  readonly call: Call;
  readonly routed: Routed;
}

/**
 * A `tools/call` that is slow, or whose tool is always run so, becomes a task for a client that knows tasks. What a task
 * is answered later does not come back through the rows above, so names are put back here.
 */
export function runAsTask(tasks: Pick<Tasks, 'run'>): Step<Needs, { readonly call: Call }> {
  return ({ server, principal, source, context, asked, call, routed }, next) => {
    if (call.method !== 'tools/call') return next({ call });
    const restore = routed.kind === 'source' ? routed.restore : undefined;
    const ask = { server, principal, source, context, asked: asked.call, call, restore };
    return tasks.run(ask, (run) => next({ call: run }));
  };
}
