import { CONCEPT, STOP } from './concept.ts';
import type { Concepts } from './read-concepts.ts';
import type { RuleId, Severity } from './rule.ts';

/** One thought of a sequence. */
export interface Step {
  /** One of these concepts must be in the word. */
  readonly some: number;
  /** All of these must be in the word. */
  readonly every: number;
  /** None of these may be in the word. */
  readonly none: number;
  /** At most so many words after the step before. */
  readonly within: number;
}

/** Thoughts in an order, near to each other: what a rule looks for. */
export interface Sequence {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly reason: string;
  readonly steps: readonly Step[];
  /** Whether the sequence may go on in the next sentence. */
  readonly isLong: boolean;
  /** Whether it is let off with a warning where the text only speaks about it, as a detector's description does. */
  readonly mayBeMentioned: boolean;
}

/** Where a sequence was found, as numbers of entries of the concepts. */
export interface Match {
  readonly first: number;
  readonly last: number;
  readonly isMentioned: boolean;
}

/** Finds the first place of a sequence that is not only mentioned, else the first. One pass: linear in the text. */
export function findSequence(concepts: Concepts, sequence: Sequence): Match | undefined {
  const { masks, words } = concepts;
  const { steps, isLong } = sequence;
  const last = steps.length - 1;
  // For each step, where it was met last with all steps before it, and where that chain began.
  const met: number[] = steps.map(() => -1);
  const began: number[] = steps.map(() => -1);
  let mentioned: Match | undefined;
  for (let at = 0; at < masks.length; at += 1) {
    const mask = masks[at] ?? STOP;
    if (mask === STOP && !isLong) met.fill(-1);
    if (mask === STOP) continue;
    for (let step = last; step >= 0; step -= 1) {
      if (!fits(mask, steps[step])) continue;
      const before = step === 0 ? at : (met[step - 1] ?? -1);
      if (before < 0) continue;
      if (step > 0 && (words[at] ?? 0) - (words[before] ?? 0) > (steps[step]?.within ?? 0)) continue;
      met[step] = at;
      began[step] = step === 0 ? at : (began[step - 1] ?? at);
      if (step < last) continue;
      const match = { first: began[step] ?? at, last: at };
      if (!sequence.mayBeMentioned || !isMentioned(concepts, match.first))
        return { ...match, isMentioned: false };
      mentioned ??= { ...match, isMentioned: true };
    }
  }
  return mentioned;
}

function fits(mask: number, step: Step | undefined): boolean {
  return (
    step !== undefined &&
    (mask & step.some) !== 0 &&
    (mask & step.every) === step.every &&
    (mask & step.none) === 0
  );
}

const MENTION_REACH = 15;

/** Whether the words before say that what follows is only spoken about. An "and then" ends what they say, a quotation does not. */
function isMentioned({ masks, words, quoted }: Concepts, first: number): boolean {
  const isQuoted = quoted.has(first);
  for (let at = first - 1; at >= 0 && (words[first] ?? 0) - (words[at] ?? 0) <= MENTION_REACH; at -= 1) {
    const mask = masks[at] ?? STOP;
    if ((mask & CONCEPT.mention) !== 0) return true;
    if (mask === STOP || ((mask & CONCEPT.join) !== 0 && !isQuoted)) return false;
  }
  return false;
}
