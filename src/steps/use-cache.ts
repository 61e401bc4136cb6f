import type { AuthorizationContext, Call } from '../call.ts';
import type { ResultCache } from '../catalog/result-cache.ts';
import type { Source } from '../catalog/server-view.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
  readonly context: AuthorizationContext;
}

/** Reads are answered from what the upstream let us keep (2026-07-28 server/utilities/caching); calls never are. */
export function useCache(cache: ResultCache): Step<Needs, Nothing> {
  return (context, next) => {
    if (context.call.method === 'tools/call') return next(NOTHING);
    const kept = cache.get(context);
    if (kept !== undefined) return Promise.resolve({ kind: 'complete', result: kept });
    const changes = cache.changes(context.source);
    return next(NOTHING).then((outcome) => {
      if (outcome.kind === 'complete') cache.put(context, outcome.result, changes);
      return outcome;
    });
  };
}
