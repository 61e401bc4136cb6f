import type { LaunchJudgement } from '../guard/launch/judge-launch.ts';
import { showLaunch } from '../guard/launch/show-launch.ts';
import { bare, type ShownText, show } from './shown-text.ts';

/** The verdict on a launch for scripts; null where there is none to judge. */
export function describeJudged(
  judged: LaunchJudgement | undefined,
): Readonly<Record<string, unknown>> | null {
  if (judged === undefined) return null;
  const { verdict, rule, reason, isDangerous } = judged;
  return { verdict, rule, reason, dangerous: isDangerous };
}

/**
 * A launch with the verdict on it, as people see it before they agree (SEP-1024): one argument a line, hidden characters
 * named, nothing cut. `launch` is what is shown: secrets stand in it by reference.
 */
export function showJudgedLaunch(launch: unknown, judged: LaunchJudgement): readonly ShownText[] {
  const { verdict, rule, reason, isDangerous } = judged;
  const mark = isDangerous ? 'DANGEROUS  ' : '';
  return [
    ...showLaunch(launch).map((line) => show`  ${bare(line)}`),
    show`  ${bare(mark)}${bare(verdict)} (${bare(rule)}): ${bare(reason)}`,
  ];
}
