import { type Bench, type Finding, type Scenario, type Table, withPair } from '../bench.ts';
import { exchange } from '../exchange.ts';
import { firstId, modernCall, modernList } from '../requests.ts';
import { type Case, compare, tabulate } from '../rounds.ts';
import type { Running } from '../targets.ts';

const upstreams = 100;
const names = Array.from({ length: upstreams }, (_, i) => `u${String(i).padStart(3, '0')}`);

const callCase: Case = {
  path: '/mcp',
  prepare: (target) => names.map((name) => modernCall(target, `${name}__echo`)),
  expected: 'quick brown fox',
};

interface Page {
  readonly tools: number;
  readonly bytes: number;
}

/** Reads the first page of the merged list, waiting until all upstreams are in it or the page has reached its limit. */
async function readPage(gateway: Running): Promise<Page> {
  const list = modernList({ port: gateway.port, path: '/mcp' });
  const untilMs = performance.now() + 30_000;
  let last: Page = { tools: 0, bytes: 0 };
  while (performance.now() < untilMs) {
    const answer = await exchange(gateway.port, `${list.before}${firstId}${list.after}`);
    const { result } = JSON.parse(answer.body);
    const page = {
      tools: Array.isArray(result?.tools) ? result.tools.length : 0,
      bytes: Buffer.byteLength(answer.body),
    };
    const isComplete = page.tools > 0 && page.tools === last.tools;
    last = page;
    if (isComplete) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return last;
}

/** The list is answered by the gateway itself, so the yardstick passes on a page with as many tools. */
async function measureList(
  bench: Bench,
  bare: Running,
  gateway: Running,
): Promise<{ tables: Table[]; page: Page }> {
  const page = await readPage(gateway);
  const rows = await compare(bench, [bare, gateway], {
    path: '/mcp',
    prepare: ({ port }) => [
      modernList({ port, path: port === bare.port ? `/servers/n${page.tools}/mcp` : '/mcp' }),
    ],
    expected: 'inputSchema',
    connections: 10,
  });
  return {
    page,
    tables: tabulate(rows, `\`tools/list\`: ${page.tools} tools, ${Math.round(page.bytes / 1024)} KB a page`),
  };
}

/** One server made of 100 upstreams. */
export const merged: Scenario = {
  name: 'merged',
  run: (bench) =>
    withPair(bench, { names }, async (bare, gateway): Promise<Finding> => {
      const { tables, page } = await measureList(bench, bare, gateway);
      const rows = await compare(bench, [bare, gateway], callCase);
      return {
        title: `Merged \`/mcp\` with ${upstreams} upstreams`,
        text: `Calls go to all ${upstreams} upstreams in turn, each with ten tools; the upstream of the benchmark answers for all of them. The list is compared with the pass-through of one upstream's page of ${page.tools} tools, on 10 connections.`,
        tables: [...tabulate(rows, '`tools/call`'), ...tables],
        verdicts: [],
      };
    }),
};
