import { type Finding, type Scenario, withPair } from '../bench.ts';
import { modernStreamCall } from '../requests.ts';
import { compare, tabulate } from '../rounds.ts';

/** Modern calls that are answered by a stream. */
export const stream: Scenario = {
  name: 'stream',
  run: (bench) =>
    withPair(bench, { names: ['up'] }, async (bare, gateway): Promise<Finding> => {
      const references = bench.settings.isQuick ? [] : bench.references;
      const rows = await compare(bench, [...references, bare, gateway], {
        path: '/servers/up/mcp',
        prepare: (target) => [modernStreamCall(target)],
        expected: '"progress":3',
      });
      return {
        title: 'Modern `tools/call` answered by an SSE stream',
        text: 'Three progress notifications, each written by itself, then the response. One call is one whole stream.',
        tables: tabulate(rows, 'Ratios to the pass-through'),
        verdicts: [],
      };
    }),
};
