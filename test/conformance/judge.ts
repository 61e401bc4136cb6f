import type { Check, Scenario } from './checks.ts';
import type { ExpectedFailure } from './expected-failures.ts';

/** What is known about one scenario when it is judged. */
export interface Evidence {
  readonly scenario: Scenario;
  /** The checks of the run that is judged; absent when the scenario left no result. */
  readonly checks: readonly Check[] | undefined;
  /** The checks of the direct run to compare with; absent when the direct run itself is judged. */
  readonly reference?: readonly Check[] | undefined;
  /** Every line of the expected-failures file. */
  readonly expected: readonly ExpectedFailure[];
}

/** The judgement on one scenario. */
export interface Verdict {
  readonly passed: number;
  /** Checks that fail, as the expected-failures file says. */
  readonly expectedFailures: number;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Judges the checks of one scenario: each must pass, or be in the expected-failures file, and have the status that it
 * has in the direct run. Scenarios of an extension may do better than the direct run. Lines of the file that nothing
 * fails for are problems too.
 */
export function judgeScenario(evidence: Evidence): Verdict {
  const { scenario, reference } = evidence;
  const lines = evidence.expected.filter((line) => line.scenario === scenario.name);
  if (evidence.checks === undefined || evidence.checks.length === 0) {
    return { passed: 0, expectedFailures: 0, problems: ['the scenario left no checks'] };
  }
  const found = indexChecks(evidence.checks);
  const direct = reference === undefined ? undefined : indexChecks(reference);
  let passed = 0;
  let expectedFailures = 0;
  const problems: string[] = [];
  for (const key of new Set([...(direct?.keys() ?? []), ...found.keys()])) {
    const check = found.get(key);
    const known = direct?.get(key);
    const isExpected = lines.some(({ checkId }) => checkId === undefined || checkId === (check ?? known)?.id);
    const difference = compareChecks(check, known, { hasDirect: direct !== undefined, scenario });
    if (difference !== undefined) problems.push(`${key}: ${difference}`);
    else if (check?.status === 'SUCCESS') passed += 1;
    else if (check?.status === 'FAILURE' && isExpected) expectedFailures += 1;
    else if (check?.status === 'FAILURE') problems.push(`${key}: ${check.errorMessage ?? 'fails'}`);
  }
  problems.push(...findPassingLines(lines, evidence.checks));
  return { passed, expectedFailures, problems };
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

interface Setting {
  readonly hasDirect: boolean;
  readonly scenario: Scenario;
}

/** Says how a check differs from the direct run, or undefined when it does not, or does better where it may. */
function compareChecks(
  check: Check | undefined,
  known: Check | undefined,
  { hasDirect, scenario }: Setting,
): string | undefined {
  if (!hasDirect || check?.status === known?.status) return undefined;
  if (scenario.isExtension && known?.status !== 'SUCCESS') return undefined;
  const detail = check?.errorMessage === undefined ? '' : `: ${check.errorMessage}`;
  return `${check?.status ?? 'missing'} through the gateway, ${known?.status ?? 'missing'} direct${detail}`;
}

function findPassingLines(lines: readonly ExpectedFailure[], checks: readonly Check[]): string[] {
  const failing = checks.filter(({ status }) => status === 'FAILURE');
  const passing = lines.filter(
    ({ checkId }) => !failing.some(({ id }) => checkId === undefined || checkId === id),
  );
  return passing.map(({ scenario, checkId }) => {
    const line = checkId === undefined ? scenario : `${scenario}:${checkId}`;
    return `passes, so remove the line "${line}" from expected-failures.yaml`;
  });
}
