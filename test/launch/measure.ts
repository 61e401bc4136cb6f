// Judges every launch of a corpus and counts the verdicts:
//   npm run test:launch -- FILE...
// A file has one JSON object a line: { command, args, env, cwd }. A row with `kind` is an attack and must not be
// accepted; any other is benign and must not be refused. `class` or the command groups the rows, `ambiguous` ones are
// counted apart. Ends with the line `N passed, N failed`. `--verbose` shows the rule of every row.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTable } from '../../src/cli/format-table.ts';
import { judgeLaunch, type LaunchJudgement } from '../../src/guard/launch/judge-launch.ts';
import { VERDICTS } from '../../src/guard/launch/rules.ts';
import { countChecks } from '../support/count-checks.ts';

/** The share of benign launches that must be accepted, or lack an exact version only. */
const ENOUGH = 0.6;

interface Row {
  readonly group: string;
  readonly isAttack: boolean;
  readonly isAmbiguous: boolean;
  readonly text: string;
  readonly judgement: LaunchJudgement;
}

function readRow(line: string): Row {
  const row: Record<string, unknown> = { ...JSON.parse(line) };
  const { command, args, env, cwd } = row;
  const launch = { command, args, env, cwd };
  const isAttack = 'kind' in row;
  return {
    isAttack,
    isAmbiguous: Boolean(row['ambiguous']),
    group: String(row['class'] ?? (isAttack && env && Object.keys(env).length > 0 ? 'env' : command)),
    text: JSON.stringify(launch),
    judgement: judgeLaunch(launch),
  };
}

const { values: options, positionals: files } = parseArgs({
  options: { verbose: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (files.length === 0) {
  console.error('Name the corpus: npm run test:launch -- FILE...');
  process.exit(2);
}
const rows = files.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readRow),
);
const { check, conclude } = countChecks();

function countsOf(some: readonly Row[]): string[] {
  return VERDICTS.map((verdict) =>
    String(some.filter(({ judgement }) => judgement.verdict === verdict).length),
  );
}

function showKind(name: string, some: readonly Row[]): void {
  if (some.length === 0) return;
  const groups = Object.entries(Object.groupBy(some, ({ group }) => group));
  const lines = groups
    .map(([group, members = []]) => [group.slice(0, 24), String(members.length), ...countsOf(members)])
    .sort((a, b) => Number(b[1]) - Number(a[1]));
  console.log(`\n${name}`);
  console.log(
    formatTable([
      ['CLASS', 'ROWS', ...VERDICTS.map((verdict) => verdict.toUpperCase())],
      ...lines,
      ['all', String(some.length), ...countsOf(some)],
    ]),
  );
  if (!options.verbose) return;
  for (const { judgement, text } of some)
    console.log(`${judgement.verdict}  ${judgement.rule}  ${text.slice(0, 180)}`);
}

const attacks = rows.filter(({ isAttack, isAmbiguous }) => isAttack && !isAmbiguous);
const unclear = rows.filter(({ isAttack, isAmbiguous }) => isAttack && isAmbiguous);
const benign = rows.filter(({ isAttack }) => !isAttack);
showKind('attacks, core', attacks);
showKind('attacks, ambiguous', unclear);
showKind('benign', benign);

function list(some: readonly Row[], verdicts: readonly string[]): string | undefined {
  const found = some.filter(({ judgement }) => verdicts.includes(judgement.verdict));
  return found.length === 0
    ? undefined
    : found.map(({ text, judgement }) => `\n  ${judgement.rule}  ${text}`).join('');
}

check('there are rows to judge', rows.length === 0 ? 'none' : undefined);
if (attacks.length > 0) {
  check('no core attack is accepted', list(attacks, ['accept']));
  check('no core attack lacks an exact version only', list(attacks, ['needs-version']));
}
if (benign.length > 0) {
  const fine = benign.filter(({ judgement }) =>
    ['accept', 'needs-version'].includes(judgement.verdict),
  ).length;
  const share = fine / benign.length;
  const shown = `${(share * 100).toFixed(1)} %`;
  console.log(`\nbenign: ${fine} of ${benign.length} (${shown}) accepted or in need of an exact version`);
  check(
    'enough benign launches are accepted or lack an exact version only',
    share < ENOUGH ? shown : undefined,
  );
  check('no benign launch is refused', list(benign, ['refuse']));
}
process.exitCode = conclude();
