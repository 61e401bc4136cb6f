import type { CatalogBoundary } from '../catalog/catalog.ts';
import type { ServedUpstream } from './upstream-set.ts';

/** How often it is looked whether an upstream is up. */
const LOOK_EVERY_MS = 500;

/** What surveying needs. */
export interface SurveyParts {
  readonly upstreams: ReadonlyMap<string, Pick<ServedUpstream, 'status'>>;
  readonly boundary: Pick<CatalogBoundary, 'survey'>;
  /** Aborts when nobody needs it any more. */
  readonly ending: AbortSignal;
}

/**
 * Reads what these upstreams offer, once each is up, so that what waits for an approval can be shown and approved
 * before the first client asks for it.
 */
export function surveyUpstreams(
  names: readonly string[],
  { upstreams, boundary, ending }: SurveyParts,
): void {
  const left = new Set(names);
  if (left.size === 0) return;
  const timer = setInterval(() => {
    for (const name of left) {
      if (upstreams.get(name)?.status().state !== 'up') continue;
      left.delete(name);
      void boundary.survey(name);
    }
    if (left.size === 0) clearInterval(timer);
  }, LOOK_EVERY_MS).unref();
  ending.addEventListener('abort', () => clearInterval(timer), { once: true });
}
