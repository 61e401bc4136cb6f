// Three replicas on PostgreSQL behind a round robin without affinity, real clients of both eras, a legacy and a modern
// upstream. First without disturbance, where only right answers will do; then replicas are killed, PostgreSQL is
// restarted, connections are cut and slowed. `--short` makes fewer calls; `--calls N` as many interactive ones as
// wanted; `--verbose` shows each fault. Ends with the line `N passed, N failed`.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { countChecks } from '../support/count-checks.ts';
import { findFreePort } from '../support/free-port.ts';
import { startPostgres } from '../support/postgres.ts';
import { startBalancer } from './balancer.ts';
import { type Caller, type CallerOptions, connectV1, connectV2 } from './clients.ts';
import { createDisturber } from './disturber.ts';
import { ALLOWED, type CallRecord, judge, type Verdict } from './judge.ts';
import { createLedger } from './ledger.ts';
import { startLegacyUpstream } from './legacy-upstream.ts';
import { createListeners } from './listeners.ts';
import { startModernUpstream } from './modern-upstream.ts';
import { startReplica } from './replicas.ts';
import { startShakyProxy } from './shaky-proxy.ts';
import { isInteractive, type ToolName } from './tools.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    calls: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

// The build, as users run it; the sources take longer to start.
process.env['GATEWARD_COMMAND'] ??= JSON.stringify([
  process.execPath,
  join(import.meta.dirname, '..', '..', 'bin', 'gateward.js'),
]);

const REPLICAS = 3;
/** Workers of each pair of client and upstream. */
const WORKERS = 3;
const CALM_CALLS = options.short ? 60 : 200;
const CHAOS_CALLS = Number(options.calls ?? (options.short ? 150 : 600));
const HANG_MS = 30_000;
/** In which order a worker makes its calls. */
const TURNS: readonly ToolName[] = ['book', 'twice', 'stream', 'book', 'fast', 'twice'];

const { check, conclude } = countChecks();

interface Phase {
  readonly title: string;
  /** Interactive calls to make. */
  readonly calls: number;
  readonly url: string;
}

type Pair = Pick<CallRecord, 'client' | 'upstream'>;
const PAIRS: readonly Pair[] = [
  { client: 'legacy', upstream: 'legacy' },
  { client: 'legacy', upstream: 'modern' },
  { client: 'modern', upstream: 'legacy' },
  { client: 'modern', upstream: 'modern' },
];

/** Runs workers of all pairs until enough interactive calls were made. */
async function runCalls({ title, calls, url }: Phase): Promise<CallRecord[]> {
  const records: CallRecord[] = [];
  let interactive = 0;
  const told = setInterval(
    () => console.log(`  ${title}: ${interactive} of ${calls} interactive calls`),
    10_000,
  );
  const work = async (pair: Pair, worker: number): Promise<void> => {
    const caller = await keepConnecting(pair, `${url}/servers/${pair.upstream}/mcp`);
    for (let turn = worker; interactive < calls; turn++) {
      const tool = TURNS[turn % TURNS.length] ?? 'book';
      if (isInteractive(tool)) interactive++;
      const token = `${title}-${pair.client[0]}${pair.upstream[0]}${worker}-${turn}`;
      const startedAt = Date.now();
      const seen = await caller.call(tool, token);
      records.push({ ...pair, tool, token, startedAt, endedAt: Date.now(), seen });
      // A client that was cut off would come back a little later, too.
      if (seen.text === undefined) await sleep(200);
    }
    await caller.close().catch(() => undefined);
  };
  await Promise.all(
    PAIRS.flatMap((pair) => Array.from({ length: WORKERS }, (_, worker) => work(pair, worker))),
  );
  clearInterval(told);
  return records;
}

async function keepConnecting({ client }: Pair, url: string): Promise<Caller> {
  const how: CallerOptions = { url, maxThinkMs: 1500, hangMs: HANG_MS };
  for (let left = 100; ; left--) {
    try {
      return client === 'legacy' ? await connectV1(how) : await connectV2(how);
    } catch (error) {
      if (left === 0) throw error;
      await sleep(200);
    }
  }
}

function report(title: string, verdicts: ReadonlyMap<CallRecord, Verdict>): void {
  const table: Record<string, Record<string, number>> = {};
  for (const [{ client, upstream }, verdict] of verdicts) {
    const row = `${client} -> ${upstream}`;
    table[row] ??= {};
    table[row][verdict] = (table[row][verdict] ?? 0) + 1;
  }
  console.log(`\n${title}`);
  console.table(table);
}

const startedAt = Date.now();
const ledger = createLedger();
const [legacy, modern, postgres] = await Promise.all([
  startLegacyUpstream(ledger),
  startModernUpstream(ledger),
  startPostgres(),
]);
const ports = await Promise.all(Array.from({ length: REPLICAS }, findFreePort));
const balancer = await startBalancer(ports);
const database = new URL(await postgres.createDatabase('chaos'));
const proxies = await Promise.all(ports.map(() => startShakyProxy(Number(database.port))));
const secret = randomBytes(32).toString('base64url');
const replicas = await Promise.all(
  ports.map((port, index) => {
    const store = new URL(database);
    store.port = String(proxies[index]?.port);
    const upstreams = { legacy: { url: legacy.url }, modern: { url: modern.url } };
    return startReplica({ port, secret, config: { store: store.href, publicUrl: balancer.url, upstreams } });
  }),
);
const listeners = createListeners(balancer.url, { legacy, modern });
const disturber = createDisturber({ replicas, proxies, postgres, balancer });

function judgeAll(title: string, records: readonly CallRecord[], allowed: readonly Verdict[]): void {
  const verdicts = new Map(records.map((one) => [one, judge(one, ledger, disturber.disturbances)]));
  report(title, verdicts);
  const faults = [...verdicts].filter(([, verdict]) => !allowed.includes(verdict));
  for (const [{ token, tool, seen, startedAt: began, endedAt }, verdict] of faults.slice(
    0,
    options.verbose ? 1000 : 10,
  ))
    console.log(
      `  ${verdict}: ${token} ${tool} after ${endedAt - began} ms: ${JSON.stringify(seen.text)} ${String(seen.error)} ${seen.lost ?? ''} ${seen.progress.join(',')}`,
    );
  check(
    `${title}: ${records.length} calls, each with an end that is allowed`,
    faults.length > 0 ? `${faults.length} without` : undefined,
  );
  const repeated = ledger.repeated();
  check(
    `${title}: nothing was executed twice`,
    repeated.length > 0 ? repeated.slice(0, 10).join(', ') : undefined,
  );
  const unexecuted = records.filter(
    ({ seen, token }) => seen.text !== undefined && ledger.executions(token) !== 1,
  );
  check(
    `${title}: what was answered was executed`,
    unexecuted.length > 0 ? String(unexecuted.length) : undefined,
  );
}

try {
  listeners.start();
  const calm = await runCalls({ title: 'calm', calls: CALM_CALLS, url: balancer.url });
  judgeAll('calm', calm, ['right answer']);
  listeners.judge('calm', disturber.disturbances, check);
  disturber.start();
  const chaos = await runCalls({ title: 'chaos', calls: CHAOS_CALLS, url: balancer.url });
  await disturber.stop();
  judgeAll('chaos', chaos, ALLOWED);
  listeners.judge('chaos', disturber.disturbances, check);
  console.log(disturber.summary());
  const right = chaos.filter(({ seen }) => seen.text !== undefined).length;
  console.log(`${right} of ${chaos.length} calls got their right answer in the chaos`);
} finally {
  listeners.stop();
  await disturber.stop();
  const logs = await Promise.all(replicas.map((replica) => replica.stop()));
  if (options.verbose) for (const log of logs) console.log(log.split('\n').slice(-60).join('\n'));
  await balancer.stop();
  await Promise.all([legacy.stop(), modern.stop(), ...proxies.map((proxy) => proxy.stop())]);
  await postgres.stop();
}
console.log(`took ${Math.round((Date.now() - startedAt) / 1000)} s`);
process.exit(conclude());
