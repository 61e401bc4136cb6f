// The training of the score (src/guard/scan/score): which parts of a definition read like what poisoned tools say.
import { listStrings } from '../../src/guard/scan/list-strings.ts';
import { readConcepts } from '../../src/guard/scan/read-concepts.ts';
import { listClauses, roleOf, WINDOW_CLAUSES, windowScale } from '../../src/guard/scan/score/read-windows.ts';
import { foldText } from '../../src/guard/scan/skeleton.ts';

/** One definition as its windows: the features of every few clauses in a row. */
export type Windows = readonly Uint32Array[];

/** What the training makes. */
export interface Model {
  readonly bias: number;
  /** The weight of each feature that was seen often enough. */
  readonly weights: ReadonlyMap<number, number>;
}

/** A window as the training reads it. */
interface Example {
  /** Its known features, as places in the list of all. */
  readonly known: Uint32Array;
  readonly scale: number;
}

interface Lesson {
  readonly example: Example;
  readonly isPoisoned: boolean;
  /** How much it counts. */
  readonly share: number;
}

/** Weights by the place of their feature. */
interface Weights {
  readonly of: Float64Array;
  bias: number;
}

const EPOCHS = 30;
const MODELS = 5;
const ROUNDS = 2;
const RATE = 0.3;
const DECAY = 2e-8;
/** What all poisoned windows weigh together, beside all honest ones. */
const POISONED_SHARE = 0.3;
/** How many more times the worst window of an honest definition counts, once it is known: it decides the score. */
const WORST_SHARE = 10;
/** What stands in fewer definitions tells nothing, but makes a window longer. */
const LEAST_DEFINITIONS = 3;

/** Every few clauses in a row of every text of a definition that is read as prose. */
export function windowsOf(tool: unknown): Windows {
  const { places } = listStrings(tool);
  const own = new Set(places.filter(({ kind }) => kind !== 'text').map(({ text }) => text.toLowerCase()));
  const windows: Uint32Array[] = [];
  for (const { path, text, kind } of places) {
    const role = kind === 'text' ? roleOf(path) : undefined;
    if (role === undefined) continue;
    const folded = foldText(text);
    const clauses = listClauses({ text: folded, concepts: readConcepts(folded, own), role });
    for (let length = 1; length <= WINDOW_CLAUSES; length += 1) {
      for (let at = 0; at + length <= clauses.length; at += 1)
        windows.push(joinClauses(clauses.slice(at, at + length)));
    }
  }
  return windows;
}

function joinClauses(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The highest score of a definition. */
export function best({ weights, bias }: Model, windows: Windows): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const window of windows) {
    let sum = 0;
    for (const feature of window) sum += weights.get(feature) ?? 0;
    most = Math.max(most, bias + sum * windowScale(window.length));
  }
  return most;
}

/**
 * Trains a model. Of a poisoned definition only one window is known to be poisoned, the one that looks most like it so far;
 * of an honest one all are honest, and the worst has to be told from poisoned ones above all.
 */
export function train(poisoned: readonly Windows[], honest: readonly Windows[]): Model {
  const features = listFeatures([...poisoned, ...honest]);
  const places = new Map(features.map((feature, place) => [feature, place]));
  const read = (windows: Windows): Example[] => windows.map((window) => exampleOf(window, places));
  const [bad, good] = [poisoned.map(read), honest.map(read)];
  const plain = good.flat();
  let chosen = bad.map(longest).filter((one) => one !== undefined);
  let worst = new Set<Example | undefined>();
  let weights: Weights = { of: new Float64Array(features.length), bias: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const share = (plain.length / chosen.length) * POISONED_SHARE;
    weights = regress(features.length, [
      ...chosen.map((example) => ({ example, isPoisoned: true, share })),
      ...plain.map((example) => ({
        example,
        isPoisoned: false,
        share: worst.has(example) ? 1 + WORST_SHARE : 1,
      })),
    ]);
    const likeliest = (examples: readonly Example[]): Example | undefined => likeliestOf(examples, weights);
    worst = new Set(good.map(likeliest));
    chosen = bad.map(likeliest).filter((one) => one !== undefined);
  }
  return {
    bias: weights.bias,
    weights: new Map(features.map((feature, at) => [feature, weights.of[at] ?? 0])),
  };
}

/** The features of enough definitions. */
function listFeatures(definitions: readonly Windows[]): number[] {
  const counts = new Map<number, number>();
  for (const windows of definitions)
    for (const feature of new Set(windows.flatMap((window) => [...window])))
      counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return [...counts].filter(([, count]) => count >= LEAST_DEFINITIONS).map(([feature]) => feature);
}

function exampleOf(window: Uint32Array, places: ReadonlyMap<number, number>): Example {
  const known = [...window].map((feature) => places.get(feature)).filter((place) => place !== undefined);
  return { known: Uint32Array.from(known), scale: windowScale(window.length) };
}

function scoreOf({ of, bias }: Weights, { known, scale }: Example): number {
  let sum = 0;
  for (const place of known) sum += of[place] ?? 0;
  return bias + sum * scale;
}

function longest(examples: readonly Example[]): Example | undefined {
  return examples.reduce<Example | undefined>(
    (most, one) => (most === undefined || one.scale < most.scale ? one : most),
    undefined,
  );
}

function likeliestOf(examples: readonly Example[], weights: Weights): Example | undefined {
  let [most, likeliest] = [Number.NEGATIVE_INFINITY, examples[0]];
  for (const example of examples) {
    const score = scoreOf(weights, example);
    if (score > most) [most, likeliest] = [score, example];
  }
  return likeliest;
}

/** The mean of several models, each trained in another order: what only one of them believes counts little. */
function regress(features: number, lessons: readonly Lesson[]): Weights {
  const mean: Weights = { of: new Float64Array(features), bias: 0 };
  for (let seed = 1; seed <= MODELS; seed += 1) {
    const { of, bias } = descend(features, lessons, seed);
    mean.bias += bias / MODELS;
    for (const [place, weight] of of.entries()) mean.of[place] = (mean.of[place] ?? 0) + weight / MODELS;
  }
  return mean;
}

/** Logistic regression by stochastic descent with a rate for each weight (AdaGrad); the same order each time. */
function descend(features: number, lessons: readonly Lesson[], seed: number): Weights {
  const weights: Weights = { of: new Float64Array(features), bias: 0 };
  const seen = new Float64Array(features).fill(1e-2);
  const decay = DECAY * lessons.length;
  let seenBias = 1e-2;
  let random = seed;
  const order = lessons.map((_, at) => at);
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    for (let at = order.length - 1; at > 0; at -= 1) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const other = random % (at + 1);
      [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
    }
    for (const at of order) {
      const lesson = lessons[at];
      if (lesson === undefined) continue;
      const { example, isPoisoned, share } = lesson;
      const chance = 1 / (1 + Math.exp(-scoreOf(weights, example)));
      const slope = (chance - (isPoisoned ? 1 : 0)) * share;
      seenBias += slope * slope;
      weights.bias -= (RATE * slope) / Math.sqrt(seenBias);
      const step = slope * example.scale;
      for (const place of example.known) {
        const weight = weights.of[place] ?? 0;
        const gradient = step + decay * weight;
        const known = (seen[place] ?? 0) + gradient * gradient;
        seen[place] = known;
        weights.of[place] = weight - (RATE * gradient) / Math.sqrt(known);
      }
    }
  }
  return weights;
}
