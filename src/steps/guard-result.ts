import type { AuthorizationContext, Call } from '../call.ts';
import type { Definitions } from '../catalog/definitions.ts';
import type { Source } from '../catalog/server-view.ts';
import type { ResultGuard } from '../guard/result/result-guard.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
  readonly context: AuthorizationContext;
}

/**
 * What an upstream sends goes through its rules before anybody has it: results, errors, questions, and the notifications
 * of a call as they come. It stands below whatever keeps results, so what is kept has been through it.
 */
export function guardResult(
  results: ResultGuard,
  definitions: Definitions,
): Step<Needs, { readonly call: Call }> {
  return ({ call, source, context }, next) => {
    const { method, name } = call;
    const { notify, said } = results.notify(source.name, call.notify);
    const asked = { ...call, notify };
    return next({ call: asked }).then((outcome) =>
      results.outcome(source.name, {
        method,
        outcome,
        before: said(),
        ...(method === 'tools/call' &&
          name !== undefined && { outputSchema: () => definitions.outputSchema(source, name, context) }),
      }),
    );
  };
}
