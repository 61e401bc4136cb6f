// Connects, calls and closes a thousand times, in several ways that take turns, and looks at what the gateway's process
// still holds then: children, sockets, timers, tasks, memory. `--short` does 150 rounds; `--rounds N` as many as wanted;
// `--only KIND` keeps to one way. Ends with the line `N passed, N failed`.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { countChecks } from '../support/count-checks.ts';
import { isRunning } from '../support/gateway.ts';
import { VOUCHED } from '../support/vouched.ts';
import { type MeasuredGateway, startMeasuredGateway } from './measured-gateway.ts';
import { leaveSession, PROCESS_ROUNDS, QUICK_ROUNDS, type Round, type Scene } from './rounds.ts';
import { fitLine, type Point } from './slope.ts';

const FULL_ROUNDS = 1000;
const SHORT_ROUNDS = 150;
/** Rounds at a time: more would only wait for the two cores that a runner has. */
const WORKERS = 4;
/** Rounds of each way before anything is measured: code is compiled, caches and pools fill. */
const WARM_UP = { quick: 300, process: 12 };
const SAMPLES = 15;
/**
 * How long a closed connection or an ended process may take to disappear; idle ones to upstreams included, and the thread
 * that moves the log of the embedded store, which stays for ten seconds.
 */
const SETTLED_WITHIN_MS = 30_000;
/** How long a session of a client lasts here, however it is left. */
const SESSION_TTL_MS = 20_000;
const LEFT_SESSIONS = 20;
/** The gateway looks for sessions whose time is over this often. */
const SWEEP_MS = 30_000;
/**
 * Bytes that may remain of a round, on average. An object with a few members takes more than the first. Over few rounds
 * the last of the warming up weighs more, and a session that stays takes more than the second.
 */
const MAX_BYTES_PER_ROUND = { full: 512, short: 4096 };

/** What no round may leave behind, not even for a while. */
const LASTING = ['children', 'upstream sessions'];

type Rounds = readonly (readonly [string, Round])[];

/** What is left of the rounds: counts by name, and the bytes in memory. */
interface Rest {
  readonly counts: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
});
const total = Number(options.rounds ?? (options.short ? SHORT_ROUNDS : FULL_ROUNDS));
const maxBytesPerRound = total < FULL_ROUNDS ? MAX_BYTES_PER_ROUND.short : MAX_BYTES_PER_ROUND.full;
const choose = (rounds: Readonly<Record<string, Round>>): Rounds =>
  Object.entries(rounds).filter(([name]) => options.only === undefined || name === options.only);
const quick = choose(QUICK_ROUNDS);
const slow = choose(PROCESS_ROUNDS);

const { check, conclude } = countChecks();

/** Runs as many rounds as wanted, in turns and a few at a time. */
async function runRounds(rounds: Rounds, count: number, scene: Scene): Promise<string[]> {
  const failures: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const [name, round] = rounds[index % rounds.length] ?? [];
      try {
        await round?.(scene);
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return failures;
}

interface Settling {
  /** What must be no more than in the base; without it everything. */
  readonly names?: readonly string[];
  readonly withinMs?: number;
}

/** Looks until nothing is more than in `base`, or for as long as anything may take to disappear. */
async function settle(look: () => Promise<Rest>, base: Rest, settling: Settling = {}): Promise<Rest> {
  const { names, withinMs = SETTLED_WITHIN_MS } = settling;
  const until = Date.now() + withinMs;
  for (;;) {
    const rest = await look();
    const { counts } = rest;
    const isMore = (name: string): boolean => (counts[name] ?? 0) > (base.counts[name] ?? 0);
    if (!(names ?? Object.keys(counts)).some(isMore) || Date.now() > until) return rest;
    await sleep(250);
  }
}

function describe({ counts, heapBytes }: Rest): string {
  const all = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return `heap ${(heapBytes / 1024 / 1024).toFixed(2)} MiB; ${all.join(', ')}`;
}

async function measureRounds(scene: Scene, look: () => Promise<Rest>): Promise<void> {
  const start = await look();
  console.log(`at the start: ${describe(start)}`);
  const failures = await runRounds(quick, WARM_UP.quick * quick.length, scene);
  failures.push(...(await runRounds(slow, WARM_UP.process * slow.length, scene)));
  const base = await settle(look, start);
  console.log(`after the warm-up: ${describe(base)}`);

  const points: Point[] = [];
  for (let done = 0; done < total; ) {
    const count = Math.ceil((total - done) / (SAMPLES - points.length));
    failures.push(...(await runRounds([...quick, ...slow], count, scene)));
    done += count;
    const rest = await settle(look, base, { names: LASTING });
    points.push({ x: done, y: rest.heapBytes });
    if (points.length % 5 === 0) console.log(`after ${done} rounds: ${describe(rest)}`);
  }
  const end = await settle(look, base);
  console.log(`in the end: ${describe(end)}`);

  for (const failure of failures.slice(0, 10)) console.log(`        ${failure}`);
  check(
    `all ${total} rounds got their answers`,
    failures.length > 0 ? `${failures.length} did not` : undefined,
  );
  for (const [name, after] of Object.entries(end.counts)) {
    // The catalog reads lists in an upstream session, or a process, of its own, opened by the first call and kept.
    const before = base.counts[name] ?? 0;
    check(`${name}: no more than before`, after > before ? `${before} before, ${after} after` : undefined);
  }
  const { slope, error } = fitLine(points);
  const text = `${slope.toFixed(0)} bytes a round (standard error ${error.toFixed(0)}, at most ${maxBytesPerRound})`;
  console.log(`memory: ${text}`);
  // What chance alone would show is no slope.
  const isSteep = slope > maxBytesPerRound && slope > 3 * error;
  check('memory has no slope after the warm-up', isSteep ? text : undefined);
  if (options.only === undefined) await checkLeftSessions(scene, look, base);
}

async function checkLeftSessions(scene: Scene, look: () => Promise<Rest>, base: Rest): Promise<void> {
  const failures = await runRounds([['leaveSession', leaveSession]], LEFT_SESSIONS, scene);
  const withinMs = SESSION_TTL_MS + SWEEP_MS + SETTLED_WITHIN_MS;
  const { counts } = await settle(look, base, { withinMs });
  const left = Object.entries(counts).filter(([name, count]) => count > (base.counts[name] ?? 0));
  for (const [name, count] of left)
    failures.push(`${name}: ${base.counts[name] ?? 0} before, ${count} after`);
  check(
    `${LEFT_SESSIONS} sessions that clients left behind are gone when their time is over`,
    failures.length > 0 ? failures.slice(0, 5).join('; ') : undefined,
  );
}

async function look(gateway: MeasuredGateway, upstreamSessions: number): Promise<Rest> {
  const { heapBytes, timers, resources } = await gateway.measure();
  const own = { timers, tasks: gateway.countTasks(), 'upstream sessions': upstreamSessions };
  const counts = { ...gateway.holdings(), ...own, ...resources };
  return { heapBytes, counts };
}

const startedAt = Date.now();
const [modern, legacy] = await Promise.all([startModernHttp(), startLegacyHttp()]);
const tiny = join(import.meta.dirname, '..', 'blackbox', 'servers', 'tiny-stdio.ts');
const gateway = await startMeasuredGateway({
  listen: { port: 0, legacySse: true },
  launch: VOUCHED,
  // What is kept for a time on purpose is gone before long.
  limits: { eventLogMs: 1000, sessionTtlMs: SESSION_TTL_MS },
  upstreams: {
    modern: { url: modern.url },
    tasked: { url: modern.url, tasks: { mode: 'always', retentionMs: 2_000 } },
    legacy: { url: legacy.url },
    tiny: { command: process.execPath, args: [tiny], process: 'session', era: 'legacy' },
  },
});
const pids = new Set<number>();
const scene: Scene = {
  url: gateway.url,
  command: gateway.command,
  sawProcess: (pid) => void pids.add(pid),
};
try {
  await measureRounds(scene, () => look(gateway, legacy.sessionCount()));
} finally {
  const left = [...pids].filter(isRunning);
  check(`all ${pids.size} processes of the rounds are gone`, left.length > 0 ? left.join(', ') : undefined);
  const stopped = await gateway.stop();
  const isClean = stopped.code === 0;
  check('the gateway stops by itself', isClean ? undefined : `exit ${stopped.code}\n${gateway.stderr()}`);
  check('it leaves no process', stopped.left.length > 0 ? stopped.left.join(', ') : undefined);
  await Promise.all([modern.stop(), legacy.stop()]);
}
console.log(`took ${Math.round((Date.now() - startedAt) / 1000)} s`);
process.exitCode = conclude();
