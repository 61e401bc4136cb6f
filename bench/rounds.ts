import type { Bench, Table } from './bench.ts';
import { formatSpread } from './bench.ts';
import { exchange } from './exchange.ts';
import { measure, type Sample } from './measure.ts';
import { firstId, type Target, type Template } from './requests.ts';
import { median, type Spread, spread } from './stats.ts';
import type { Running } from './targets.ts';

/** A target with the requests that it gets. */
export interface Entry {
  readonly name: string;
  readonly running: Running;
  readonly templates: readonly Template[];
}

/** A target with its samples, one for each round. */
export interface Row {
  readonly name: string;
  readonly samples: Sample[];
}

/** A request that every target must answer alike before it is measured. */
export interface Case {
  readonly path: string;
  /** Makes the requests for one target; the result may differ by target, as sessions do. */
  prepare(target: Target): Promise<readonly Template[]> | readonly Template[];
  /** Text that a right answer holds. */
  readonly expected: string;
  /** Requests a second, the same for all; absent: as many as each takes. */
  readonly rate?: number;
  readonly connections?: number;
}

/** Calls once and compares, for a fast wrong answer must not count. A target that has just started may still connect: it gets 15 s. */
async function check(port: number, template: Template, expected: string): Promise<void> {
  const untilMs = performance.now() + 15_000;
  for (;;) {
    const answer = await exchange(port, `${template.before}${firstId}${template.after}`);
    if (answer.status === 200 && answer.body.includes(expected)) return;
    if (performance.now() > untilMs)
      throw new TypeError(`wrong answer: ${answer.status} ${answer.body.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Prepares, checks and warms up each target. */
export async function enter(bench: Bench, targets: readonly Running[], each: Case): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const running of targets) {
    const templates = await each.prepare({ port: running.port, path: each.path });
    const [first] = templates;
    const { name } = running;
    try {
      if (first === undefined) throw new TypeError('no request');
      await check(running.port, first, each.expected);
      const { warmupSeconds: seconds, connections } = bench.settings;
      await measure({ port: running.port, templates, connections, seconds }, running.pid, bench.folder);
    } catch (error) {
      throw new TypeError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    entries.push({ name, running, templates });
  }
  return entries;
}

/** Measures all targets once in each round, each round starting with another one, and adds the samples to `rows`. */
export async function runRounds(
  bench: Bench,
  entries: readonly Entry[],
  options: { each: Case; rows: readonly Row[] },
): Promise<void> {
  const { settings, folder, print } = bench;
  const { each, rows } = options;
  for (let round = 0; round < settings.rounds; round += 1) {
    const line: string[] = [];
    for (let turn = 0; turn < entries.length; turn += 1) {
      const at = (turn + round) % entries.length;
      const entry = entries[at];
      if (entry === undefined) continue;
      const load = { port: entry.running.port, templates: entry.templates, seconds: settings.seconds };
      const rate = each.rate === undefined ? {} : { rate: each.rate };
      const plan = { ...load, ...rate, connections: each.connections ?? settings.connections };
      const sample = await measure(plan, entry.running.pid, folder);
      rows[at]?.samples.push(sample);
      line.push(
        `${entry.name} ${sample.rate.toFixed(0)}/s ${sample.cpuUs.toFixed(1)}us of ${sample.coreShare.toFixed(2)} core, p99 ${sample.p99Ms.toFixed(2)}ms`,
      );
    }
    print(`  round ${round + 1}: ${line.join(', ')}`);
  }
}

/** Measures `targets` against each other in interleaved rounds. */
export async function compare(bench: Bench, targets: readonly Running[], each: Case): Promise<Row[]> {
  const entries = await enter(bench, targets, each);
  const rows = entries.map(({ name }) => ({ name, samples: [] }));
  await runRounds(bench, entries, { each, rows });
  return rows;
}

/** Finds the row of a target. */
export function findRow(rows: readonly Row[], name: string): Row {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new TypeError(`no row ${name}`);
  return row;
}

/** Ratio of a figure to the pass-through's, round by round. */
export function compareRounds(row: Row, bare: Row, read: (sample: Sample) => number): Spread {
  const ratios = row.samples.map((sample, round) => {
    const other = bare.samples[round];
    return other === undefined ? Number.NaN : read(sample) / read(other);
  });
  return spread(ratios.filter(Number.isFinite));
}

/** The two tables of a comparison: ratios to the pass-through, and absolute figures. */
export function tabulate(rows: readonly Row[], title: string): Table[] {
  const bare = rows.find(({ name }) => name === 'bare');
  if (bare === undefined) return [];
  const ratios = rows.map((row) => [
    row.name,
    formatSpread(compareRounds(row, bare, ({ rate }) => rate)),
    formatSpread(compareRounds(row, bare, ({ cpuUs }) => cpuUs)),
  ]);
  const figures = rows.map(({ name, samples }) => {
    const of = (read: (sample: Sample) => number): number => median(samples.map(read));
    return [
      name,
      of(({ rate }) => rate).toFixed(0),
      of(({ cpuUs }) => cpuUs).toFixed(1),
      of(({ coreShare }) => coreShare).toFixed(2),
      of(({ p50Ms }) => p50Ms).toFixed(2),
      of(({ p99Ms }) => p99Ms).toFixed(2),
    ];
  });
  return [
    { title, head: ['target', 'rate / bare', 'CPU per call / bare'], rows: ratios },
    {
      title: 'Detail of this machine',
      head: ['target', 'calls/s', 'CPU µs per call', 'share of its core', 'p50 ms', 'p99 ms'],
      rows: figures,
    },
  ];
}
