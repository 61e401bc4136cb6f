import { type Finding, type Scenario, withPair } from '../bench.ts';
import { exchange } from '../exchange.ts';
import {
  firstId,
  legacyCall,
  legacyInitialize,
  legacyInitialized,
  type Target,
  type Template,
} from '../requests.ts';
import { compare, tabulate } from '../rounds.ts';

async function openSession(target: Target): Promise<string> {
  const initialize = legacyInitialize(target);
  const answer = await exchange(target.port, `${initialize.before}${firstId}${initialize.after}`);
  const session = answer.header('mcp-session-id');
  if (session === undefined) throw new TypeError(`initialize: ${answer.status} ${answer.body.slice(0, 300)}`);
  await exchange(target.port, legacyInitialized(target, session));
  return session;
}

/** Opens `count` sessions and makes one call for each of them. */
export async function prepareSessions(target: Target, count: number): Promise<Template[]> {
  const templates: Template[] = [];
  for (let i = 0; i < count; i += 1) templates.push(legacyCall(target, await openSession(target)));
  return templates;
}

/** Calls of legacy sessions to a legacy upstream. */
export const legacy: Scenario = {
  name: 'legacy',
  run: (bench) =>
    withPair(bench, { names: ['legacy'] }, async (bare, gateway): Promise<Finding> => {
      const { connections, isQuick } = bench.settings;
      const references = isQuick ? [] : bench.references;
      const rows = await compare(bench, [...references, bare, gateway], {
        path: '/servers/legacy/mcp',
        prepare: (target) => prepareSessions(target, connections),
        expected: 'quick brown fox',
      });
      return {
        title: 'Legacy sessions: `tools/call` to a legacy upstream',
        text: `${connections} sessions of revision 2025-11-25, used in turn. The pass-through knows no sessions: it hands the upstream's own through.`,
        tables: tabulate(rows, 'Ratios to the pass-through'),
        verdicts: [],
      };
    }),
};
