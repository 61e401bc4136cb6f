import { randomBytes } from 'node:crypto';
import { startPostgres } from '../../test/support/postgres.ts';
import { type Bench, type Finding, formatSpread, type Scenario, type Table, type Verdict } from '../bench.ts';
import { exchange } from '../exchange.ts';
import type { Sample } from '../measure.ts';
import { firstId, modernCall, modernTaskCall, modernTaskGet, type Template } from '../requests.ts';
import { type Case, compareRounds, type Entry, enter, findRow, type Row, runRounds } from '../rounds.ts';
import { confidence, type Interval, median, spread } from '../stats.ts';
import type { GatewayOptions, Running } from '../targets.ts';

/** Tasks made each second, at least. */
const createBars = { embedded: 3000, PostgreSQL: 1000 };
/** CPU of a poll against that of a plain call, at most. */
const pollBar = 1.5;
/** Tasks that are polled in turn. */
const polled = 50;
/** Creations that come together share a transaction; few at a time would measure the disk. */
const creators = 128;

const text = `The gateway stands alone on its core, as in the other scenarios; PostgreSQL runs where there is room. A creation is a \`tools/call\` of ${creators} connections to an upstream of mode \`always\`, from the request to the handle, which is durable by then. The upstream never answers and \`concurrency\` is 1, so that creating is all that the gateway does. Polls are \`tasks/get\` of ${polled} tasks in turn, over a plain call through the same gateway in the same round. A quick call is the same \`tools/call\` with and without the declared extension; the plain one stands there twice, which shows what the measurement itself scatters.`;

type StoreName = keyof typeof createBars;
type Named = Case & { readonly name: string };

/** What the gateway is given to make tasks: `held` never ends one, `done` ends each at once, `up` makes none. */
export function taskOptions(upstream: Running): GatewayOptions {
  const at = (name: string, tasks: string): string =>
    `${name}: { url: "http://127.0.0.1:${upstream.port}/servers/${name}/mcp", tasks: ${tasks} }`;
  return {
    names: ['up'],
    entries: [at('held', '{ mode: always, concurrency: 1 }'), at('done', '{ mode: always }')],
    // The task that never ends holds up no stop.
    config: 'tasks: { maxPerPrincipal: 10000000 }\nstop: { graceMs: 0 }\n',
    env: { GATEWARD_SECRET: randomBytes(32).toString('base64url') },
  };
}

async function withGateway<T>(
  bench: Bench,
  store: StoreName,
  use: (gateway: Running) => Promise<T>,
): Promise<T> {
  const postgres = store === 'PostgreSQL' ? await startPostgres() : undefined;
  try {
    const gateway = await bench.startGateway({
      ...taskOptions(bench.upstream),
      ...(postgres !== undefined && { store: postgres.url }),
    });
    try {
      return await use(gateway);
    } finally {
      await gateway.stop();
    }
  } finally {
    await postgres?.stop();
  }
}

const plain: Named = {
  name: 'plain call',
  path: '/servers/up/mcp',
  prepare: (target) => [modernCall(target)],
  expected: 'quick brown fox',
};
const again: Named = { ...plain, name: 'the same again' };
const declared: Named = {
  ...plain,
  name: 'with the extension declared',
  prepare: (target) => [modernTaskCall(target)],
};
/** Makes a task that never ends. */
export const creation: Named = {
  name: 'creation',
  path: '/servers/held/mcp',
  prepare: (target) => [modernTaskCall(target)],
  expected: '"resultType":"task"',
};

async function ask(port: number, { before, after }: Template): Promise<string> {
  const { status, body } = await exchange(port, `${before}${firstId}${after}`);
  if (status !== 200) throw new TypeError(`HTTP ${status}: ${body.slice(0, 300)}`);
  return body;
}

/** Makes tasks, and polls of them. */
export function pollOf(path: string, status: string): Named {
  return {
    name: `poll of a task that is ${status}`,
    path,
    expected: `"status":"${status}"`,
    async prepare(target) {
      const templates: Template[] = [];
      for (let index = 0; index < polled; index += 1) {
        const { result } = JSON.parse(await ask(target.port, modernTaskCall(target)));
        if (result?.taskId === undefined) throw new TypeError(`no task: ${JSON.stringify(result)}`);
        templates.push(modernTaskGet(target, result.taskId));
      }
      return templates;
    },
  };
}

/** Loads one gateway in several ways, one after the other in each round. */
async function measureAll(bench: Bench, gateway: Running, cases: readonly Named[]): Promise<Row[]> {
  const entries: Entry[] = [];
  for (const each of cases)
    for (const entry of await enter(bench, [gateway], each)) entries.push({ ...entry, name: each.name });
  const rows: Row[] = entries.map(({ name }) => ({ name, samples: [] }));
  const [each] = cases;
  if (each === undefined) return rows;
  await runRounds(bench, entries, { each, rows });
  // What is refused with status 200 would pass for an answer: the last one has to be as right as the first.
  for (const [index, { templates }] of entries.entries()) {
    const last = templates.at(-1);
    const body = last === undefined ? '' : await ask(gateway.port, last);
    if (!body.includes(cases[index]?.expected ?? ''))
      throw new TypeError(`wrong answer in the end: ${body.slice(0, 300)}`);
  }
  return rows;
}

const cpuOf = ({ cpuUs }: Sample): number => cpuUs;

function judgeQuick(rows: readonly Row[]): { table: Table; verdict: Verdict } {
  const base = findRow(rows, plain.name);
  const ratiosOf = (name: string): number[] =>
    findRow(rows, name).samples.map(({ cpuUs }, round) => cpuUs / (base.samples[round]?.cpuUs ?? Number.NaN));
  const format = ({ mean, low, high }: Interval): string =>
    `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  const noise = confidence(ratiosOf(again.name));
  const found = confidence(ratiosOf(declared.name));
  return {
    table: {
      title: 'A quick call: CPU over that of the plain call',
      head: ['', 'mean of the rounds, and its 95 % confidence interval'],
      rows: [
        [again.name, format(noise)],
        [declared.name, format(found)],
      ],
    },
    verdict: {
      what: 'a quick call of a client that declares the tasks extension: CPU / plain call',
      bar: `not to be told from the plain call measured twice, ${format(noise)}`,
      measured: format(found),
      holds: found.low <= Math.max(1, noise.high),
      isEnforced: true,
    },
  };
}

function judgePolls(store: StoreName, rows: readonly Row[]): { row: string[]; verdict: Verdict }[] {
  const base = findRow(rows, plain.name);
  return rows
    .filter(({ name }) => name !== plain.name)
    .map((row) => {
      const ratio = compareRounds(row, base, cpuOf);
      const what = `${row.name}, ${store === 'embedded' ? 'embedded store' : store}`;
      return {
        row: [what, formatSpread(ratio), median(row.samples.map(cpuOf)).toFixed(1)],
        verdict: {
          what: `${what}: CPU / plain call`,
          bar: `at most ${pollBar}`,
          measured: formatSpread(ratio),
          holds: ratio.median <= pollBar,
          isEnforced: true,
        },
      };
    });
}

function judgeCreation(
  bench: Bench,
  store: StoreName,
  rows: readonly Row[],
): { row: string[]; verdict: Verdict } {
  const { samples } = findRow(rows, creation.name);
  const rate = spread(samples.map((sample) => sample.rate));
  const plainRate = compareRounds(
    findRow(rows, creation.name),
    findRow(rows, plain.name),
    (sample) => sample.rate,
  );
  const name = store === 'embedded' ? 'embedded store' : store;
  const medianOf = (read: (sample: Sample) => number, digits: number): string =>
    median(samples.map(read)).toFixed(digits);
  return {
    row: [
      name,
      formatSpread(rate, 0),
      formatSpread(plainRate),
      medianOf(cpuOf, 1),
      medianOf(({ coreShare }) => coreShare, 2),
      medianOf(({ p50Ms }) => p50Ms, 1),
      medianOf(({ p99Ms }) => p99Ms, 1),
    ],
    verdict: {
      what: `tasks created each second, ${name}`,
      bar: `at least ${createBars[store]}`,
      measured: formatSpread(rate, 0),
      holds: rate.median >= createBars[store],
      // A rate of its own says nothing in a short run on a machine with other work.
      isEnforced: !bench.settings.isQuick,
    },
  };
}

/** What tasks cost: to make one, to ask for one, and to be ready to make one. */
export const tasks: Scenario = {
  name: 'tasks',
  async run(bench): Promise<Finding> {
    const polls: ReturnType<typeof judgePolls> = [];
    const creations: ReturnType<typeof judgeCreation>[] = [];
    const quick: ReturnType<typeof judgeQuick>[] = [];
    for (const store of ['embedded', 'PostgreSQL'] as const) {
      bench.print(`  ${store}`);
      await withGateway(bench, store, async (gateway) => {
        if (store === 'embedded')
          quick.push(judgeQuick(await measureAll(bench, gateway, [plain, again, declared])));
        const cases = [
          plain,
          pollOf('/servers/held/mcp', 'working'),
          pollOf('/servers/done/mcp', 'completed'),
        ];
        polls.push(...judgePolls(store, await measureAll(bench, gateway, cases)));
        const many = [{ ...plain, connections: creators }, creation];
        creations.push(judgeCreation(bench, store, await measureAll(bench, gateway, many)));
      });
    }
    return {
      title: 'Tasks',
      text,
      tables: [
        {
          title: 'Tasks created',
          head: [
            'store',
            'tasks/s',
            'rate / plain call',
            'CPU µs per task',
            'share of its core',
            'p50 ms',
            'p99 ms',
          ],
          rows: creations.map(({ row }) => row),
        },
        {
          title: 'Polls',
          head: ['', 'CPU / plain call', 'CPU µs per poll'],
          rows: polls.map(({ row }) => row),
        },
        ...quick.map(({ table }) => table),
      ],
      verdicts: [...creations, ...polls, ...quick].map(({ verdict }) => verdict),
    };
  },
};
