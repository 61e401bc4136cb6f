// Everything that can be said of the project without running it: types, lint, format, architecture, and documents in
// step with the code. All checks run, so that one round shows everything there is to mend.
import { spawnSync } from 'node:child_process';

const CHECKS: readonly (readonly [what: string, command: string])[] = [
  ['types', 'tsc -p tsconfig.json'],
  ['lint and format', 'biome ci --error-on-warnings .'],
  // vitest takes these as parts of the paths of test files.
  ['architecture, repository, documents', 'vitest run test/architecture test/repository docs src/errors'],
];

const failed: string[] = [];
for (const [what, command] of CHECKS) {
  console.log(`\n== ${what}: ${command}`);
  const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
  if (status !== 0) failed.push(what);
}
console.log(
  failed.length === 0 ? `\nall ${CHECKS.length} checks passed` : `\nfailed: ${failed.join('; ')}; see above`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
