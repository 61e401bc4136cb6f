import { type Bench, type Finding, formatSpread, type Scenario, type Verdict } from '../bench.ts';
import { type Entry, enter, findRow, type Row, runRounds, tabulate } from '../rounds.ts';
import { spread } from '../stats.ts';
import type { Running } from '../targets.ts';
import { callCase } from './call.ts';

const BAR = 0.2;
const ON = 'checks on';
const OFF = 'checks off';
const CONFIG = {
  [ON]: 'pins: { mode: enforce, firstSight: approve }\n',
  [OFF]: 'pins: { mode: off }\nguard: { definitions: off, injection: off, hidden: keep, secrets: keep }\n',
};

function judge(rows: readonly Row[]): Verdict {
  const [on, off, bare] = [ON, OFF, 'bare'].map((name) => findRow(rows, name).samples);
  const shares = (on ?? []).map((sample, round) => {
    const [without, base] = [off?.[round], bare?.[round]];
    if (without === undefined || base === undefined) return Number.NaN;
    return (sample.cpuUs - without.cpuUs) / base.cpuUs;
  });
  const share = spread(shares.filter(Number.isFinite));
  return {
    what: 'modern tools/call of a pinned tool: CPU of all checks / bare',
    bar: `at most ${BAR}`,
    measured: formatSpread(share),
    holds: share.median <= BAR,
    isEnforced: true,
  };
}

async function enterAll(bench: Bench, named: ReadonlyMap<string, Running>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [name, running] of named) {
    for (const entry of await enter(bench, [running], callCase)) entries.push({ ...entry, name });
  }
  return entries;
}

/** What the checks of definitions and results cost on a call of a tool that is approved and did not change. */
export const guard: Scenario = {
  name: 'guard',
  async run(bench): Promise<Finding> {
    const named = new Map<string, Running>();
    try {
      named.set('bare', await bench.startBare());
      for (const name of [ON, OFF] as const) {
        named.set(name, await bench.startGateway({ names: ['up'], config: CONFIG[name] }));
      }
      const entries = await enterAll(bench, named);
      const rows: Row[] = entries.map(({ name }) => ({ name, samples: [] }));
      await runRounds(bench, entries, { each: callCase, rows });
      let verdict = judge(rows);
      if (!verdict.holds) {
        bench.print('  a bar was missed: as many rounds again, judged over all of them');
        await runRounds(bench, entries, { each: callCase, rows });
        verdict = judge(rows);
      }
      return {
        title: 'The checks of definitions and results',
        text: 'The modern `tools/call` of before, with an answer of about 400 bytes, of a tool that is approved and did not change: once with pins enforced and results looked at, once without, both in the same rounds as the pass-through.',
        tables: tabulate(rows, 'Ratios to the pass-through'),
        verdicts: [verdict],
      };
    } finally {
      for (const running of named.values()) await running.stop();
    }
  },
};
