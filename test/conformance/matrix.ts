import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installInterop } from '../interop/install.ts';
import { type Check, type Results, readScenarios, readSuiteVersion, type Scenario } from './checks.ts';
import { type Expectations, linesFor, parseExpectations } from './expectations.ts';
import { judgeScenario, type Verdict } from './judge.ts';
import { type Leg, type LegOptions, runReferences, runThroughGateway } from './legs.ts';
import { SUITE_FOLDER } from './suite.ts';
import { addUp, type Cell, findTable, renderTable, replaceTable } from './table.ts';
import { SUITES, type Suite, UPSTREAMS } from './upstreams.ts';

// Runs the public conformance suite of each revision through the gateway in front of servers of either era, and compares
// it check by check with a direct run on a server of the suite's own revision. The result is the table in README.md:
// `--write` writes it; otherwise the run fails if it differs. `--suite REVISION`, `--upstream NAME` and `--scenario
// NAME` narrow the run, which then leaves the table alone; `--keep` keeps the suite's own output.

const README = join(import.meta.dirname, '..', '..', 'README.md');
const PARALLEL = 2;

/** One revision of the suite, and what it must come to. */
interface Column {
  readonly suite: Suite;
  readonly scenarios: readonly Scenario[];
  readonly reference: Results;
}

interface Tally {
  passed: number;
  readonly problems: string[];
}

async function runColumns(suites: readonly Suite[], options: LegOptions): Promise<Column[]> {
  const references = await runReferences(suites, options);
  return Promise.all(
    suites.map(async (suite) => ({
      suite,
      scenarios: await chooseScenarios(suite, options),
      reference: references.get(suite.revision) ?? new Map(),
    })),
  );
}

async function chooseScenarios({ revision }: Suite, { scenario }: LegOptions): Promise<Scenario[]> {
  const all = await readScenarios(SUITE_FOLDER, revision);
  return all.filter(({ name }) => scenario === undefined || name === scenario);
}

/** Prints one row for each scenario that did not simply pass, and adds up the verdicts. */
function reportLeg(
  { suite, upstream, results }: Leg,
  { scenarios, reference }: Column,
  judging: { readonly expectations: Expectations; readonly tally: Tally },
): Cell {
  const { expectations, tally } = judging;
  const lines = linesFor(expectations, suite.revision, upstream.name);
  console.log(`\n${suite.revision} in front of ${upstream.name}`);
  const verdicts = scenarios.map((scenario) => {
    const direct = reference.get(scenario.name) ?? [];
    const checks = results.get(scenario.name);
    const verdict = judgeScenario({ scenario, checks, reference: direct, lines });
    const name = `${suite.revision} in front of ${upstream.name}: ${scenario.name}`;
    tally.problems.push(...verdict.problems.map((problem) => `${name}: ${problem}`));
    const word = describeVerdict(verdict);
    if (word !== 'ok') console.log(`  ${scenario.name.padEnd(46)} ${countChecks(checks).padEnd(8)} ${word}`);
    return verdict;
  });
  const cell = addUp(verdicts);
  tally.passed += cell.passed;
  const left = verdicts.filter((verdict) => describeVerdict(verdict) === 'ok').length;
  console.log(`  ${`the other ${left} of ${scenarios.length} scenarios`.padEnd(55)} ok`);
  return cell;
}

function describeVerdict({ problems, notCarried, notBuilt }: Verdict): string {
  if (problems.length > 0) return 'FAILED';
  if (notCarried > 0) return 'cannot be carried';
  return notBuilt > 0 ? 'not built' : 'ok';
}

/** Checks passed and failed, as the suite itself counts. */
function countChecks(checks: readonly Check[] | undefined): string {
  const count = (status: Check['status']): number =>
    checks?.filter((check) => check.status === status).length ?? 0;
  return `${count('SUCCESS')}/${count('FAILURE')}`;
}

/** Finds lines about scenarios that no set has. */
function findUnknownLines(columns: readonly Column[], { limits, notBuilt }: Expectations): string[] {
  const known = new Set(
    columns.flatMap(({ suite, scenarios }) => scenarios.map(({ name }) => `${suite.revision} ${name}`)),
  );
  return [...limits, ...notBuilt]
    .map(({ suite, scenario }) => `${suite} ${scenario}`)
    .filter((name) => !known.has(name))
    .map((name) => `expectations.yaml names ${name}, which no set has`);
}

async function checkTable(table: string, { write }: { readonly write: boolean }): Promise<string[]> {
  const readme = await readFile(README, 'utf8');
  console.log(`\n${table}`);
  if (findTable(readme) === table) return [];
  if (!write) return ['README.md has another table; `npm run test:matrix -- --write` brings it in step'];
  await writeFile(README, replaceTable(readme, table));
  console.log('\nREADME.md has a new table');
  return [];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      suite: { type: 'string' },
      upstream: { type: 'string' },
      scenario: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const suites = SUITES.filter(({ revision }) => (values.suite ?? revision) === revision);
  const upstreams = UPSTREAMS.filter(({ name }) => (values.upstream ?? name) === name);
  if (suites.length === 0 || upstreams.length === 0) throw new TypeError('no such suite or upstream');
  const isWhole = suites.length === SUITES.length && upstreams.length === UPSTREAMS.length;
  const expectations = parseExpectations(
    await readFile(join(import.meta.dirname, 'expectations.yaml'), 'utf8'),
  );
  await installInterop();
  const folder = await mkdtemp(join(tmpdir(), 'gateward-matrix-'));
  const options = { scenario: values.scenario, folder, parallel: PARALLEL };
  const columns = await runColumns(suites, options);
  const legs = await runThroughGateway(suites, upstreams, options);
  const tally: Tally = { passed: 0, problems: [] };
  const rows = upstreams.map((upstream) => ({
    label: upstream.label,
    cells: columns.flatMap((column) =>
      legs
        .filter((leg) => leg.upstream === upstream && leg.suite === column.suite)
        .map((leg) => reportLeg(leg, column, { expectations, tally })),
    ),
  }));
  if (isWhole && values.scenario === undefined) {
    const version = await readSuiteVersion(SUITE_FOLDER);
    const table = renderTable({ version, revisions: suites.map(({ revision }) => revision), rows });
    tally.problems.push(...findUnknownLines(columns, expectations));
    tally.problems.push(...(await checkTable(table, { write: values.write })));
  }
  console.log('');
  for (const problem of tally.problems) console.log(`FAILED ${problem}`);
  if (tally.problems.length > 0 || values.keep) console.log(`The suite's output is in ${folder}`);
  else await rm(folder, { recursive: true });
  console.log(`${tally.passed} passed, ${tally.problems.length} failed`);
  process.exitCode = tally.problems.length > 0 ? 1 : 0;
}

await main();
