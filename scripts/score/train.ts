// Trains the weights of the score (src/guard/scan/score) on the rows beside it, and tells how it does on rows of authors
// that it has not seen.
//   node scripts/score/train.ts FOLDER
// FOLDER holds benign.jsonl and hard_negatives.jsonl ({tool}): more honest definitions, which are not part of this
// repository. Rows here are {class, tool}; those of the unseen- files take no part in the training.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markOf, PROBES, SLOTS, slotOf } from '../../src/guard/scan/score/weight-table.ts';
import { best, type Model, train, type Windows, windowsOf } from './model.ts';

const ROWS = new URL('rows/', import.meta.url);
const TARGET = new URL('../../src/guard/scan/score/weights.ts', import.meta.url);
const [, , folder] = process.argv;
if (folder === undefined) throw new TypeError('give the folder of the corpus');

interface Row {
  readonly tool: unknown;
}

const read = (name: string, where: string | URL = ROWS): Windows[] =>
  readFileSync(where instanceof URL ? new URL(name, where) : join(where, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => windowsOf((JSON.parse(line) as Row).tool));

/** The weights as the score looks them up; the smallest are left out where there is no room. */
function pack(weights: ReadonlyMap<number, number>, scale: number): Buffer {
  const slots = new Uint16Array(SLOTS);
  let lost = 0;
  const largest = [...weights].sort(([, one], [, two]) => Math.abs(two) - Math.abs(one));
  for (const [feature, weight] of largest) {
    const step = Math.round(weight / scale);
    if (step === 0) continue;
    const near = Array.from({ length: PROBES }, (_, on) => (slotOf(feature) + on) & (SLOTS - 1));
    const free = near.find((slot) => slots[slot] === 0);
    if (free === undefined) lost += 1;
    else slots[free] = (markOf(feature) << 8) | (step & 0xff);
  }
  console.log(`${slots.filter((slot) => slot !== 0).length} weights, ${lost} without room`);
  const bytes = Buffer.alloc(2 * SLOTS);
  for (const [at, slot] of slots.entries()) bytes.writeUInt16LE(slot, 2 * at);
  return bytes;
}

function write({ weights, bias }: Model): void {
  const scale = [...weights.values()].reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127;
  writeFileSync(
    TARGET,
    `// Made by scripts/score/train.ts: a change of the features, the lexicon or the rows asks for new weights.

/** What a text without words scores. */
export const BIAS = ${Number(bias.toFixed(6))};
/** What one step of a weight counts. */
export const SCALE = ${Number(scale.toFixed(8))};
/** The slots of the table of weights, in base64. */
export const WEIGHTS =
  '${pack(weights, scale).toString('base64')}';
`,
  );
}

const honestRows = [
  ...read('honest.jsonl'),
  ...read('benign.jsonl', folder),
  ...read('hard_negatives.jsonl', folder),
];
const model = train(read('poisoned.jsonl'), honestRows);
write(model);
const [poisoned, honest] = [read('unseen-poisoned.jsonl'), read('unseen-honest.jsonl')].map((rows) =>
  rows.map((windows) => best(model, windows)),
);
const above = (scores: readonly number[] = [], least: number): string =>
  `${scores.filter((score) => score > least).length} of ${scores.length}`;
for (const least of [0.5, 1, 1.5, 2, 2.5, 3, 3.5]) {
  console.log(`above ${least}: ${above(poisoned, least)} poisoned, ${above(honest, least)} honest`);
}
