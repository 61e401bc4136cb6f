// Trains the weights of the score (src/guard/scan/score) on the rows beside it, and tells how it does on rows of authors
// that it has not seen.
//   node scripts/score/train.ts FOLDER
// FOLDER holds benign.jsonl and hard_negatives.jsonl ({tool}): more honest definitions, which are not part of this
// repository. Rows here are {class, tool}; those of the unseen- files take no part in the training.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Whole numbers of one byte are as good, and an eighth of the size. */
function write({ weights, bias }: Model): void {
  const most = weights.reduce((sum, weight) => Math.max(sum, Math.abs(weight)), 0);
  const scale = most / 127;
  const bytes = Int8Array.from(weights, (weight) => Math.round(weight / scale));
  const base64 = Buffer.from(bytes.buffer).toString('base64');
  writeFileSync(
    TARGET,
    `// Made by scripts/score/train.ts: a change of the features, the lexicon or the rows asks for new weights.

/** What a text without words scores. */
export const BIAS = ${Number(bias.toFixed(6))};
/** What one step of a weight counts. */
export const SCALE = ${Number(scale.toFixed(8))};
/** One signed byte for each feature, in base64. */
export const WEIGHTS =
  '${base64}';
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
