// The training of the score (src/guard/scan/score): which parts of a definition read like what poisoned tools say.
import { listStrings } from '../../src/guard/scan/list-strings.ts';
import { readConcepts } from '../../src/guard/scan/read-concepts.ts';
import { FEATURES } from '../../src/guard/scan/score/read-clauses.ts';
import { listClauses, roleOf, WINDOW_CLAUSES, windowScale } from '../../src/guard/scan/score/read-windows.ts';
import { foldText } from '../../src/guard/scan/skeleton.ts';

/** One definition as its windows. */
export type Windows = readonly Uint16Array[];

/** What the training makes. */
export interface Model {
  readonly weights: Float64Array;
  bias: number;
}

interface Example {
  readonly features: Uint16Array;
  readonly isPoisoned: boolean;
  /** How much it counts: all poisoned ones together a part of all honest ones. */
  readonly share: number;
}

const EPOCHS = 15;
const MODELS = 5;
const ROUNDS = 2;
const RATE = 0.3;
const DECAY = 2e-6;
/** What all poisoned windows weigh together, beside all honest ones. */
const POISONED_SHARE = 0.3;

/** Every few clauses in a row of every text of a definition that is read as prose. */
export function windowsOf(tool: unknown): Windows {
  const { places } = listStrings(tool);
  const own = new Set(places.filter(({ kind }) => kind !== 'text').map(({ text }) => text.toLowerCase()));
  const windows: Uint16Array[] = [];
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

function joinClauses(parts: readonly Uint16Array[]): Uint16Array {
  const whole = new Uint16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function scoreOf({ weights, bias }: Model, features: Uint16Array): number {
  let sum = 0;
  for (const feature of features) sum += weights[feature] ?? 0;
  return bias + sum * windowScale(features.length);
}

/** The highest score of a definition. */
export function best(model: Model, windows: Windows): number {
  return windows.reduce((most, window) => Math.max(most, scoreOf(model, window)), Number.NEGATIVE_INFINITY);
}

/**
 * Trains a model. Of a poisoned definition only one window is known to be poisoned: the one that looks most like it so far.
 */
export function train(poisoned: readonly Windows[], honest: readonly Windows[]): Model {
  const plain = honest.flat();
  let chosen = poisoned.flatMap((windows) => longest(windows));
  let model: Model = { weights: new Float64Array(FEATURES), bias: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const share = (plain.length / chosen.length) * POISONED_SHARE;
    model = regress([
      ...chosen.map((features) => ({ features, isPoisoned: true, share })),
      ...plain.map((features) => ({ features, isPoisoned: false, share: 1 })),
    ]);
    chosen = poisoned.flatMap((windows) => likeliest(model, windows));
  }
  return model;
}

function longest(windows: Windows): Uint16Array[] {
  return windows.length === 0 ? [] : [windows.reduce((most, one) => (one.length > most.length ? one : most))];
}

function likeliest(model: Model, windows: Windows): Uint16Array[] {
  if (windows.length === 0) return [];
  return [windows.reduce((most, one) => (scoreOf(model, one) > scoreOf(model, most) ? one : most))];
}

/** The mean of several models, each trained in another order: what only one of them believes counts little. */
function regress(examples: readonly Example[]): Model {
  const mean: Model = { weights: new Float64Array(FEATURES), bias: 0 };
  for (let seed = 1; seed <= MODELS; seed += 1) {
    const { weights, bias } = descend(examples, seed);
    mean.bias += bias / MODELS;
    for (const [feature, weight] of weights.entries())
      mean.weights[feature] = (mean.weights[feature] ?? 0) + weight / MODELS;
  }
  return mean;
}

/** Logistic regression by stochastic descent with a rate for each weight (AdaGrad); the same order each time. */
function descend(examples: readonly Example[], seed: number): Model {
  const model: Model = { weights: new Float64Array(FEATURES), bias: 0 };
  const seen = new Float64Array(FEATURES).fill(1e-2);
  let seenBias = 1e-2;
  const order = examples.map((_, at) => at);
  let random = seed;
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    for (let at = order.length - 1; at > 0; at -= 1) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const other = random % (at + 1);
      [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
    }
    for (const at of order) {
      const example = examples[at];
      if (example === undefined) continue;
      const { features, isPoisoned, share } = example;
      const chance = 1 / (1 + Math.exp(-scoreOf(model, features)));
      const slope = (chance - (isPoisoned ? 1 : 0)) * share;
      seenBias += slope * slope;
      model.bias -= (RATE * slope) / Math.sqrt(seenBias);
      const step = slope * windowScale(features.length);
      for (const feature of features) {
        const weight = model.weights[feature] ?? 0;
        const gradient = step + DECAY * weight * examples.length * 0.01;
        const known = (seen[feature] ?? 0) + gradient * gradient;
        seen[feature] = known;
        model.weights[feature] = weight - (RATE * gradient) / Math.sqrt(known);
      }
    }
  }
  return model;
}
