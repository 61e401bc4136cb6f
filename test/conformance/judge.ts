import type { Check, Scenario } from './checks.ts';
import type { Line } from './expectations.ts';

/** What is known about one scenario when it is judged. */
export interface Evidence {
  readonly scenario: Scenario;
  /** The checks of the run that is judged; absent when the scenario left no result. */
  readonly checks: readonly Check[] | undefined;
  /** The checks of the direct run on a server of the suite's own revision. */
  readonly reference: readonly Check[];
  /** Every line of the expectations for this run. */
  readonly lines: readonly Line[];
}

/** The judgement on one scenario, in checks. */
export interface Verdict {
  readonly passed: number;
  /** Checks that the pair cannot carry. */
  readonly notCarried: number;
  /** Checks of what is not built yet. */
  readonly notBuilt: number;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
}

type Judged = 'passed' | 'notCarried' | 'notBuilt' | 'uncounted';

/**
 * Judges the checks of one scenario: each must have the status that it has in the direct run, and pass, unless a line
 * of the expectations says why not. Scenarios of an extension may do better than the direct run. Lines that nothing
 * needs are problems too.
 */
export function judgeScenario({ scenario, checks, reference, lines }: Evidence): Verdict {
  if (checks === undefined || checks.length === 0) {
    return { passed: 0, notCarried: 0, notBuilt: 0, problems: ['the scenario left no checks'] };
  }
  const found = indexChecks(checks);
  const direct = indexChecks(reference);
  const own = lines.filter((line) => line.scenario === scenario.name);
  const needed = new Set<string>();
  const counts: Record<Judged, number> = { passed: 0, notCarried: 0, notBuilt: 0, uncounted: 0 };
  const problems: string[] = [];
  for (const key of new Set([...direct.keys(), ...found.keys()])) {
    const check = found.get(key);
    const known = direct.get(key);
    const id = (check ?? known)?.id ?? '';
    const line = own.find((one) => one.checks === undefined || one.checks.includes(id));
    const judged = judgeCheck({ check, known, line, isExtension: scenario.isExtension });
    if (typeof judged !== 'string') problems.push(`${key}: ${judged.problem}`);
    else {
      counts[judged] += 1;
      const isNeeded =
        judged === 'notCarried' || judged === 'notBuilt' || line?.kind === 'left-to-the-server';
      if (line !== undefined && isNeeded) needed.add(nameOf(line, id));
    }
  }
  problems.push(...findIdleLines(own, needed));
  return { passed: counts.passed, notCarried: counts.notCarried, notBuilt: counts.notBuilt, problems };
}

interface Comparison {
  readonly check: Check | undefined;
  readonly known: Check | undefined;
  readonly line: Line | undefined;
  readonly isExtension: boolean;
}

function judgeCheck({ check, known, line, isExtension }: Comparison): Judged | { readonly problem: string } {
  const status = check?.status;
  if (line?.kind === 'left-to-the-server' && (status === undefined || status === 'SUCCESS'))
    return 'uncounted';
  if (line?.kind === 'not-carried' && known?.status === 'SUCCESS' && status !== 'SUCCESS')
    return 'notCarried';
  const mayDiffer = isExtension && known?.status !== 'SUCCESS';
  if (status !== known?.status && !mayDiffer) {
    const detail = check?.errorMessage === undefined ? '' : `: ${check.errorMessage}`;
    return {
      problem: `${status ?? 'missing'} through the gateway, ${known?.status ?? 'missing'} direct${detail}`,
    };
  }
  if (status === 'FAILURE') {
    return line?.kind === 'not-built' ? 'notBuilt' : { problem: check?.errorMessage ?? 'fails' };
  }
  if (status !== 'SUCCESS') return 'uncounted';
  if (known !== undefined && endsInToolError(check) !== endsInToolError(known))
    return { problem: 'passes, but the call ends in a tool error on one side only' };
  return 'passed';
}

function endsInToolError(check: Check | undefined): boolean {
  return check?.endsInToolError ?? false;
}

/**
 * Numbers the checks that share an id and a name, so that each has a key. Notes (INFO) tell what happened on the wire
 * and prove nothing, so they are left out.
 */
function indexChecks(checks: readonly Check[]): Map<string, Check> {
  const index = new Map<string, Check>();
  for (const check of checks) {
    if (check.status === 'INFO') continue;
    const base =
      check.id.toLowerCase() === check.name.toLowerCase() ? check.id : `${check.id} (${check.name})`;
    let key = base;
    for (let count = 2; index.has(key); count += 1) key = `${base} #${count}`;
    index.set(key, check);
  }
  return index;
}

function nameOf({ scenario, checks }: Line, id: string): string {
  return checks === undefined ? scenario : `${scenario}:${id}`;
}

function findIdleLines(lines: readonly Line[], needed: ReadonlySet<string>): string[] {
  const named = lines.flatMap((line) => (line.checks ?? ['']).map((id) => nameOf(line, id)));
  return named
    .filter((name) => !needed.has(name))
    .map((name) => `nothing needs the line "${name}" of expectations.yaml, so remove it`);
}
