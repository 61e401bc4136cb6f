import { join } from 'node:path';
import { startGateway } from '../support/gateway.ts';
import { VOUCHED } from '../support/vouched.ts';
import type { Results } from './checks.ts';
import { runSuite } from './suite.ts';
import type { MatrixUpstream, Suite } from './upstreams.ts';
import { warmUp } from './warm-up.ts';

/** How often a run says where it is, in scenarios. */
const PROGRESS_STEP = 10;

/** What every run of a suite shares. */
export interface LegOptions {
  /** Narrows the runs to one scenario. */
  readonly scenario: string | undefined;
  /** Where the suite's own output goes. */
  readonly folder: string;
  /** Suites that run at a time. */
  readonly parallel: number;
}

/** One suite in front of one upstream, and what came of it. */
export interface Leg {
  readonly suite: Suite;
  readonly upstream: MatrixUpstream;
  readonly results: Results;
}

/** Runs each suite on a server of its own revision, without the gateway. Gives the results by revision. */
export async function runReferences(
  suites: readonly Suite[],
  options: LegOptions,
): Promise<ReadonlyMap<string, Results>> {
  const results = await runLimited(suites, options.parallel, async ({ revision, startReference }) => {
    const server = await startReference();
    try {
      return await runOne({ label: `${revision} direct`, url: server.url, revision }, options);
    } finally {
      await server.stop();
    }
  });
  return new Map(suites.map(({ revision }, index) => [revision, results[index] ?? new Map()]));
}

/**
 * Runs each suite in front of each upstream, through one gateway. Every pair has an upstream of its own, so that no
 * suite sees the changes that another makes.
 */
export async function runThroughGateway(
  suites: readonly Suite[],
  upstreams: readonly MatrixUpstream[],
  options: LegOptions,
): Promise<Leg[]> {
  const pairs = upstreams.flatMap((upstream) => suites.map((suite) => ({ suite, upstream })));
  const ready = await Promise.all(pairs.map(({ upstream }) => upstream.start()));
  const nameOf = ({ suite, upstream }: (typeof pairs)[number]): string =>
    `${upstream.name}-${suite.revision}`;
  const entries = pairs.map((pair, index) => `  ${nameOf(pair)}: ${ready[index]?.entry}`);
  const launch = `launch: ${JSON.stringify(VOUCHED)}`;
  const configText = ['listen: { host: 127.0.0.1, port: 0 }', launch, 'upstreams:', ...entries, ''].join(
    '\n',
  );
  try {
    const gateway = await startGateway({ configText });
    try {
      return await runLimited(pairs, options.parallel, async (pair) => {
        const { suite, upstream } = pair;
        const label = `${suite.revision} in front of ${upstream.name}`;
        const url = `${gateway.url}/servers/${nameOf(pair)}/mcp`;
        if (upstream.isProcess) await warmUp(url);
        return {
          suite,
          upstream,
          results: await runOne({ label, url, revision: suite.revision }, options),
        };
      });
    } finally {
      await gateway.stop();
    }
  } finally {
    await Promise.all(ready.map(({ stop }) => stop()));
  }
}

interface One {
  readonly label: string;
  readonly url: string;
  readonly revision: string;
}

async function runOne({ label, url, revision }: One, options: LegOptions): Promise<Results> {
  const startedAt = Date.now();
  let count = 0;
  console.log(`${label}: started`);
  const results = await runSuite({
    url,
    revision,
    scenario: options.scenario,
    outputFolder: join(options.folder, label.replaceAll(' ', '-')),
    onScenario: (scenario) => {
      count += 1;
      if (count % PROGRESS_STEP === 0) console.log(`${label}: scenario ${count}, ${scenario}`);
    },
  });
  console.log(`${label}: done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  return results;
}

/** Runs `work` for each item, at most `limit` at a time, and gives the results in the order of the items. */
async function runLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
