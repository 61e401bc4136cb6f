import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startPostgres } from '../../test/support/postgres.ts';
import { askLegacy, askModern, openLegacy, type Way } from '../asking.ts';
import type { Bench, Finding, Scenario, Verdict } from '../bench.ts';
import { startServer } from '../children.ts';
import { type Spread, spread } from '../stats.ts';
import type { Running } from '../targets.ts';

/** Milliseconds for which the gateway collects further questions of a legacy upstream; no time of its own. */
const COLLECT_MS = 30;
const ONE_REPLICA_BAR_MS = 3;
const TWO_REPLICAS_BAR_MS = 15;
const CALLS = { quick: 40, full: 300 };
/** Calls before those that count, some at a time: the engine compiles what they run as they come. */
const WARM_UP = { calls: 1200, atATime: 8 };

type Ask = () => Promise<number>;

async function warmUp(ask: Ask): Promise<void> {
  const { calls, atATime } = WARM_UP;
  const askOn = async (): Promise<void> => {
    for (let done = 0; done < calls / atATime; done++) await ask();
  };
  await Promise.all(Array.from({ length: atATime }, askOn));
}

async function measure(ask: Ask, calls: number): Promise<Spread> {
  await warmUp(ask);
  const times: number[] = [];
  for (let index = 0; index < calls; index++) times.push(await ask());
  return spread(times);
}

/** Both cross-era ways of asking, where the call and its answer reach these ports. */
async function waysOf(ports: Pick<Way, 'callPort' | 'answerPort'>): Promise<{ modern: Ask; legacy: Ask }> {
  const session = await openLegacy(ports.callPort, '/servers/modern/mcp');
  return {
    modern: () => askModern({ ...ports, path: '/servers/legacy/mcp' }),
    legacy: () => askLegacy({ ...ports, path: '/servers/modern/mcp' }, session),
  };
}

interface Row {
  readonly title: string;
  readonly modern: Spread;
  readonly legacy: Spread;
}

async function withRunning<T>(running: readonly Running[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

async function measureFronts(bench: Bench, upstreamPort: number, calls: number): Promise<Row[]> {
  const entries = ['modern', 'legacy'].map(
    (name) => `${name}: { url: "http://127.0.0.1:${upstreamPort}/${name}" }`,
  );
  const secret = randomBytes(32).toString('base64url');
  const start = (store?: string): Promise<Running> =>
    bench.startGateway({
      names: [],
      entries,
      ...(store !== undefined && { store }),
      env: { GATEWARD_SECRET: secret },
    });
  const rowOf = async (title: string, call: Running, answer: Running): Promise<Row> => {
    const { modern, legacy } = await waysOf({ callPort: call.port, answerPort: answer.port });
    return { title, modern: await measure(modern, calls), legacy: await measure(legacy, calls) };
  };
  const alone = await start();
  const rows = [await withRunning([alone], () => rowOf('one replica, embedded store', alone, alone))];
  const postgres = await startPostgres();
  try {
    const replicas = [await start(postgres.url), await start(postgres.url)];
    const [one, other] = replicas;
    if (one === undefined || other === undefined) throw new TypeError('two replicas were started');
    await withRunning(replicas, async () => {
      rows.push(await rowOf('one replica, PostgreSQL', one, one));
      rows.push(await rowOf('answered at another replica, PostgreSQL', one, other));
    });
  } finally {
    await postgres.stop();
  }
  return rows;
}

/** What the direct call takes in the upstream's own era. */
async function measureDirect(port: number, calls: number): Promise<Row> {
  const ports = { callPort: port, answerPort: port };
  const session = await openLegacy(port, '/legacy');
  return {
    title: 'direct, in the era of the upstream',
    modern: await measure(() => askLegacy({ ...ports, path: '/legacy' }, session), calls),
    legacy: await measure(() => askModern({ ...ports, path: '/modern' }), calls),
  };
}

/**
 * How long an interactive call takes from one era to the other, beyond what the same client takes with the upstream
 * itself. Both are measured warm, as the other scenarios are: after 1,200 calls, where 20 left the gateway half
 * interpreted. A legacy client reads on to the end of its stream, as the SDKs do; cutting it made a new connection for
 * each call, in front of the upstream and of the gateway. Calls follow each other at once, so what the gateway still
 * does for one counts with the next.
 */
export const interactive: Scenario = {
  name: 'interactive',
  async run(bench): Promise<Finding> {
    const calls = bench.settings.isQuick ? CALLS.quick : CALLS.full;
    const script = join(import.meta.dirname, '..', 'asking-upstream.ts');
    const upstream = await startServer([process.execPath, script], 'load', join(bench.folder, 'asking.log'));
    try {
      const direct = await measureDirect(upstream.port, calls);
      const rows = await measureFronts(bench, upstream.port, calls);
      const added = rows.map(({ title, modern, legacy }) => ({
        title,
        modern: modern.median - direct.modern.median - COLLECT_MS,
        legacy: legacy.median - direct.legacy.median,
      }));
      for (const { title, modern, legacy } of added)
        bench.print(
          `  ${title}: adds ${modern.toFixed(2)} ms before a legacy upstream, ${legacy.toFixed(2)} ms before a modern one`,
        );
      const verdicts = added.flatMap((row, index): Verdict[] => {
        const barMs = index === 0 ? ONE_REPLICA_BAR_MS : TWO_REPLICAS_BAR_MS;
        if (index === 1) return [];
        return (['modern', 'legacy'] as const).map((client) => ({
          what: `interactive call of a ${client} client across the eras, ${row.title}`,
          bar: `adds less than ${barMs} ms`,
          measured: `${row[client].toFixed(2)} ms`,
          holds: row[client] < barMs,
          isEnforced: true,
        }));
      });
      const cells = ({ title, modern, legacy }: Row): string[] => [
        title,
        modern.median.toFixed(2),
        legacy.median.toFixed(2),
      ];
      return {
        title: 'Interactive calls across the eras',
        text: `One call after the other: the tool asks the user, the user answers at once, the tool answers. Medians of ${calls} calls, after ${WARM_UP.calls} that do not count. A legacy upstream may ask more than once, so the gateway collects its questions for ${COLLECT_MS} ms, which are left out of what it adds.`,
        tables: [
          {
            title: 'Milliseconds per call',
            head: ['', 'modern client, legacy upstream', 'legacy client, modern upstream'],
            rows: [direct, ...rows].map(cells),
          },
        ],
        verdicts,
      };
    } finally {
      await upstream.stop();
    }
  },
};
