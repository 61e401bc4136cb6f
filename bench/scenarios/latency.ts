import { type Bench, type Finding, type Scenario, withPair } from '../bench.ts';
import { measure } from '../measure.ts';
import { enter, findRow, type Row, runRounds } from '../rounds.ts';
import { median, spread } from '../stats.ts';
import type { Running } from '../targets.ts';
import { callCase } from './call.ts';

const barMs = 2;

/** Half of what the gateway takes at most, median of three measurements. */
async function findHalfRate(bench: Bench, gateway: Running): Promise<number> {
  const templates = await callCase.prepare({ port: gateway.port, path: callCase.path });
  const { connections, seconds } = bench.settings;
  const rates: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const plan = { port: gateway.port, templates, connections, seconds };
    rates.push((await measure(plan, gateway.pid, bench.folder)).rate);
  }
  return Math.max(1, Math.round(median(rates) / 2));
}

function format(row: Row): string[] {
  const p50 = spread(row.samples.map(({ p50Ms }) => p50Ms));
  const p99 = spread(row.samples.map(({ p99Ms }) => p99Ms));
  return [row.name, p50.median.toFixed(2), p99.median.toFixed(2), p99.min.toFixed(2), p99.max.toFixed(2)];
}

/** Latency of modern calls at half of the maximum rate. */
export const latency: Scenario = {
  name: 'latency',
  run: (bench) =>
    withPair(bench, { names: ['up'] }, async (bare, gateway): Promise<Finding> => {
      await enter(bench, [bare, gateway], callCase);
      const rate = await findHalfRate(bench, gateway);
      const each = { ...callCase, rate, connections: 128 };
      const entries = await enter(bench, [bare, gateway], callCase);
      const rows: Row[] = entries.map(({ name }) => ({ name, samples: [] }));
      await runRounds(bench, entries, { each, rows });
      const [first, second] = [findRow(rows, 'bare').samples, findRow(rows, 'gateway').samples];
      const more = second.map(({ p99Ms }, round) => p99Ms - (first[round]?.p99Ms ?? 0));
      const { median: aboveMs, min, max } = spread(more);
      return {
        title: 'Latency of modern `tools/call` at half of the maximum rate',
        text: 'Both get the same rate: half of what the gateway takes at most. Requests are due every millisecond whether or not earlier ones are answered; waiting for a free connection counts.',
        tables: [
          {
            title: 'Milliseconds over the rounds',
            head: ['target', 'p50 (median)', 'p99 (median)', 'p99 (best round)', 'p99 (worst round)'],
            rows: rows.map(format),
          },
        ],
        verdicts: [
          {
            what: 'p99 above bare, at half of the maximum rate',
            bar: `at most ${barMs} ms`,
            measured: `${aboveMs.toFixed(2)} ms (${min.toFixed(2)} to ${max.toFixed(2)})`,
            holds: aboveMs <= barMs,
            // A short run on a busy machine has too few calls above p99 to judge by.
            isEnforced: !bench.settings.isQuick,
          },
        ],
      };
    }),
};
