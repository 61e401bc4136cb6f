// Three replicas on PostgreSQL behind a round robin without affinity. The part `calls` has real clients of both eras, a
// legacy and a modern upstream; the part `tasks` has a client that makes tasks of many kinds. Each goes first without
// disturbance, where only right answers will do; then replicas are killed, PostgreSQL is restarted, connections are cut
// and slowed. `--short` makes fewer calls and tasks; `--calls N` as many interactive calls as wanted, `--tasks N` as many
// tasks; `--only PART` keeps to one part; `--verbose` shows each fault. Ends with the line `N passed, N failed`.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countChecks } from '../support/count-checks.ts';
import { runCalls } from './calls.ts';
import { runTasks } from './tasks/run-tasks.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    calls: { type: 'string' },
    tasks: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

// The build, as users run it; the sources take longer to start.
process.env['GATEWARD_COMMAND'] ??= JSON.stringify([
  process.execPath,
  join(import.meta.dirname, '..', '..', 'bin', 'gateward.js'),
]);

const PARTS = {
  calls: {
    run: runCalls,
    calm: options.short ? 60 : 200,
    chaos: options.calls ?? (options.short ? 150 : 600),
  },
  tasks: {
    run: runTasks,
    calm: options.short ? 40 : 200,
    chaos: options.tasks ?? (options.short ? 400 : 2000),
  },
};
const { only } = options;
if (only !== undefined && !(only in PARTS)) throw new TypeError(`no part ${only}: calls, tasks`);

const startedAt = Date.now();
const { check, conclude } = countChecks();
for (const [name, { run, calm, chaos }] of Object.entries(PARTS)) {
  if (only !== undefined && name !== only) continue;
  console.log(`\n${name}`);
  await run({ calm, chaos: Number(chaos), isVerbose: options.verbose, check });
}
console.log(`took ${Math.round((Date.now() - startedAt) / 1000)} s`);
process.exit(conclude());
