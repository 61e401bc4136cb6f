import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, type CallerOptions, connectV1, connectV2 } from './clients.ts';
import { type Court, listFaults, type PartOptions, showVerdicts } from './court.ts';
import { ALLOWED, type CallRecord, judge, type Verdict } from './judge.ts';
import { createLedger } from './ledger.ts';
import { startLegacyUpstream } from './legacy-upstream.ts';
import { createListeners } from './listeners.ts';
import { startModernUpstream } from './modern-upstream.ts';
import { openStage } from './stage.ts';
import { isInteractive, type ToolName } from './tools.ts';

/** Workers of each pair of client and upstream. */
const WORKERS = 3;
const HANG_MS = 30_000;
/** Time between one disturbance and the next. */
const PAUSE_MS = 2_500;
/** In which order a worker makes its calls. */
const TURNS: readonly ToolName[] = ['book', 'twice', 'stream', 'book', 'fast', 'twice'];

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
async function makeCalls({ title, calls, url }: Phase): Promise<CallRecord[]> {
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

interface Judged {
  readonly title: string;
  readonly records: readonly CallRecord[];
  readonly allowed: readonly Verdict[];
}

function judgeAll({ title, records, allowed }: Judged, court: Court): void {
  const { ledger, disturber, check } = court;
  const verdicts = new Map(records.map((one) => [one, judge(one, ledger, disturber.disturbances)]));
  showVerdicts(title, verdicts, ({ client, upstream }) => `${client} -> ${upstream}`);
  const faults = [...verdicts]
    .filter(([, verdict]) => !allowed.includes(verdict))
    .map(
      ([{ token, tool, seen, startedAt, endedAt }, verdict]) =>
        `${verdict}: ${token} ${tool} after ${endedAt - startedAt} ms: ${JSON.stringify(seen.text)} ${String(seen.error)} ${seen.lost ?? ''} ${seen.progress.join(',')}`,
    );
  check(`${title}: ${records.length} calls, each with an end that is allowed`, listFaults(faults, court));
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

/** Calls of real clients of both eras to upstreams of both eras: first without disturbance, then in the chaos. */
export async function runCalls(options: PartOptions): Promise<void> {
  const { check } = options;
  const ledger = createLedger();
  const [legacy, modern] = await Promise.all([startLegacyUpstream(ledger), startModernUpstream(ledger)]);
  const upstreams = { legacy: { url: legacy.url }, modern: { url: modern.url } };
  const stage = await openStage({ config: { upstreams }, pauseMs: PAUSE_MS, isVerbose: options.isVerbose });
  const { balancer, disturber } = stage;
  const listeners = createListeners(balancer.url, { legacy, modern });
  const court: Court = { ...options, ledger, disturber };
  try {
    listeners.start();
    const calm = await makeCalls({ title: 'calm', calls: options.calm, url: balancer.url });
    judgeAll({ title: 'calm', records: calm, allowed: ['right answer'] }, court);
    listeners.judge('calm', disturber.disturbances, check);
    disturber.start();
    const chaos = await makeCalls({ title: 'chaos', calls: options.chaos, url: balancer.url });
    await disturber.stop();
    judgeAll({ title: 'chaos', records: chaos, allowed: ALLOWED }, court);
    listeners.judge('chaos', disturber.disturbances, check);
    console.log(disturber.summary());
    const right = chaos.filter(({ seen }) => seen.text !== undefined).length;
    console.log(`${right} of ${chaos.length} calls got their right answer in the chaos`);
  } finally {
    listeners.stop();
    await stage.stop();
    await Promise.all([legacy.stop(), modern.stop()]);
  }
}
