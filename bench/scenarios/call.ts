import { type Finding, formatSpread, type Scenario, type Verdict, withPair } from '../bench.ts';
import type { Sample } from '../measure.ts';
import { modernCall, type Target } from '../requests.ts';
import { type Case, compareRounds, enter, findRow, type Row, runRounds, tabulate } from '../rounds.ts';
import type { Spread } from '../stats.ts';

/** The same call wherever the road of a modern call is measured. */
export const callCase: Case = {
  path: '/servers/up/mcp',
  prepare: (target: Target) => [modernCall(target)],
  expected: 'quick brown fox',
};

const rateBar = 0.8;
const cpuBar = 2;
/** A short run scatters more, and must not stop a build that a long run would pass. */
const quickShare = 0.9;

/** Least share of its core that a proxy must have had for its rate to say something. */
const leastShare = 0.85;
/** Rounds that are needed to judge by the rate. */
const leastRounds = 3;

interface RateRatio {
  readonly ratio: Spread;
  readonly note: string;
}

/**
 * The rate as a share of the pass-through's, from the rounds in which both had their core. Where other work took too
 * much of it, the rate of a full core is reckoned from the CPU per call, which suffers less.
 */
function rateRatio(gateway: Row, bare: Row): RateRatio {
  const isFair = (round: number): boolean =>
    [gateway, bare].every(({ samples }) => (samples[round]?.coreShare ?? 0) >= leastShare);
  const keep = ({ name, samples }: Row): Row => ({
    name,
    samples: samples.filter((_, round) => isFair(round)),
  });
  const fair = keep(gateway);
  if (fair.samples.length >= leastRounds) {
    return { ratio: compareRounds(fair, keep(bare), ({ rate }) => rate), note: '' };
  }
  const perCore = ({ cpuUs }: Sample): number => 1 / cpuUs;
  return {
    ratio: compareRounds(gateway, bare, perCore),
    note: '; by CPU per call, for the core was shared with other work',
  };
}

function judge(rows: readonly Row[], isQuick: boolean): Verdict[] {
  const bare = findRow(rows, 'bare');
  const gateway = findRow(rows, 'gateway');
  const rate = rateRatio(gateway, bare);
  const cpu = compareRounds(gateway, bare, ({ cpuUs }) => cpuUs);
  const share = isQuick ? quickShare : 1;
  return [
    {
      what: 'modern tools/call: rate / bare',
      bar: `at least ${rateBar}${isQuick ? ` (${(rateBar * share).toFixed(2)} in a short run)` : ''}`,
      measured: `${formatSpread(rate.ratio)}${rate.note}`,
      holds: rate.ratio.median >= rateBar * share,
      isEnforced: true,
    },
    {
      what: 'modern tools/call: CPU per call / bare',
      bar: `at most ${cpuBar}`,
      measured: formatSpread(cpu),
      holds: cpu.median <= cpuBar,
      isEnforced: true,
    },
  ];
}

/** Modern client to modern upstream, one small tool call at a time on each connection. */
export const call: Scenario = {
  name: 'call',
  run: (bench) =>
    withPair(bench, { names: ['up'] }, async (bare, gateway): Promise<Finding> => {
      const entries = await enter(bench, [...bench.references, bare, gateway], callCase);
      const rows: Row[] = entries.map(({ name }) => ({ name, samples: [] }));
      await runRounds(bench, entries, { each: callCase, rows });
      let verdicts = judge(rows, bench.settings.isQuick);
      if (verdicts.some(({ holds }) => !holds)) {
        bench.print('  a bar was missed: as many rounds again, judged over all of them');
        await runRounds(bench, entries, { each: callCase, rows });
        verdicts = judge(rows, bench.settings.isQuick);
      }
      return {
        title: 'Modern `tools/call` on `/servers/NAME/mcp`',
        text: 'A request body of about 320 bytes, an answer of about 400 bytes, JSON both ways.',
        tables: tabulate(rows, 'Ratios to the pass-through'),
        verdicts,
      };
    }),
};
