import { type Concepts, type OwnNames, readConcepts } from './read-concepts.ts';
import type { Hit } from './rule.ts';
import { findSequence, type Match, type Sequence } from './sequence.ts';
import { SEQUENCES } from './sequences.ts';

const EXCERPT = 90;
/** No sequence fits in fewer characters. */
const MIN_CHARS = 6;

/** Finds what a folded text asks for, one hit for each rule: the gravest. */
export function findMeaning(text: string, own: OwnNames): Hit[] {
  if (text.length < MIN_CHARS) return [];
  const concepts = readConcepts(text, own);
  const hits = new Map<string, Hit>();
  for (const sequence of SEQUENCES) {
    const found = hits.get(sequence.rule);
    if (
      found?.severity === 'block' ||
      (found !== undefined && sequence.severity !== 'block') ||
      !canFit(concepts, sequence)
    )
      continue;
    const match = findSequence(concepts, sequence);
    if (match === undefined || (found !== undefined && match.isMentioned)) continue;
    const severity = match.isMentioned && sequence.severity === 'block' ? 'warn' : sequence.severity;
    hits.set(sequence.rule, {
      rule: sequence.rule,
      severity,
      reason: describe({ text, concepts, sequence, match }),
    });
  }
  return [...hits.values()];
}

function canFit({ union }: Concepts, { steps }: Sequence): boolean {
  return steps.every(({ some, every }) => (union & some) !== 0 && (union & every) === every);
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
