/** The checks of a long suite, which runs without a test runner. */
export interface CountedChecks {
  /** Says how one check went: it holds unless there is a problem. */
  readonly check: (name: string, problem: string | undefined) => void;
  /** Says `N passed, N failed`. Gives the exit code of the suite. */
  readonly conclude: () => number;
}

/** Counts the checks of a long suite, and tells of each. */
export function countChecks(): CountedChecks {
  let passed = 0;
  let failed = 0;
  return {
    check(name, problem) {
      if (problem === undefined) passed++;
      else failed++;
      console.log(problem === undefined ? `ok      ${name}` : `FAILED  ${name}: ${problem}`);
    },
    conclude() {
      console.log(`${passed} passed, ${failed} failed`);
      return failed > 0 ? 1 : 0;
    },
  };
}
