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

/** Sequences as they are looked for: every step of all of them in one row. */
export interface Row {
  readonly sequences: readonly Sequence[];
  /** Of each step, whose it is, and how far it may be from the step before; -1 for the first. */
  readonly owners: readonly number[];
  readonly reaches: readonly number[];
  readonly steps: readonly Step[];
  /** The steps that a word with this mask may be, the last of each sequence first. */
  readonly fitting: Map<number, readonly number[]>;
}

/** Lays sequences out for {@link findSequences}; to be done once for a set. */
export function layOut(sequences: readonly Sequence[]): Row {
  const steps = sequences.flatMap((sequence) => sequence.steps);
  const owners = sequences.flatMap((sequence, owner) => sequence.steps.map(() => owner));
  const reaches = sequences.flatMap((sequence) =>
    sequence.steps.map(({ within }, at) => (at === 0 ? -1 : within)),
  );
  return { sequences, owners, reaches, steps, fitting: new Map() };
}

/**
 * Finds for each sequence the first place that is not only mentioned, else the first. All sequences in one pass: linear
 * in the text, and a word costs no more than the steps that it may be.
 */
export function findSequences(concepts: Concepts, row: Row): (Match | undefined)[] {
  const { masks, union } = concepts;
  const { sequences, owners } = row;
  const isDone = sequences.map(({ steps }) => !canFit(union, steps));
  const matches: (Match | undefined)[] = sequences.map(() => undefined);
  if (!isDone.includes(false)) return matches;
  const walk: Walk = {
    concepts,
    row,
    isDone,
    matches,
    met: new Int32Array(owners.length).fill(-1),
    began: new Int32Array(owners.length),
    told: new Map(),
    sentence: 0,
  };
  // What has been found is not looked for again: lists without it are made now and then.
  let open = new Map<number, readonly number[]>();
  for (let at = 0; at < masks.length; at += 1) {
    const mask = masks[at] ?? STOP;
    if (mask === STOP) {
      walk.sentence = at;
      continue;
    }
    if (at % REFRESH === REFRESH - 1) open = new Map();
    const fitting =
      open.get(mask) ?? fittingSteps(row, mask).filter((step) => isDone[owners[step] ?? 0] !== true);
    open.set(mask, fitting);
    for (const step of fitting) meet(walk, at, step);
  }
  return matches;
}

/** How far a pass over a text has come. */
interface Walk {
  readonly concepts: Concepts;
  readonly row: Row;
  /** Of each sequence, whether nothing graver can be found of it. */
  readonly isDone: boolean[];
  readonly matches: (Match | undefined)[];
  /** Of each step, where it was met last with all steps before it. */
  readonly met: Int32Array;
  /** Of each step, where the chain began that it was met in. */
  readonly began: Int32Array;
  readonly told: Map<number, boolean>;
  /** Where the sentence began. */
  sentence: number;
}

/** Notes that a step stands here, if the steps before it do, near enough; with the last one the sequence is found. */
function meet(
  { concepts, row, isDone, matches, met, began, told, sentence }: Walk,
  at: number,
  step: number,
): void {
  const { sequences, owners, reaches } = row;
  const { words } = concepts;
  const owner = owners[step] ?? 0;
  if (isDone[owner] === true) return;
  const reach = reaches[step] ?? -1;
  if (reach >= 0) {
    const before = met[step - 1] ?? -1;
    if (before < (sequences[owner]?.isLong === true ? 0 : sentence)) return;
    if ((words[at] ?? 0) - (words[before] ?? 0) > reach) return;
  }
  met[step] = at;
  began[step] = reach < 0 ? at : (began[step - 1] ?? at);
  if (owners[step + 1] === owner) return;
  const first = began[step] ?? at;
  const isOnly = sequences[owner]?.mayBeMentioned === true && isTold(concepts, first, told);
  if (!isOnly || matches[owner] === undefined) matches[owner] = { first, last: at, isMentioned: isOnly };
  isDone[owner] = !isOnly;
}

function canFit(union: number, steps: readonly Step[]): boolean {
  return steps.every(({ some, every }) => (union & some) !== 0 && (union & every) === every);
}

function fittingSteps({ steps, fitting }: Row, mask: number): readonly number[] {
  const known = fitting.get(mask);
  if (known !== undefined) return known;
  const list: number[] = [];
  for (let step = steps.length - 1; step >= 0; step -= 1) if (fits(mask, steps[step])) list.push(step);
  fitting.set(mask, list);
  return list;
}

function fits(mask: number, step: Step | undefined): boolean {
  return (
    step !== undefined &&
    (mask & step.some) !== 0 &&
    (mask & step.every) === step.every &&
    (mask & step.none) === 0
  );
}

/** Words between two looks at what is left to be found. */
const REFRESH = 2048;
const MENTION_REACH = 15;

/** {@link isMentioned}, asked once for each place. */
function isTold(concepts: Concepts, first: number, told: Map<number, boolean>): boolean {
  const known = told.get(first) ?? isMentioned(concepts, first);
  told.set(first, known);
  return known;
}

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
