import { checkEnv } from './check-env.ts';
import { checkText } from './check-text.ts';
import { judgeCommand } from './judge-command.ts';
import { type Launch, type LaunchPolicy, NO_POLICY } from './launch.ts';
import { parseLaunch } from './parse-launch.ts';
import { type Finding, LAUNCH_RULES, type LaunchRuleId, severityOf, type Verdict } from './rules.ts';
import { isBelow, isPlainAbsolute } from './system-folders.ts';

/** What becomes of a launch, and why. */
export interface LaunchJudgement {
  readonly verdict: Verdict;
  /** The worst rule that it falls under. */
  readonly rule: LaunchRuleId;
  /** For people: where, what is so, and what to do. */
  readonly reason: string;
  /** Whether an approval would hand over the machine or cover what cannot be judged: ask for more than one click. */
  readonly isDangerous: boolean;
  /** All that was found, worst first. */
  readonly findings: readonly Finding[];
}

/** Judges a value of JSON as a launch. Never throws: what is no launch is refused. */
export function judgeLaunch(value: unknown, policy: LaunchPolicy = NO_POLICY): LaunchJudgement {
  const parsed = parseLaunch(value);
  return conclude('launch' in parsed ? findAll(parsed.launch, policy) : [parsed.finding]);
}

function findAll(launch: Launch, policy: LaunchPolicy): Finding[] {
  const { findings, readsFolder } = judgeCommand(launch, policy);
  return [
    ...checkText(launch),
    ...findings,
    ...checkEnv(launch.env),
    ...checkFolder(launch.cwd, readsFolder, policy),
  ];
}

function checkFolder(cwd: string | undefined, readsFolder: boolean, { folders }: LaunchPolicy): Finding[] {
  if (cwd === undefined) return [];
  if (!isPlainAbsolute(cwd)) return [{ rule: 'cwd.relative', at: 'cwd' }];
  const isVouched = folders.includes(cwd) || isBelow(cwd, folders);
  return readsFolder && !isVouched ? [{ rule: 'cwd.place', at: 'cwd' }] : [];
}

function conclude(found: readonly Finding[]): LaunchJudgement {
  const findings = found.toSorted((a, b) => severityOf(b.rule) - severityOf(a.rule) || danger(b) - danger(a));
  const worst = findings[0] ?? { rule: 'program.unknown' };
  const { verdict, reason } = LAUNCH_RULES[worst.rule];
  return {
    verdict,
    rule: worst.rule,
    reason: worst.at === undefined || verdict === 'accept' ? reason : `${worst.at}: ${reason}`,
    isDangerous: findings.some((finding) => danger(finding) > 0),
    findings,
  };
}

function danger({ rule }: Finding): number {
  return LAUNCH_RULES[rule].dangerous === true ? 1 : 0;
}
