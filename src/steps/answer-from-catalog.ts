import type { Call } from '../call.ts';
import type { Source } from '../catalog/server-view.ts';
import type { RouteFound } from './route.ts';
import type { Step } from './step.ts';

/** Answers what the gateway itself knows: discover, lists and listen of a server. The rest goes on to its upstream. */
export const answerFromCatalog: Step<RouteFound, { readonly source: Source; readonly call: Call }> = (
  { view, asked, routed },
  next,
) => (routed.kind === 'catalog' ? view.answer(asked) : next({ source: routed.source, call: routed.call }));
