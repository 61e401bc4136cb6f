import { type Court, listFaults, type PartOptions, showVerdicts } from '../court.ts';
import { createLedger } from '../ledger.ts';
import { startLegacyUpstream } from '../legacy-upstream.ts';
import { openStage } from '../stage.ts';
import { CALM_ENDS, CHAOS_ENDS, judgeTask, ranTwice, stillAtWork } from './judge-task.ts';
import { configureTasks, TURNS } from './kinds.ts';
import { startNativeUpstream } from './native-upstream.ts';
import { startPlainUpstream } from './plain-upstream.ts';
import { inspectRows, lookAgain, watchRetention } from './retention.ts';
import { runTask, statusIn, type TaskRecord } from './task-client.ts';

/** Tasks at a time. */
const WORKERS = 60;
/** Time between one disturbance and the next: a replica is killed in the middle of many tasks. */
const PAUSE_MS = 1_000;

interface Phase {
  readonly title: string;
  readonly tasks: number;
  readonly url: string;
}

interface Made {
  readonly records: readonly TaskRecord[];
  /** What was wrong with the retention of brief ones. */
  readonly kept: readonly (string | undefined)[];
}

async function makeTasks({ title, tasks, url }: Phase): Promise<Made> {
  const records: TaskRecord[] = [];
  const watching: Promise<string | undefined>[] = [];
  let next = 0;
  const told = setInterval(() => console.log(`  ${title}: ${records.length} of ${tasks} tasks`), 10_000);
  const work = async (): Promise<void> => {
    for (let turn = next++; turn < tasks; turn = next++) {
      const kind = TURNS[turn % TURNS.length] ?? 'slow';
      const record = await runTask(kind, `${title}-${kind}-${turn}`, url);
      records.push(record);
      watching.push(watchRetention(record));
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, tasks) }, work));
  clearInterval(told);
  return { records, kept: await Promise.all(watching) };
}

function judgeAll(title: string, { records, kept }: Made, court: Court): void {
  const { ledger, disturber, check } = court;
  const allowed = title === 'calm' ? CALM_ENDS : CHAOS_ENDS;
  const verdicts = new Map(records.map((one) => [one, judgeTask(one, ledger, disturber.disturbances)]));
  showVerdicts(title, verdicts, ({ kind }) => kind);
  const faults = [...verdicts]
    .filter(([, verdict]) => !allowed.includes(verdict))
    .map(
      ([{ token, last, faults: seen, startedAt, endedAt }, verdict]) =>
        `${verdict}: ${token} after ${endedAt - startedAt} ms, ran ${ledger.executions(token)} times: ${JSON.stringify(last)} ${seen.join('; ')}`,
    );
  check(`${title}: ${records.length} tasks, each with an end that is allowed`, listFaults(faults, court));
  const twice = ranTwice(records, ledger);
  check(`${title}: nothing ran twice that must not`, listFaults(twice, court));
  const forgotten = kept.filter((fault) => fault !== undefined);
  check(`${title}: brief tasks are kept for their time and no longer`, listFaults(forgotten, court));
  for (const [end, all] of Map.groupBy(records, describeEnd)) console.log(`${end}: ${all.length}`);
}

function describeEnd({ last, handle }: TaskRecord): string {
  if (handle === undefined || last.kind !== 'result') return 'no task';
  const { message } = Object(last.result['error']);
  return [statusIn(last), ...(message === undefined ? [] : [message])].join(', ');
}

/** Tasks of every kind: first without disturbance, then in the chaos. */
export async function runTasks(options: PartOptions): Promise<void> {
  const { check } = options;
  const ledger = createLedger();
  const upstreams = await Promise.all([
    startPlainUpstream(ledger),
    startNativeUpstream(ledger),
    startLegacyUpstream(ledger),
  ]);
  const [plain, native, legacy] = upstreams;
  const config = configureTasks({ plain: plain.url, native: native.url, legacy: legacy.url });
  const stage = await openStage({ config, pauseMs: PAUSE_MS, isVerbose: options.isVerbose });
  const { balancer, disturber } = stage;
  const court: Court = { ...options, ledger, disturber };
  try {
    const calm = await makeTasks({ title: 'calm', tasks: options.calm, url: balancer.url });
    judgeAll('calm', calm, court);
    disturber.start();
    const chaos = await makeTasks({ title: 'chaos', tasks: options.chaos, url: balancer.url });
    await disturber.stop();
    judgeAll('chaos', chaos, court);
    console.log(disturber.summary());
    const records = [...calm.records, ...chaos.records];
    check('no task is lost, and none changed after its end', listFaults(await lookAgain(records), court));
    check('no row is unfinished, past its time or missing', await inspectRows(stage.database, records));
    check('upstreams were told of what was cancelled', listFaults(stillAtWork(records, ledger), court));
  } finally {
    await stage.stop();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  }
}
