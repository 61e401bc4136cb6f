import { maskOf } from './concept.ts';
import type { RuleId, Severity } from './rule.ts';
import type { Sequence, Step } from './sequence.ts';

/** What sequences of one rule have in common. */
export interface Kind {
  readonly rule: RuleId;
  readonly reason: string;
  /** Default: `block`. */
  readonly severity?: Severity;
  /** Whether they may go on in the next sentence. */
  readonly isLong?: true;
  readonly mayBeMentioned?: true;
}

/**
 * Sequences written as text: concepts, and before each but the first the most words that may lie between. `a|b` is a
 * word that means one of the two, `a&b` one that means both, `a!b` one that means a but not b.
 *
 * @throws TypeError for a concept that there is not.
 */
export function sequencesOf(kind: Kind, ...texts: readonly string[]): Sequence[] {
  const { severity = 'block', isLong = false, mayBeMentioned = false, rule, reason } = kind;
  return texts.map((text) => ({ rule, reason, severity, isLong, mayBeMentioned, steps: readSteps(text) }));
}

function readSteps(text: string): Step[] {
  const steps: Step[] = [];
  let within = 0;
  for (const part of text.split(' ')) {
    if (/^\d+$/.test(part)) within = Number(part);
    else steps.push({ ...readStep(part), within });
  }
  return steps;
}

function readStep(part: string): Pick<Step, 'some' | 'every' | 'none'> {
  const [wanted = '', unwanted] = part.split('!');
  const some = maskOf(wanted.split(/[|&]/));
  const none = unwanted === undefined ? 0 : maskOf([unwanted]);
  return { some, every: wanted.includes('&') ? some : 0, none };
}
