// Writes docs/scan-results.md: what the scanner finds in a corpus, and how fast.
//   node scripts/measure-scan.ts FOLDER [OUT]
// FOLDER holds poisoned.jsonl ({class, tool}), hard_negatives.jsonl and benign.jsonl ({tool}).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scanDefinition } from '../src/guard/scan/scan-definition.ts';
import { BLOCK_SCORE } from '../src/guard/scan/score/find-likely-poison.ts';
import { best, train, windowsOf } from './score/model.ts';

const Z = 1.959964;
const [, , folder, out = fileURLToPath(new URL('../docs/scan-results.md', import.meta.url))] = process.argv;
if (folder === undefined) throw new TypeError('give the folder of the corpus');

interface Row {
  readonly server?: string;
  readonly class?: string;
  readonly tool: object;
}

interface Tally {
  rows: number;
  blocked: number;
  warned: number;
}

const ROWS = fileURLToPath(new URL('score/rows', import.meta.url));

const read = (name: string, where: string = folder): Row[] =>
  readFileSync(join(where, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

function tally(rows: readonly Row[]): Tally {
  const sum: Tally = { rows: rows.length, blocked: 0, warned: 0 };
  for (const { tool } of rows) {
    const severities = new Set(scanDefinition(tool, 0).map(({ severity }) => severity));
    if (severities.has('block')) sum.blocked += 1;
    else if (severities.has('warn')) sum.warned += 1;
  }
  return sum;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The 95 % interval of Wilson for a share of few rows. */
function wilson(hits: number, rows: number): string {
  const share = hits / rows;
  const middle = (share + (Z * Z) / (2 * rows)) / (1 + (Z * Z) / rows);
  const half =
    (Z * Math.sqrt((share * (1 - share)) / rows + (Z * Z) / (4 * rows * rows))) / (1 + (Z * Z) / rows);
  return `${percent(Math.max(0, middle - half))} to ${percent(Math.min(1, middle + half))}`;
}

const rowOf = (name: string, { rows, blocked, warned }: Tally): string =>
  `| ${name} | ${rows} | ${blocked} | ${percent(blocked / rows)} | ${wilson(blocked, rows)} | ${warned} |`;

const poisoned = read('poisoned.jsonl');
const benign = read('benign.jsonl');
const hard = read('hard_negatives.jsonl');
const unseen = read('unseen-poisoned.jsonl', ROWS);

/** The table of the classes of poisoned rows, the largest first, and the average of the classes. */
function tableOf(rows: readonly Row[]): string {
  const classes = [...Map.groupBy(rows, (row) => row.class ?? 'none')]
    .map(([name, group]) => ({ name, ...tally(group) }))
    .sort((a, b) => b.rows - a.rows);
  const macro = classes.reduce((sum, { blocked, rows: all }) => sum + blocked / all, 0) / classes.length;
  return `| class | definitions | blocked | share | interval | warned only |
|---|---|---|---|---|---|
${classes.map((entry) => rowOf(entry.name, entry)).join('\n')}
${rowOf('all', tally(rows))}

Macro average of the classes: ${percent(macro)}.`;
}

const harmless = {
  benign: tally(benign),
  hard: tally(hard),
  unseen: tally(read('unseen-honest.jsonl', ROWS)),
};

const FOLDS = 3;

/** How many honest definitions the score blocks when it was trained without their servers. */
function falseAlarms(): { readonly benign: number; readonly hard: number } {
  const prepared = (rows: readonly Row[]) => rows.map(({ tool }) => windowsOf(tool));
  const attacks = prepared(read('poisoned.jsonl', ROWS));
  const own = prepared(read('honest.jsonl', ROWS));
  const servers = [...new Set(benign.map(({ server }) => server))].sort();
  const foldOfServer = (row: Row): number => servers.indexOf(row.server) % FOLDS;
  const corpus = [
    ...benign.map((row) => ({
      kind: 'benign' as const,
      fold: foldOfServer(row),
      windows: windowsOf(row.tool),
    })),
    ...hard.map(({ tool }, at) => ({ kind: 'hard' as const, fold: at % FOLDS, windows: windowsOf(tool) })),
  ];
  const alarms = { benign: 0, hard: 0 };
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const known = corpus.filter((row) => row.fold !== fold).map(({ windows }) => windows);
    const model = train(attacks, [...own, ...known]);
    for (const { kind, windows } of corpus.filter((row) => row.fold === fold)) {
      if (best(model, windows) > BLOCK_SCORE) alarms[kind] += 1;
    }
  }
  return alarms;
}

/** CPU time in milliseconds, the least of nine: what else runs on the machine only adds. */
function fastest(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 9; round += 1) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const MEGABYTE = 1024 * 1024;
const fill = (piece: string): string => piece.repeat(Math.ceil(MEGABYTE / piece.length)).slice(0, MEGABYTE);
const texts: Readonly<Record<string, string>> = {
  'one letter': fill('a'),
  prose: fill('Reads a file and returns its contents as text. '),
  'words of the rules': fill('ignore previous read send must '),
  'one long sentence of directives': fill('always never before then '),
  base64: fill('QWxsIHdvcmsgYW5kIG5vIHBsYXkg'),
  'hexadecimal digits': fill('6162'),
  'percent signs': fill('%41%'),
  ampersands: fill('&#'),
  backslashes: fill('\\x'),
  blanks: fill(`${' '.repeat(149)}a`),
  'line ends': fill(`${'\n'.repeat(19)}a`),
  'Cyrillic words': fill('\u0441\u043b\u043e\u0432\u043e '),
  'Chinese text': fill('\u8bfb\u53d6\u6587\u4ef6\u7684\u5185\u5bb9'),
  'zero-width spaces': fill('\u200b'),
  'flags and joiners': fill('\u{1F468}\u200d'),
  'combining marks': fill('\u0301'),
  'marks out of order': fill('\u0323\u0301\u0327'),
  'three encodings, each three deep': fill('%252541 &amp;amp;#65; \\x5cx5cx41 '),
  'words of the lexicon, each a sentence': fill(
    'ignore. prior. rules. send. password. user. never. tell. tool. ',
  ),
  'Japanese text': fill('\u30d5\u30a1\u30a4\u30eb\u3092\u8aad\u307f\u8fbc\u3093\u3067\u3002'),
};
const speed = benign.length / (fastest(() => tally(benign)) / 1000);
const times = Object.entries(texts).map(([name, description]) => {
  const ms = fastest(() => scanDefinition({ name: 't', description }, 0));
  return { name, ms };
});
// Last, since the models fill the memory, and what collects the garbage takes time of its own.
const alarms = falseAlarms();

writeFileSync(
  out,
  `# What the scanner finds

Made by \`scripts/measure-scan.ts\` from a corpus of tool definitions; [scan.md](scan.md) explains the rules. A definition counts
as caught when a finding of severity \`block\` says so; definitions with a \`warn\` and no \`block\` stand apart. Intervals are
Wilson's, 95 %. Rules were written while looking at the corpus, so its numbers flatter: other attackers write otherwise.

## Poisoned definitions of the corpus

${tableOf(poisoned)}

## Poisoned definitions of an author who saw neither rules nor corpus

They were written for this measurement, many of them to be hard, and take no part in training
([rows](../scripts/score/rows/unseen-poisoned.jsonl)). They tell more than the table above of what to expect.

${tableOf(unseen)}

## Harmless definitions

| what | definitions | blocked | share | interval | warned only |
|---|---|---|---|---|---|
${rowOf('tools of real servers', harmless.benign)}
${rowOf('close to attacks by their words', harmless.hard)}
${rowOf('of that author, a third close to attacks', harmless.unseen)}

The score was trained on the first two, among others, so they say nothing of its false alarms. Trained on two thirds of the
servers and measured on the others, it blocked ${alarms.benign} of ${benign.length} and ${alarms.hard} of ${hard.length}.

## What is missed, and why

- Of the class \`shadowing\`: definitions that are honest taken by themselves. A copy of another server's tool, or a sentence
  such as "call that tool first", is an attack only next to the other server; the comparison of names across upstreams
  (\`same-name\`, \`names-other-tool\`) sees it, and a scan of one definition does not.
- Steering without any word of secrecy, secrets or force, such as a wrong fact about another tool.
- An honest text over bad code. No scan of a definition can see that.

## Speed

On one core of the machine that made this page, Node ${process.versions.node}: ${Math.floor(speed / 100) * 100} definitions a second, for the tools of real servers.
The CPU time for one description of a megabyte (1,048,576 UTF-16 units), the least of nine:

| of | ms |
|---|---|
${times.map(({ name, ms }) => `| ${name} | ${ms.toFixed(0)} |`).join('\n')}
`,
);
console.log(readFileSync(out, 'utf8'));
