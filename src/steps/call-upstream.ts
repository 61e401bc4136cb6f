import type { AuthorizationContext, Call } from '../call.ts';
import type { Source } from '../catalog/server-view.ts';
import type { Nothing, Step } from './step.ts';

/** The innermost row: the upstream answers. */
export const callUpstream: Step<
  { readonly source: Source; readonly call: Call; readonly context: AuthorizationContext },
  Nothing
> = ({ source, call, context }) => source.call(call, context);
