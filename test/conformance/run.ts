import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import type { Listening } from '../fixtures/servers/shared/listen.ts';
import { installInterop } from '../interop/install.ts';
import { type Check, type Results, readScenarios, type Scenario } from './checks.ts';
import { type ExpectedFailure, parseExpectedFailures } from './expected-failures.ts';
import { judgeScenario, type Verdict } from './judge.ts';
import { runSuite, SUITE_FOLDER } from './suite.ts';

// Runs the public conformance suite against the fixture servers, direct and through the gateway, and compares the two
// check by check. `--direct-only` leaves the gateway out; `--scenario NAME` runs one scenario; `--keep` keeps the
// suite's own output.

/** A fixture, and the frozen set that it has to pass. */
interface Pair {
  readonly name: 'modern' | 'legacy';
  readonly revision: string;
  start(): Promise<Listening>;
}

const PAIRS: readonly Pair[] = [
  { name: 'modern', revision: '2026-07-28', start: startModernHttp },
  { name: 'legacy', revision: '2025-11-25', start: startLegacyHttp },
];

/** How often a run says where it is, in scenarios. */
const PROGRESS_STEP = 10;

interface Options {
  readonly isDirectOnly: boolean;
  readonly scenario: string | undefined;
  readonly folder: string;
}

interface PairOutcome {
  readonly pair: Pair;
  readonly scenarios: readonly Scenario[];
  readonly direct: Results;
  readonly gateway: Results | undefined;
}

/** Runs one set against one URL. */
async function runLeg(
  pair: Pair,
  leg: 'direct' | 'gateway',
  url: string,
  options: Options,
): Promise<Results> {
  const label = `${leg} ${pair.revision}`;
  const startedAt = Date.now();
  let count = 0;
  console.log(`${label}: started`);
  const results = await runSuite({
    url,
    revision: pair.revision,
    scenario: options.scenario,
    outputFolder: join(options.folder, `${leg}-${pair.revision}`),
    onScenario: (scenario) => {
      count += 1;
      if (count % PROGRESS_STEP === 0) console.log(`${label}: scenario ${count}, ${scenario}`);
    },
  });
  console.log(`${label}: done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  return results;
}

/** Runs every pair against fixtures of its own, so that no run sees the traffic of another. */
async function runDirect(pairs: readonly Pair[], options: Options): Promise<Results[]> {
  return Promise.all(
    pairs.map(async (pair) => {
      const fixture = await pair.start();
      try {
        return await runLeg(pair, 'direct', fixture.url, options);
      } finally {
        await fixture.stop();
      }
    }),
  );
}

/** Runs every pair through one gateway in front of all fixtures. */
async function runThroughGateway(pairs: readonly Pair[], options: Options): Promise<Results[]> {
  const { startGateway } = await import('../support/gateway.ts');
  const fixtures = await Promise.all(pairs.map((pair) => pair.start()));
  const upstreams = pairs.map((pair, index) => `  ${pair.name}: { url: "${fixtures[index]?.url}" }`);
  const configText = ['listen: { host: 127.0.0.1, port: 0 }', 'upstreams:', ...upstreams, ''].join('\n');
  try {
    const gateway = await startGateway({ configText });
    try {
      return await Promise.all(
        pairs.map((pair) => runLeg(pair, 'gateway', `${gateway.url}/servers/${pair.name}/mcp`, options)),
      );
    } finally {
      await gateway.stop();
    }
  } finally {
    await Promise.all(fixtures.map((fixture) => fixture.stop()));
  }
}

async function runAll(options: Options): Promise<PairOutcome[]> {
  const chosen: { pair: Pair; scenarios: Scenario[] }[] = [];
  for (const pair of PAIRS) {
    const all = await readScenarios(SUITE_FOLDER, pair.revision);
    const scenarios = all.filter(({ name }) => options.scenario === undefined || name === options.scenario);
    if (scenarios.length > 0) chosen.push({ pair, scenarios });
  }
  if (chosen.length === 0) throw new Error(`No revision has a scenario named ${options.scenario}`);
  const pairs = chosen.map(({ pair }) => pair);
  const direct = await runDirect(pairs, options);
  const gateway = options.isDirectOnly ? [] : await runThroughGateway(pairs, options);
  return chosen.map(({ pair, scenarios }, index) => ({
    pair,
    scenarios,
    direct: direct[index] ?? new Map(),
    gateway: gateway[index],
  }));
}

function countStatuses(checks: readonly Check[] | undefined): string {
  if (checks === undefined) return '-';
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return `${count('SUCCESS')}/${count('FAILURE')}`;
}

interface Tally {
  passed: number;
  expectedFailures: number;
  problems: string[];
}

/** Prints one row for each scenario and adds up the verdicts. */
function reportPair(outcome: PairOutcome, expected: readonly ExpectedFailure[], tally: Tally): void {
  const { pair, scenarios, direct, gateway } = outcome;
  console.log(`\n${pair.revision} on the ${pair.name} fixture (checks passed/failed)`);
  console.log(
    `${'scenario'.padEnd(48)} ${'scored'.padEnd(7)} ${'direct'.padEnd(8)} ${'gateway'.padEnd(8)} verdict`,
  );
  for (const scenario of scenarios) {
    const known = direct.get(scenario.name);
    const verdict: Verdict =
      gateway === undefined
        ? judgeScenario({ scenario, checks: known, expected })
        : judgeScenario({ scenario, checks: gateway.get(scenario.name), reference: known ?? [], expected });
    tally.passed += verdict.passed;
    tally.expectedFailures += verdict.expectedFailures;
    tally.problems.push(...verdict.problems.map((text) => `${pair.revision} ${scenario.name}: ${text}`));
    const word = verdict.problems.length > 0 ? 'FAILED' : verdict.expectedFailures > 0 ? 'expected' : 'ok';
    const row = [
      scenario.name.padEnd(48),
      (scenario.isScored ? 'yes' : 'no').padEnd(7),
      countStatuses(known).padEnd(8),
      (gateway === undefined ? '-' : countStatuses(gateway.get(scenario.name))).padEnd(8),
      word,
    ];
    console.log(row.join(' '));
  }
  const sum = (results: Results | undefined): string =>
    countStatuses(results && [...results.values()].flat());
  const totals = [sum(direct).padEnd(8), sum(gateway).padEnd(8)];
  console.log(`${'total'.padEnd(48)} ${''.padEnd(7)} ${totals.join(' ')}`.trimEnd());
}

/** Finds lines that name no scenario of any set. */
function findUnknownLines(outcomes: readonly PairOutcome[], expected: readonly ExpectedFailure[]): string[] {
  const known = new Set(outcomes.flatMap(({ scenarios }) => scenarios.map(({ name }) => name)));
  const unknown = expected.filter(({ scenario }) => !known.has(scenario));
  return unknown.map(({ scenario }) => `expected-failures.yaml names ${scenario}, which no set has`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'direct-only': { type: 'boolean', default: false },
      scenario: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const text = await readFile(join(import.meta.dirname, 'expected-failures.yaml'), 'utf8');
  const expected = parseExpectedFailures(text);
  await installInterop();
  const folder = await mkdtemp(join(tmpdir(), 'gateward-conformance-'));
  const options = { isDirectOnly: values['direct-only'], scenario: values.scenario, folder };
  const outcomes = await runAll(options);
  const tally: Tally = { passed: 0, expectedFailures: 0, problems: [] };
  for (const outcome of outcomes) reportPair(outcome, expected, tally);
  if (options.scenario === undefined) tally.problems.push(...findUnknownLines(outcomes, expected));
  console.log('');
  for (const problem of tally.problems) console.log(`FAILED ${problem}`);
  if (tally.expectedFailures > 0) console.log(`${tally.expectedFailures} expected failures`);
  if (tally.problems.length > 0 || values.keep) console.log(`The suite's output is in ${folder}`);
  else await rm(folder, { recursive: true });
  console.log(`${tally.passed} passed, ${tally.problems.length} failed`);
  process.exitCode = tally.problems.length > 0 ? 1 : 0;
}

await main();
