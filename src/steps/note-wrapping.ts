import type { AuthorizationContext, Call, Outcome } from '../call.ts';
import type { Definitions } from '../catalog/definitions.ts';
import type { Source } from '../catalog/server-view.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
  readonly context: AuthorizationContext;
}

/**
 * Legacy lists wrap an output schema whose root is not `object` (2025-11-25 server/tools §Tool), and a result of such a
 * tool has to fit what was listed. The definition tells, whichever replica showed the list. Only an object needs to be
 * looked up: any other value is wrapped in any case.
 */
export function noteWrapping(definitions: Definitions): Step<Needs, Nothing> {
  return ({ call, source, context }, next) => {
    const { method, name } = call;
    if (method !== 'tools/call' || name === undefined) return next(NOTHING);
    return next(NOTHING).then((outcome) => {
      if (outcome.kind !== 'complete' || outcome.result.get('structuredContent')?.kind !== 'object')
        return outcome;
      const note = (wrapped: boolean): Outcome => (wrapped ? { ...outcome, wrapped } : outcome);
      const found = definitions.isOutputWrapped(source, name, context);
      return found instanceof Promise ? found.then(note) : note(found);
    });
  };
}
