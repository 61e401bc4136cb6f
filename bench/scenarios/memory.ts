import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench, Finding, Scenario, Verdict } from '../bench.ts';
import { type Child, readFileLimit, readLine, startChild } from '../children.ts';
import { readRssBytes } from '../proc.ts';
import type { Running } from '../targets.ts';

/** `legacy`: a legacy client's GET stream, before a modern upstream; `paired`: the same before a legacy one. */
type Kind = 'legacy' | 'paired' | 'listen';

const restBarMb = 120;
const streamBarKb = 40;
/** Streams after which the growth of each further one is measured; half of them all where there are few. */
const firstStreams = 2000;
/** Streams that are opened and closed before memory is read first, so that code and pools are in place. */
const warmupStreams = 200;

interface Held {
  readonly alive: number;
  readonly reasons: Record<string, number>;
}

async function openStreams(
  bench: Bench,
  running: Running,
  options: { kind: Kind; count: number },
): Promise<Child & { held: Held }> {
  const path = options.kind === 'paired' ? '/servers/legacy/mcp' : '/servers/up/mcp';
  const script = join(import.meta.dirname, '..', 'streams.ts');
  const args = [
    '--port',
    String(running.port),
    '--path',
    path,
    '--kind',
    options.kind === 'listen' ? 'listen' : 'legacy',
    '--count',
    String(options.count),
  ];
  const child = startChild([process.execPath, script, ...args], 'load', join(bench.folder, 'streams.log'));
  const held: Held = JSON.parse(await readLine(child));
  if (held.alive === options.count) return { ...child, held };
  await child.stop();
  throw new TypeError(
    `${running.name}: ${held.alive} of ${options.count} streams: ${JSON.stringify(held.reasons)}`,
  );
}

async function closeStreams(child: Child): Promise<void> {
  await child.stop();
}

async function countAlive(child: Child): Promise<number> {
  child.process.stdin?.write('?\n');
  const held: Held = JSON.parse(await readLine(child));
  return held.alive;
}

interface Measured {
  readonly name: string;
  readonly count: number;
  readonly beforeMb: number;
  readonly firstMb: number;
  readonly afterMb: number;
  /** Growth over all streams, divided by their number. */
  readonly averageKb: number;
  /** Growth from the first streams to all, for each: what one more stream takes. */
  readonly perStreamKb: number;
}

async function measureStreams(
  bench: Bench,
  running: Running,
  options: { kind: Kind; count: number },
): Promise<Measured> {
  const { settleSeconds } = bench.settings;
  await closeStreams(
    await openStreams(bench, running, { ...options, count: Math.min(warmupStreams, options.count) }),
  );
  await wait(settleSeconds * 1000);
  const { kind, count } = options;
  const firstCount = Math.min(firstStreams, Math.ceil(count / 2));
  const hold = async (more: number): Promise<{ child: Child; rss: number }> => {
    const child = await openStreams(bench, running, { kind, count: more });
    await wait(settleSeconds * 1000);
    return { child, rss: readRssBytes(running.pid) };
  };
  const before = readRssBytes(running.pid);
  const first = await hold(firstCount);
  const rest = await hold(count - firstCount);
  const alive = (await countAlive(first.child)) + (await countAlive(rest.child));
  await Promise.all([closeStreams(first.child), closeStreams(rest.child)]);
  if (alive !== count) throw new TypeError(`${running.name}: only ${alive} of ${count} streams stayed open`);
  const averageKb = (rest.rss - before) / count / 1024;
  const perStreamKb = (rest.rss - first.rss) / (count - firstCount) / 1024;
  bench.print(
    `  ${running.name} ${kind}: ${count} streams, ${perStreamKb.toFixed(1)} KB for each further one, ${averageKb.toFixed(1)} KB with what is needed once`,
  );
  const [beforeMb, firstMb, afterMb] = [before, first.rss, rest.rss].map((bytes) => bytes / 2 ** 20);
  return {
    name: running.name,
    count,
    beforeMb: beforeMb ?? 0,
    firstMb: firstMb ?? 0,
    afterMb: afterMb ?? 0,
    averageKb,
    perStreamKb,
  };
}

/** Runs `use` on a process that has served nothing else. */
async function withFresh<T>(
  start: () => Promise<Running>,
  use: (running: Running) => Promise<T>,
): Promise<T> {
  const running = await start();
  try {
    return await use(running);
  } finally {
    await running.stop();
  }
}

function startFront(bench: Bench, kind: Kind, count: number): Promise<Running> {
  // A legacy upstream may be asked for a stream of its own by each session, so it must be allowed as many sockets.
  const more = kind === 'paired' ? { maxConnections: Math.min(65_535, count + 100) } : {};
  return bench.startGateway({ names: [kind === 'paired' ? 'legacy' : 'up'], ...more });
}

async function measureKind(bench: Bench, kind: Kind): Promise<Measured[]> {
  // The pass-through, and a gateway before a legacy upstream, hold two sockets for each stream.
  const most = Math.floor((readFileLimit() - 500) / 2);
  const both = Math.min(bench.settings.streams, most);
  const alone = kind !== 'paired' && bench.settings.target === 'gateway';
  const count = alone ? bench.settings.streams : both;
  // A pass-through has no answer for a legacy client of a modern upstream.
  const bare = await Promise.all(
    kind === 'legacy'
      ? []
      : [withFresh(bench.startBare, (running) => measureStreams(bench, running, { kind, count: both }))],
  );
  const gateway = await withFresh(
    () => startFront(bench, kind, count),
    (running) => measureStreams(bench, running, { kind, count }),
  );
  return [...bare, gateway];
}

function judge(gateway: Measured, what: string, isEnforced = true): Verdict {
  const { perStreamKb, averageKb, count } = gateway;
  const measured = `${perStreamKb.toFixed(1)} KB (${count} streams; ${averageKb.toFixed(1)} KB on average)`;
  return {
    what,
    bar: `below ${streamBarKb} KB`,
    measured,
    holds: gateway.perStreamKb < streamBarKb,
    isEnforced,
  };
}

function format(row: Measured, kind: string): string[] {
  return [
    kind,
    row.name,
    String(row.count),
    row.beforeMb.toFixed(0),
    row.firstMb.toFixed(0),
    row.afterMb.toFixed(0),
    row.perStreamKb.toFixed(1),
    row.averageKb.toFixed(1),
  ];
}

/**
 * Resident memory at rest and with many idle streams. A stream takes what one more makes the process grow by, from the
 * first 2,000 to all: up to there the heap of the engine grows once to the size that any load gives it, which divided by
 * the number of streams says more of that number than of a stream. The average over all, with that part, is told beside.
 */
export const memory: Scenario = {
  name: 'memory',
  run: async (bench): Promise<Finding> => {
    const restMb = await withFresh(
      () => startFront(bench, 'listen', 0),
      async ({ pid }) => {
        await wait(bench.settings.settleSeconds * 1000);
        return readRssBytes(pid) / 2 ** 20;
      },
    );
    bench.print(`  at rest: ${restMb.toFixed(0)} MB`);
    const legacy = await measureKind(bench, 'legacy');
    const paired = await measureKind(bench, 'paired');
    const listen = await measureKind(bench, 'listen');
    const rows = [
      ...legacy.map((row) => format(row, 'legacy GET, modern upstream')),
      ...paired.map((row) => format(row, 'legacy GET, legacy upstream')),
      ...listen.map((row) => format(row, 'listen')),
    ];
    const verdicts: Verdict[] = [
      {
        what: 'memory at rest',
        bar: `below ${restBarMb} MB`,
        measured: `${restMb.toFixed(0)} MB`,
        holds: restMb < restBarMb,
        isEnforced: true,
      },
    ];
    for (const row of legacy.slice(-1))
      verdicts.push(judge(row, 'memory of an idle legacy session with an open GET stream'));
    // Each of these has an upstream session with a stream of its own, so it is two of what the bar speaks of.
    for (const row of paired.slice(-1))
      verdicts.push(judge(row, 'the same with an upstream session of its own', false));
    for (const row of listen.slice(1)) verdicts.push(judge(row, 'memory of an open listen stream'));
    return {
      title: 'Memory',
      text: 'Resident memory of a fresh process. Each legacy stream has a session of its own; nothing is sent on it. What each takes is the growth from the first 2,000 to all, divided by the number of those that came; the average has what all of them need once too. Garbage that was not collected yet counts.',
      tables: [
        {
          title: 'Idle streams',
          head: [
            'stream',
            'target',
            'streams',
            'MB before',
            'MB with the first',
            'MB with all',
            'KB each',
            'KB on average',
          ],
          rows,
        },
      ],
      verdicts,
    };
  },
};
