import { type Concepts, type OwnNames, readConcepts } from './read-concepts.ts';
import type { Hit } from './rule.ts';
import { findSequences, layOut, type Match, type Row, type Sequence } from './sequence.ts';
import { SEQUENCES } from './sequences.ts';

const EXCERPT = 90;
/** No sequence fits in fewer characters. */
const MIN_CHARS = 6;

let row: Row | undefined;

/** Finds what a folded text asks for, one hit for each rule: the gravest. */
export function findMeaning(text: string, own: OwnNames): Hit[] {
  if (text.length < MIN_CHARS) return [];
  row ??= layOut(SEQUENCES);
  const concepts = readConcepts(text, own);
  const hits = new Map<string, Hit>();
  for (const [at, match] of findSequences(concepts, row).entries()) {
    const sequence = SEQUENCES[at];
    if (match === undefined || sequence === undefined) continue;
    const found = hits.get(sequence.rule);
    const isGraver = sequence.severity === 'block' && !match.isMentioned && found?.severity !== 'block';
    if (found !== undefined && !isGraver) continue;
    const severity = match.isMentioned && sequence.severity === 'block' ? 'warn' : sequence.severity;
    hits.set(sequence.rule, {
      rule: sequence.rule,
      severity,
      reason: describe({ text, concepts, sequence, match }),
    });
  }
  return [...hits.values()];
}

interface Found {
  readonly text: string;
  readonly concepts: Concepts;
  readonly sequence: Sequence;
  readonly match: Match;
}

function describe({ text, concepts, sequence, match }: Found): string {
  const start = concepts.starts[match.first] ?? 0;
  const end = (concepts.starts[match.last] ?? start) + 24;
  const excerpt = text
    .slice(start, Math.min(end, start + EXCERPT))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return `${sequence.reason}${match.isMentioned ? ', if only as an example' : ''}: "${excerpt}"`;
}
