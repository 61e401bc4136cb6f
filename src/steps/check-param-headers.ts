import type { AuthorizationContext, Call, Inbound, Outcome } from '../call.ts';
import type { Definitions } from '../catalog/definitions.ts';
import type { Source } from '../catalog/server-view.ts';
import { GatewardError } from '../errors.ts';
import { NOTHING } from '../lib/rows.ts';
import { checkParamHeaders as findParamMismatch, type ParamAnnotation } from '../wire/param-headers.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
  readonly context: AuthorizationContext;
  readonly headers: Inbound['headers'];
}

/** Arguments that the tool's schema mirrors into Mcp-Param-* stand there as in the body (Streamable HTTP 2026-07-28 §Server Behavior). */
export function checkParamHeaders(definitions: Definitions): Step<Needs, Nothing> {
  return ({ call, source, context, headers }, next) => {
    if (call.method !== 'tools/call' || call.name === undefined) return next(NOTHING);
    const check = (annotations: readonly ParamAnnotation[]): Promise<Outcome> => {
      if (annotations.length > 0) {
        const detail = findParamMismatch(annotations, call.message.at('params', 'arguments'), headers ?? {});
        if (detail !== undefined) throw new GatewardError('HEADER_MISMATCH', { detail });
      }
      return next(NOTHING);
    };
    const found = definitions.paramAnnotations(source, call.name, context);
    return found instanceof Promise ? found.then(check) : check(found);
  };
}
