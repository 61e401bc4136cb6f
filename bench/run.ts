/**
 * The benchmark of the gateway. `npm run bench -- --help` tells the options; docs/benchmarks.md says what is measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Finding, Scenario, Settings } from './bench.ts';
import { killAll } from './children.ts';
import { describeMachine } from './machine.ts';
import { formatReport, printTable, printVerdict } from './report.ts';
import { call } from './scenarios/call.ts';
import { guard } from './scenarios/guard.ts';
import { interactive } from './scenarios/interactive.ts';
import { latency } from './scenarios/latency.ts';
import { legacy } from './scenarios/legacy.ts';
import { memory } from './scenarios/memory.ts';
import { merged } from './scenarios/merged.ts';
import { store } from './scenarios/store.ts';
import { stream } from './scenarios/stream.ts';
import { tasks } from './scenarios/tasks.ts';
import { hasNginx, startBare, startGateway, startNginx, startUpstream } from './targets.ts';

const scenarios: readonly Scenario[] = [
  call,
  guard,
  merged,
  legacy,
  stream,
  interactive,
  tasks,
  store,
  latency,
  memory,
];

const help = `Usage: npm run bench -- [options]

  --quick            short rounds and fewer streams; writes no report
  --tell-only        prints missed bars, but fails only for what cannot be measured: for machines with other work
  --only NAMES       only these scenarios, by comma: ${scenarios.map(({ name }) => name).join(', ')}; writes no report
  --target bare      a second pass-through in the gateway's place, to check the harness; writes no report
  --rounds N         rounds of each comparison
  --seconds N        length of each measurement
  --streams N        idle streams in the memory scenario
  --out FILE         write the report to FILE, whatever was run`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'tell-only': { type: 'boolean', default: false },
    only: { type: 'string' },
    target: { type: 'string', default: 'gateway' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    streams: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function readCount(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new TypeError(`not a whole number above 0: ${text}`);
  return count;
}

function readSettings(): Settings {
  const isQuick = options.quick;
  return {
    isQuick,
    rounds: readCount(options.rounds, isQuick ? 5 : 9),
    seconds: readCount(options.seconds, isQuick ? 1 : 2),
    warmupSeconds: isQuick ? 1 : 3,
    connections: 50,
    streams: readCount(options.streams, isQuick ? 6000 : 10_000),
    settleSeconds: isQuick ? 2 : 15,
    target: options.target === 'bare' ? 'bare' : 'gateway',
  };
}

function chooseScenarios(): Scenario[] {
  const names = options.only?.split(',');
  const unknown = names?.find((name) => !scenarios.some((each) => each.name === name));
  if (unknown !== undefined) throw new TypeError(`no scenario ${unknown}\n\n${help}`);
  return scenarios.filter(({ name }) => names === undefined || names.includes(name));
}

async function openBench(settings: Settings, folder: string): Promise<Bench> {
  const upstream = await startUpstream(folder);
  const nginx = hasNginx ? [await startNginx(folder, upstream)] : [];
  return {
    settings,
    folder,
    upstream,
    references: [upstream, ...nginx],
    startBare: () => startBare(folder, upstream),
    startGateway: async (gateway) =>
      settings.target === 'gateway'
        ? startGateway(folder, upstream, gateway)
        : { ...(await startBare(folder, upstream)), name: 'gateway' },
    print: (line) => console.log(line),
  };
}

/** The bar of a scenario that could not be run. */
const MEASURABLE = 'can be measured';

/** Runs one scenario; what stops it becomes a missed bar, so that the others still run. */
async function runScenario(scenario: Scenario, bench: Bench): Promise<Finding> {
  console.log(`\n${scenario.name}`);
  try {
    return await scenario.run(bench);
  } catch (error) {
    const measured = error instanceof Error ? error.message : String(error);
    const verdict = { what: scenario.name, bar: MEASURABLE, measured, holds: false, isEnforced: true };
    return { title: scenario.name, text: `Not measured: ${measured}`, tables: [], verdicts: [verdict] };
  }
}

function printFinding({ tables, verdicts }: Finding): void {
  for (const table of tables) console.log(printTable(table));
  for (const verdict of verdicts) console.log(printVerdict(verdict));
}

function writeReport(findings: readonly Finding[], settings: Settings, chosen: readonly Scenario[]): void {
  const isWhole = !settings.isQuick && settings.target === 'gateway' && chosen.length === scenarios.length;
  const file =
    options.out ?? (isWhole ? join(import.meta.dirname, '..', 'docs', 'benchmarks.md') : undefined);
  if (file === undefined) return;
  writeFileSync(file, formatReport(findings, settings));
  console.log(`\nwritten to ${file}`);
}

async function main(): Promise<number> {
  if (options.help) {
    console.log(help);
    return 0;
  }
  const settings = readSettings();
  const chosen = chooseScenarios();
  const folder = mkdtempSync(join(tmpdir(), 'gateward-bench-'));
  process.once('exit', () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  for (const [name, value] of describeMachine()) console.log(`${name}: ${value}`);
  if (settings.target === 'bare')
    console.log("a second pass-through stands in the gateway's place: the rows 'gateway' are its own");
  const bench = await openBench(settings, folder);
  const findings: Finding[] = [];
  for (const scenario of chosen) {
    const finding = await runScenario(scenario, bench);
    printFinding(finding);
    findings.push(finding);
  }
  writeReport(findings, settings, chosen);
  const missed = findings
    .flatMap(({ verdicts }) => verdicts)
    .filter(({ holds, isEnforced }) => isEnforced && !holds);
  console.log(
    missed.length === 0 ? '\nAll bars hold.' : `\nMissed: ${missed.map(({ what }) => what).join('; ')}`,
  );
  const failing = options['tell-only'] ? missed.filter(({ bar }) => bar === MEASURABLE) : missed;
  return failing.length === 0 ? 0 : 1;
}

process.exit(await main());
