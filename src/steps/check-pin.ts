import type { AuthorizationContext, Call, Outcome } from '../call.ts';
import type { CatalogBoundary } from '../catalog/catalog.ts';
import { listKindOf } from '../catalog/list-kinds.ts';
import type { Source } from '../catalog/server-view.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
  readonly context: AuthorizationContext;
}

/**
 * What an upstream offers is what was approved: looked at before each call, and left out of its own lists where it is
 * not. It stands above the cache and above tasks, so that every attempt is looked at.
 */
export function checkPin(boundary: Pick<CatalogBoundary, 'check' | 'holdBack'>): Step<Needs, Nothing> {
  return (context, next) => {
    const goOn = (): Promise<Outcome> => {
      const { method } = context.call;
      if (method !== 'server/discover' && listKindOf(method) === undefined) return next(NOTHING);
      return next(NOTHING).then((outcome) => boundary.holdBack(context, outcome));
    };
    const checked = boundary.check(context);
    return checked === undefined ? goOn() : checked.then(goOn);
  };
}
