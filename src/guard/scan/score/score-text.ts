import { type Prose, readClauses } from './read-clauses.ts';
import { WINDOW_CLAUSES, windowScale } from './read-windows.ts';
import { WeightTable } from './weight-table.ts';
import { BIAS, SCALE, WEIGHTS } from './weights.ts';

/** What a text scores. */
export interface Scored {
  /** Logarithm of the odds, as the training saw them, of the few clauses that read most like what poisoned tools say. */
  readonly score: number;
  /** Where the one clause is that reads most like it, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

interface Sum {
  readonly weight: number;
  readonly count: number;
}

let table: WeightTable | undefined;

/** Scores every few clauses in a row and returns the highest; undefined for a text without words. */
export function scoreText(prose: Prose): Scored | undefined {
  table ??= new WeightTable(WEIGHTS);
  const weights = table;
  let [score, most] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let place = { start: 0, end: 0 };
  let before: readonly Sum[] = [];
  readClauses(prose, (features, start, end) => {
    const weight = weights.sum(features);
    const alone = { weight, count: features.length };
    const joined = before.map((sum) => ({ weight: sum.weight + weight, count: sum.count + alone.count }));
    for (const sum of [alone, ...joined]) score = Math.max(score, scoreOf(sum));
    if (scoreOf(alone) > most) {
      most = scoreOf(alone);
      place = { start, end };
    }
    before = [alone, ...joined].slice(0, WINDOW_CLAUSES - 1);
  });
  return most === Number.NEGATIVE_INFINITY ? undefined : { score, ...place };
}

function scoreOf({ weight, count }: Sum): number {
  return BIAS + SCALE * weight * windowScale(count);
}
