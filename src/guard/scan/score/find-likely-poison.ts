import type { Place } from '../list-strings.ts';
import { type OwnNames, readConcepts } from '../read-concepts.ts';
import type { Hit } from '../rule.ts';
import { foldText } from '../skeleton.ts';
import type { Prose } from './read-clauses.ts';
import { roleOf } from './read-windows.ts';
import { type Scored, scoreText } from './score-text.ts';

/** What was found, and where in the definition. */
export interface PlacedHit extends Hit {
  readonly path: string;
}

/** Above it a definition is blocked. Chosen so that hardly an honest one is: docs/scan-results.md has the measurement. */
export const BLOCK_SCORE = 2;
const WARN_SCORE = 1.25;
/** What stands behind so many characters is left to the rules: a score of all of it would cost more than it tells. */
const MAX_CHARS = 65_536;
const EXCERPT = 160;

/**
 * Finds the part of a definition that reads like what poisoned tools say, whatever its words: the layer for what no rule
 * spells out. At most one hit.
 */
export function findLikelyPoison(places: readonly Place[], own: OwnNames): PlacedHit | undefined {
  let left = MAX_CHARS;
  let worst: { readonly path: string; readonly scored: Scored; readonly prose: Prose } | undefined;
  for (const { path, text, kind } of places) {
    const role = kind === 'text' ? roleOf(path) : undefined;
    if (role === undefined || left <= 0) continue;
    const folded = foldText(text.slice(0, left));
    left -= text.length;
    const prose = { text: folded, concepts: readConcepts(folded, own), role };
    const scored = scoreText(prose);
    if (scored !== undefined && !(scored.score <= (worst?.scored.score ?? WARN_SCORE)))
      worst = { path, scored, prose };
  }
  if (worst === undefined) return undefined;
  const { path, scored, prose } = worst;
  return {
    path,
    rule: 'likely-poisoned',
    severity: scored.score > BLOCK_SCORE ? 'block' : 'warn',
    reason: describe(prose.text, scored),
  };
}

function describe(text: string, { score, start, end }: Scored): string {
  const excerpt = text
    .slice(start, Math.min(end, start + EXCERPT))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return `reads like what poisoned tools say (score ${score.toFixed(1)}): "${excerpt}"`;
}
