import type { AuthorizationContext, Call } from '../call.ts';
import type { Catalog, Source } from '../catalog/server-view.ts';
import type { Nothing, Step } from './step.ts';

/** The innermost row: the upstream answers. */
export function callUpstream(
  catalog: Catalog,
): Step<{ readonly source: Source; readonly call: Call; readonly context: AuthorizationContext }, Nothing> {
  return ({ source, call, context }) => {
    if (call.legacy !== undefined && call.method !== 'server/discover') catalog.heed(source, call.legacy);
    return source.call(call, context);
  };
}
